use super::*;

#[test]
fn dump() {
    for path in std::env::var("DUMP").unwrap_or_default().split_whitespace() {
        let bytes = std::fs::read(path).unwrap();
        let started = std::time::Instant::now();
        let result = read(bytes);
        println!("=== {path} {:?}", started.elapsed());
        match result {
            Ok(t) => println!("{}", t.text),
            Err(e) => println!("ERR {e:?}"),
        }
    }
}
