use super::*;

#[test]
fn dump() {
    for path in std::env::var("DUMPH").unwrap_or_default().split_whitespace() {
        let bytes = std::fs::read(path).unwrap();
        let started = std::time::Instant::now();
        let page = parse(&String::from_utf8_lossy(&bytes)).unwrap();
        println!(
            "=== {path} {:?} title={:?} lang={:?} canonical={:?} ld={} broken={} jobs={}",
            started.elapsed(),
            page.title,
            page.lang,
            page.canonical,
            page.json_ld.len(),
            page.json_ld_broken,
            page.job_postings.len()
        );
        println!("{:?}", page.meta.keys().collect::<Vec<_>>());
        println!("{}", page.text);
    }
}
