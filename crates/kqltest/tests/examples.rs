//! Every example that a function, aggregation or plugin gives of itself is run, and every `.kqltest` file.

use kqltest::{Outcome, check_file, run};
use query::{FileAccess, Tables};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn check(name: &str, examples: &[(&str, &str)], failures: &mut Vec<String>) {
    let tables = Arc::new(Tables::default());
    for (query, expected) in examples {
        let found = match run(query, &tables) {
            Outcome::Rows { rows, .. } => rows.first().cloned().unwrap_or_default(),
            other => format!("{other:?}"),
        };
        let first_cell = csv_first_cell(&found);
        if first_cell != *expected {
            failures.push(format!("{name}: `{query}` gives `{first_cell}`, not `{expected}`"));
        }
    }
}

fn csv_first_cell(line: &str) -> String {
    match line.strip_prefix('"') {
        None => line.split(',').next().unwrap_or_default().to_string(),
        Some(rest) => {
            let mut cell = String::new();
            let mut chars = rest.chars().peekable();
            while let Some(c) = chars.next() {
                if c != '"' {
                    cell.push(c);
                } else if chars.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    break;
                }
            }
            cell
        }
    }
}

#[test]
fn scalar_functions_do_what_their_examples_say() {
    let mut failures = Vec::new();
    for function in kql_functions::scalar::ALL.iter().chain(kql_functions::window::ALL) {
        check(function.name, function.examples, &mut failures);
    }
    assert!(failures.is_empty(), "{} examples fail\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn aggregation_functions_do_what_their_examples_say() {
    let mut failures = Vec::new();
    for function in kql_functions::aggregate::ALL {
        check(function.name, function.examples, &mut failures);
    }
    assert!(failures.is_empty(), "{} examples fail\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn plugins_do_what_their_examples_say() {
    let mut failures = Vec::new();
    for plugin in kql_functions::plugin::ALL {
        check(plugin.name, plugin.examples, &mut failures);
    }
    assert!(failures.is_empty(), "{} examples fail\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn scripts_give_what_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kql");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(!files.is_empty(), "no .kqltest file under {}", root.display());
    let mut tables = Tables::default();
    tables.allow_files(FileAccess::default());
    let tables = Arc::new(tables);
    let failures: Vec<String> = files.iter().flat_map(|file| check_file(file, &tables)).collect();
    assert!(failures.is_empty(), "{} cases fail\n{}", failures.len(), failures.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "kqltest") {
            files.push(path);
        }
    }
}
