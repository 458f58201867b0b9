//! `src/cv/RULES.md` is true: each rule has a row (or a stated reason), each file and each test that it names exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rules of the specification's section 3, first and last of each run of numbers.
const RULES: &[(u32, u32)] = &[(1, 21), (25, 33), (35, 37), (40, 57), (60, 62), (65, 67), (70, 74)];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all functions below a folder that follow an attribute with `test`, or a line of proptest's macro.
fn tests_below(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "node_modules" && name != "target" {
            tests_below(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[") {
                    is_test |= line.contains("test");
                } else if let Some((_, rest)) = line.split_once("fn ") {
                    if is_test {
                        into.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
                    }
                    is_test = false;
                } else if !line.starts_with("//") && !line.is_empty() {
                    is_test = false;
                }
            }
        }
    }
}

/// What a row names: the rule, the files, the tests (a name, or its beginning before `*` or `…`).
#[derive(Debug, PartialEq, Eq)]
struct Row {
    rule: u32,
    files: Vec<String>,
    tests: Vec<(String, bool)>,
}

fn row(line: &str) -> Option<Row> {
    let number =
        line.strip_prefix("| R").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?.split_once(' ')?.0;
    let rule = number.parse().unwrap_or_else(|_| panic!("no rule: {line}"));
    let (mut files, mut tests) = (Vec::new(), Vec::new());
    for token in line.split('`').skip(1).step_by(2) {
        if token.ends_with(".rs") {
            files.push(token.to_owned());
        } else if token.starts_with(['r', 'p', 'g', 'd'])
            && token.contains('_')
            && token.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
        {
            let begin = token.split(['*', '…']).next().unwrap_or_default();
            tests.push((begin.to_owned(), begin != token));
        }
    }
    Some(Row { rule, files, tests })
}

/// What is wrong with the page.
fn problems(page: &str, all: &BTreeSet<String>, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    let (here, waiting) = page.split_once("## Not here yet").unwrap_or((page, ""));
    let mut named: BTreeMap<u32, bool> = BTreeMap::new();
    for row in here.lines().filter_map(row) {
        let own = format!("r{}_", row.rule);
        let names_it = named.entry(row.rule).or_default();
        for file in &row.files {
            if !exists(file) {
                problems.push(format!("R{}: there is no file {file}", row.rule));
            }
        }
        for (name, is_begin) in &row.tests {
            let fits = |test: &&String| if *is_begin { test.starts_with(name.as_str()) } else { *test == name };
            let mut found = all.iter().filter(fits).peekable();
            if found.peek().is_none() {
                problems.push(format!("R{}: there is no test {name}", row.rule));
            }
            *names_it |= found.any(|test| test.starts_with(&own) || test.contains(&format!("_{own}")));
        }
    }
    problems.extend(named.iter().filter(|(_, names)| !**names).map(|(rule, _)| format!("R{rule}: no test names it")));
    let waiting: BTreeSet<u32> = waiting.lines().filter_map(row).map(|row| row.rule).collect();
    for rule in RULES.iter().flat_map(|(first, last)| *first..=*last) {
        match (named.contains_key(&rule), waiting.contains(&rule)) {
            (false, false) => problems.push(format!("R{rule} has no row")),
            (true, true) => problems.push(format!("R{rule} is here, and does not wait any more")),
            _ => {}
        }
    }
    problems
}

#[test]
fn every_rule_has_its_place_and_its_test() {
    let page = std::fs::read_to_string(root().join("src/cv/RULES.md")).unwrap();
    let mut all = BTreeSet::new();
    for folder in ["src", "actors", "protocol", "loadtest"] {
        tests_below(&root().join(folder), &mut all);
    }
    let exists = |file: &str| {
        let from_root = ["src/", "protocol/", "actors/"].iter().any(|folder| file.starts_with(folder));
        root().join(if from_root { "" } else { "src/cv" }).join(file).is_file()
    };
    let problems = problems(&page, &all, exists);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_page_that_is_not_true_is_found_out() {
    let all: BTreeSet<String> = ["r1_a", "p1_r2_b"].map(ToOwned::to_owned).into();
    let page = "| R1 | `a.rs` | `r1_*` |\n| R2 | `gone.rs` | `p1_r2_b`, `r2_lost` |\n| R3 | | `p1_r2_b` |\n## Not here yet\n| R2 | x |\n| R4 | y |\n";
    let problems = problems(page, &all, |file| file == "a.rs");
    for expected in [
        "R2: there is no file gone.rs",
        "R2: there is no test r2_lost",
        "R3: no test names it",
        "R2 is here, and does not wait any more",
        "R5 has no row",
    ] {
        assert!(problems.iter().any(|problem| problem == expected), "{expected}: {problems:?}");
    }
    assert!(
        !problems
            .iter()
            .any(|problem| problem.starts_with("R1 ") || problem.starts_with("R1:") || problem.starts_with("R4 ")),
        "{problems:?}"
    );
}
