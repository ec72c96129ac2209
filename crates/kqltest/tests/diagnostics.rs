//! Every example in `docs/kql/diagnostics.md` gives the code beside which it stands.

use kqltest::{Outcome, run};
use query::Tables;
use std::path::Path;
use std::sync::Arc;

/// Returns the code and the example of a row `| code | meaning | example |`; `None` for other lines.
fn row(line: &str) -> Option<(&str, String)> {
    let (code, rest) = line.strip_prefix("| ")?.split_once(" | ")?;
    let (_, example) = rest.split_once(" | ")?;
    let example = example.strip_prefix('`')?.strip_suffix("` |")?;
    Some((code, example.replace("\\|", "|")))
}

#[test]
fn examples_give_their_codes() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kql/diagnostics.md");
    let page = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let tables = Arc::new(Tables::default());
    let examples: Vec<(&str, String)> = page.lines().filter_map(row).collect();
    assert!(examples.len() > 50, "only {} examples were found", examples.len());
    let mut failures = Vec::new();
    for (expected, query) in examples {
        match run(&query, &tables) {
            Outcome::Refused { code, .. } if code == expected => {}
            other => failures.push(format!("{expected}: `{query}` gives {other:?}")),
        }
    }
    assert!(failures.is_empty(), "{} examples give something else\n{}", failures.len(), failures.join("\n"));
}
