//! A panic of the PDF reader is caught and told as a broken file, so it is no find here: the fuzzer's own hook, which
//! would abort at it, is replaced. A panic that is not caught still ends the process.
#![no_main]

libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |input: &[u8]| {
    estafette_fuzz::targets::pdf(input);
});
