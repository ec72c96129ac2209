//! What we accept and refuse, and the columns that we find, compared with Microsoft's language service: its answers about
//! the project's own queries stand in `tests/parity/verdicts.jsonl`, which `tests/parity/parity.py --update` writes.

use kql::Diagnostic;
use kql::bind::{Environment, bind};
use kql::catalog::BuiltInTables;
use kql::diagnostic::Kind;
use kql_functions::FUNCTIONS;
use schema::Dynamic;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Share of the queries, in per cent, about which we must agree. What differs for a stated reason counts as different.
const AGREEMENT_MIN: f64 = 98.0;

/// A query of ours.
struct Query {
    /// The file and line.
    source: String,
    text: String,
    /// Why we differ from the language service, where we do.
    differs: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads the queries of a `.kql` file, each below a line `//// title` or `//// differs: reason`.
fn blocks(path: &Path) -> Vec<Query> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut queries: Vec<Query> = Vec::new();
    for (i, line) in read(path).lines().enumerate() {
        match (line.strip_prefix("////"), queries.last_mut()) {
            (Some(title), _) => queries.push(Query {
                source: format!("{file}:{}", i + 1),
                text: String::new(),
                differs: title.trim().strip_prefix("differs:").map(|reason| reason.trim().to_string()),
            }),
            (None, Some(query)) => {
                query.text.push_str(line);
                query.text.push('\n');
            }
            (None, None) => {}
        }
    }
    queries.iter_mut().for_each(|query| query.text = query.text.trim().to_string());
    queries
}

fn queries() -> Vec<Query> {
    let folder = root().join("tests/parity");
    let listed = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "kql"));
    files.sort();
    let mut queries: Vec<Query> = files.iter().flat_map(|path| blocks(path)).collect();
    for (i, line) in read(&root().join("tests/kql/in-use.txt")).lines().enumerate() {
        if let Some((_, text)) = line.split_once(": ").filter(|_| !line.starts_with(['#', '['])) {
            queries.push(Query {
                source: format!("in-use.txt:{}", i + 1),
                text: text.trim().to_string(),
                differs: None,
            });
        }
    }
    queries
}

/// The language service's answer about a query.
struct Verdict {
    ok: bool,
    /// Names and types; `None` where the query is refused. A type may be `unknown`.
    columns: Option<Vec<(String, String)>>,
}

/// Reads the answers, by query.
fn verdicts() -> HashMap<String, Verdict> {
    let text = read(&root().join("tests/parity/verdicts.jsonl"));
    text.lines()
        .map(|line| {
            let Some(Dynamic::Bag(bag)) = Dynamic::parse(line) else { panic!("no JSON object: {line}") };
            let member = |name: &str| bag.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            let Some(Dynamic::String(query)) = member("query") else { panic!("no query: {line}") };
            let columns = match member("columns") {
                Some(Dynamic::Array(columns)) => Some(columns.iter().map(|column| pair(column, line)).collect()),
                _ => None,
            };
            (query, Verdict { ok: member("ok") == Some(Dynamic::Bool(true)), columns })
        })
        .collect()
}

fn pair(column: &Dynamic, line: &str) -> (String, String) {
    match column {
        Dynamic::Array(pair) => match pair.as_slice() {
            [Dynamic::String(name), Dynamic::String(ktype)] => (name.clone(), ktype.clone()),
            _ => panic!("no column: {line}"),
        },
        _ => panic!("no column: {line}"),
    }
}

/// What we make of a query: the error that speaks against it, or its columns.
fn answer(text: &str) -> Result<Option<Vec<(String, String)>>, String> {
    let environment = Environment {
        catalog: &BuiltInTables,
        functions: &*FUNCTIONS,
        host: None,
        now: 0,
        principal: "",
        parameters: &[],
    };
    let (bound, found) = bind(text, environment);
    // What is refused, or fails only when it runs, is right KQL.
    let is_wrong = |d: &&Diagnostic| d.is_error() && !matches!(d.kind, Kind::Unsupported | Kind::Runtime);
    if let Some(error) = found.iter().find(is_wrong) {
        return Err(format!("{} {}", error.code, error.message));
    }
    let last = bound.as_ref().and_then(|bound| bound.results.last());
    Ok(last.map(|last| last.plan.columns.iter().map(|f| (f.name.to_string(), f.ktype.to_string())).collect()))
}

#[test]
fn we_agree_with_the_language_service() {
    // As deep a stack as the program has, for queries that nest.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(compare);
    let joined = thread.unwrap_or_else(|error| panic!("no thread: {error}")).join();
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn compare() {
    let (queries, verdicts) = (queries(), verdicts());
    assert!(queries.len() >= 800, "only {} queries were found", queries.len());
    let mut failures = Vec::new();
    let (mut agree, mut with_columns, mut same_columns) = (0, 0, 0);
    for query in &queries {
        let Some(verdict) = verdicts.get(&query.text) else {
            failures.push(format!("{}: there is no verdict; run tests/parity/parity.py --update", query.source));
            continue;
        };
        let ours = answer(&query.text);
        let same = ours.is_ok() == verdict.ok;
        agree += usize::from(same);
        if let (Ok(Some(ours)), Some(theirs)) = (&ours, &verdict.columns) {
            with_columns += 1;
            same_columns += usize::from(ours == theirs);
        }
        match (same, &query.differs) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(_)) => failures.push(format!("{}: it agrees now; say so in its title", query.source)),
            (false, None) => failures.push(match ours {
                Ok(_) => format!("{}: the language service refuses it, we do not", query.source),
                Err(error) => format!("{}: the language service accepts it, we do not: {error}", query.source),
            }),
        }
    }
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    println!(
        "{agree} of {} agree ({:.2} %), columns {same_columns} of {with_columns} ({:.2} %)",
        queries.len(),
        share(agree, queries.len()),
        share(same_columns, with_columns)
    );
    assert!(failures.is_empty(), "{} queries differ\n{}", failures.len(), failures.join("\n"));
    assert!(share(agree, queries.len()) >= AGREEMENT_MIN, "only {agree} of {} agree", queries.len());
    assert!(
        share(same_columns, with_columns) >= AGREEMENT_MIN,
        "only {same_columns} of {with_columns} have the columns"
    );
}
