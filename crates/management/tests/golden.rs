//! Commands written as data: what is sent, and the table or error that comes back. The cases of a file share a store, in their order.
//!
//! ```text
//! >>> .show tables | count
//! Count:long
//! [0]
//! ```
//!
//! `VIDIMUS_BLESS=1` writes the files anew.

mod common;

use common::Store;
use std::path::Path;

#[test]
fn commands_answer_as_they_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands");
    let blesses = std::env::var_os("VIDIMUS_BLESS").is_some();
    let mut n_cases = 0;
    let mut wrong = Vec::new();
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let store = Store::new();
        let mut found = String::new();
        for case in text.split("\n\n").filter(|case| !case.trim().is_empty()) {
            let (comment, asked) = case.split_once(">>> ").unwrap_or_else(|| panic!("no command: {case}"));
            // A command of several lines ends with a line of its own.
            let asked = format!("{}\n", asked.trim_end());
            let is_long = asked.contains("\n<<<\n");
            let end = if is_long { "\n<<<\n" } else { "\n" };
            let (command, expected) = asked.split_once(end).unwrap_or((&asked, ""));
            let answer = store.answer(command);
            let command = if is_long { format!("{command}\n<<<") } else { command.to_string() };
            found.push_str(&format!("{comment}>>> {command}\n{answer}\n\n"));
            if answer.trim() != expected.trim() {
                wrong.push(format!("{}:\n>>> {command}\n{answer}\n  instead of\n{expected}", path.display()));
            }
            n_cases += 1;
        }
        if blesses {
            std::fs::write(&path, format!("{}\n", found.trim_end())).unwrap();
        }
    }
    assert!(n_cases > 60, "{n_cases} cases");
    assert!(blesses || wrong.is_empty(), "{}", wrong.join("\n\n"));
}
