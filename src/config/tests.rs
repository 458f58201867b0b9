use super::*;
use clap::Parser;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    layer: Layer,
}

fn given(flags: &[&str]) -> Layer {
    Flags::try_parse_from([&["estafette"], flags].concat()).unwrap().layer
}

fn refused(flags: &[&str]) -> String {
    Settings::load(given(flags), Some(&empty_file().1)).unwrap_err().to_string()
}

fn empty_file() -> (tempfile::TempDir, PathBuf) {
    file("")
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn the_example_has_every_setting_and_its_values_are_the_defaults() {
    let example = parse_file(Path::new("example.toml"), EXAMPLE).unwrap();
    assert_eq!(example.missing(), Vec::<&str>::new());
    let merged = Settings::merge(Layer::default(), example);
    assert_eq!(merged.show(), Settings::default().show());
    assert_eq!(merged, Settings::default());
}

#[test]
fn the_example_explains_each_setting_with_variable_range_and_unit() {
    let mut section = String::new();
    let mut comment = String::new();
    let mut explained = 0;
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
        } else if let Some((name, _)) = line.split_once(" = ") {
            let key = KEYS.iter().find(|key| key.section == section && key.name == name).unwrap();
            assert!(comment.contains(&format!("--{}", key.flag)), "{section}.{name} does not name its flag");
            assert!(comment.contains(key.env), "{section}.{name} does not name {}", key.env);
            if let Some((low, high, unit)) = key.range {
                let range = format!("{low} to {high} {unit}");
                assert!(comment.contains(&range), "{section}.{name} does not say {range:?}: {comment}");
            }
            explained += 1;
            comment.clear();
        } else if line.is_empty() {
            comment.clear();
        }
    }
    assert_eq!(explained, KEYS.len());
}

#[test]
fn flags_win_over_the_file_and_the_file_over_the_defaults() {
    let (_folder, path) = file("[database]\npool_size = 7\npool_wait_ms = 900\n[fetch]\nallow = [\"127.0.0.1:80\"]\n");
    let settings =
        Settings::load(given(&["--pool-size", "9", "--allowed-origins", "http://a:1, https://b"]), Some(&path))
            .unwrap();
    assert_eq!(settings.database.pool_size, 9);
    assert_eq!(settings.database.pool_wait_ms, 900);
    assert_eq!(settings.database.statement_timeout_ms, Settings::default().database.statement_timeout_ms);
    assert_eq!(settings.fetch.allow.0, ["127.0.0.1:80"]);
    assert_eq!(settings.server.allowed_origins.0, ["http://a:1", "https://b"]);
}

#[test]
fn every_setting_has_a_variable_of_its_own() {
    let command = <Flags as clap::CommandFactory>::command();
    let mut variables: Vec<String> = command
        .get_arguments()
        .filter_map(|arg| arg.get_env().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(variables.len(), KEYS.len());
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), KEYS.len());
}

#[test]
fn a_wrong_file_is_refused_with_its_line_and_the_way_out() {
    for (text, expected) in [
        ("[server]\nlistn = \"x\"\n", "line 2: unknown field `listn`, expected one of `listen`"),
        ("[sever]\n", "line 1: unknown field `sever`, expected one of `server`"),
        ("\n[database]\npool_size = \"many\"\n", "line 3: invalid type: string \"many\", expected u32"),
        ("[server]\nlisten = \"nowhere\"\n", "line 2: invalid socket address syntax"),
        (
            "[ai]\nprovider = \"magic\"\n",
            "line 2: unknown variant `magic`, expected one of `auto`, `openai`, `offline`",
        ),
        ("not toml", "line 1"),
    ] {
        let (_folder, path) = file(text);
        let error = Settings::load(Layer::default(), Some(&path)).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("config --example"), "{error}");
    }
    let error = Settings::load(Layer::default(), Some(Path::new("/nonexistent.toml"))).unwrap_err().to_string();
    assert!(error.contains("/nonexistent.toml cannot be read: No such file"), "{error}");
}

#[test]
fn a_number_out_of_range_is_refused_with_the_range_and_where_it_is_set() {
    let error = refused(&["--pool-size", "3"]);
    assert_eq!(
        error,
        "3 is out of range for database.pool_size: choose 4 to 500 connections (--pool-size / ESTAFETTE_POOL_SIZE / pool_size in [database] of the file)"
    );
    for key in KEYS.iter().filter(|key| key.range.is_some_and(|(_, high, _)| high < u64::from(u32::MAX))) {
        let (_, high, _) = key.range.unwrap();
        let error = match Flags::try_parse_from(["estafette", &format!("--{}", key.flag), &(high + 1).to_string()]) {
            Ok(flags) => Settings::load(flags.layer, Some(&empty_file().1)).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(key.flag), "{error}");
    }
}

#[test]
fn what_contradicts_itself_or_cannot_be_used_is_refused() {
    for (flags, expected) in [
        (vec!["--ai-provider", "openai"], "set OPENAI_API_KEY"),
        (vec!["--tasks-per-user", "600"], "lower --tasks-per-user"),
        (vec!["--steps-per-user", "9", "--steps-per-node", "8"], "lower --steps-per-user"),
        (vec!["--token-key", "short"], "needs at least 32"),
        (vec!["--allowed-origins", "example.com"], "\"example.com\" is not one"),
        (vec!["--allowed-origins", "https://example.com/"], "without a path"),
        (vec!["--allowed-origins", "*"], "is not one"),
        (vec!["--fetch-allow", "localhost"], "is not host:port"),
        (vec!["--trusted-proxies", "10.0.0.0/33"], "no address and no network"),
        (vec!["--openai-base-url", "ftp://x"], "is not an http(s) address"),
        (vec!["--database-url", "mysql://u:geheim@h/d"], "looks like postgresql://"),
        (vec!["--redis-url", "localhost"], "looks like redis://"),
        (vec!["--redis-url", "http://:geheim@localhost"], "looks like redis://"),
        (vec!["--redis-url", "redis://:geheim@h/geheim"], "or leave REDIS_URL empty"),
        (vec!["--redis-prefix", "two words"], "1 to 64 letters"),
        (vec!["--log-level", "estafette=loud"], "use error, warn, info"),
    ] {
        let error = refused(&flags);
        assert!(error.contains(expected) && !error.contains("geheim"), "{flags:?}: {error}");
        assert!(!error.contains('\n'), "one sentence: {error}");
    }
}

#[test]
fn secrets_are_never_printed() {
    let settings = Settings::load(
        given(&[
            "--database-url",
            "postgresql://u:geheim1@h/d",
            "--openai-api-key",
            "geheim2",
            "--redis-url",
            "redis://:geheim3@h",
        ]),
        Some(&empty_file().1),
    )
    .unwrap();
    for text in [format!("{settings:?}"), settings.show()] {
        assert!(!text.contains("geheim"), "{text}");
        assert!(text.contains("(set, not shown)"));
    }
}
