//! Writes the frames of the golden vectors into `corpus/decode`, one file each.

use serde_json::Value;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = here.join("corpus/decode");
    std::fs::create_dir_all(&corpus)?;
    let mut count = 0;
    for file in ["client.json", "server.json", "tolerated.json", "malformed.json"] {
        let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(here.join("../fixtures").join(file))?)?;
        for case in cases {
            let name = format!("{}-{}", file.trim_end_matches(".json"), case["name"].as_str().unwrap_or("x"));
            if let Some(text) = case["json"].as_str() {
                std::fs::write(corpus.join(format!("{name}.json")), text)?;
                count += 1;
            }
            for hex in [&case["msgpack"], &case["bytes"]].into_iter().filter_map(Value::as_str) {
                let bytes: Result<Vec<u8>, _> =
                    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16)).collect();
                std::fs::write(corpus.join(format!("{name}.bin")), bytes?)?;
                count += 1;
            }
        }
    }
    println!("{count} seeds in {}", corpus.display());
    Ok(())
}
