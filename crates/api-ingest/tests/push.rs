//! What shippers send and are answered, and which records there are afterwards: `push/*.http`, each against a server of its own. Exchanges
//! stand between lines `===`: a request, a line `---`, the answer. What follows the last one are the tables.
//!
//! `UPDATE=1` rewrites answers and tables. `{owner}`, `{reader}` and `{publisher}` are tokens, `{basic}` is a token as a password.

mod common;

use api_ingest::Limits;
use api_ingest::push::PushLimits;
use arrow::util::display::array_value_to_string;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Reply, Server};
use std::path::Path;

const HEADERS: [&str; 6] =
    ["content-type", "www-authenticate", "retry-after", "vidimus-rejected", "x-elastic-product", "warning"];
/// What differs between two runs.
const UNTOLD: [&str; 3] = ["_batch", "_pos", "RequestId"];

#[test]
fn shippers_are_answered_as_recorded_and_their_records_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/push");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a file");
        let push = PushLimits { bytes_max: 4000, entries_max: 5, labels_max: 4, tables_max: 3 };
        let server = Server::start(Limits { push, ..Limits::default() });
        let mut made = String::new();
        for exchange in text.split("===\n").filter(|exchange| exchange.contains(" /")) {
            let request = exchange.split_once("\n---\n").map_or(exchange.trim_end(), |(request, _)| request);
            made.push_str(&format!("{request}\n---\n{}===\n", shown(&send(request, &server))));
        }
        made.push_str(&tables(&server));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, made).expect("written");
        } else if made != text {
            wrong.push(format!("{}:\n{made}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn send(request: &str, server: &Server) -> Reply {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut head = head.replace("{basic}", &STANDARD.encode(format!("agent:{}", server.publisher)));
    for (name, token) in [("{owner}", &server.owner), ("{reader}", &server.reader), ("{publisher}", &server.publisher)]
    {
        head = head.replace(name, token);
    }
    let mut lines = head.lines();
    let (method, path) = lines.next().and_then(|line| line.split_once(' ')).expect("a request");
    let headers: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").expect("a header")).collect();
    // The lines of a bulk end with a line.
    let end = if path.contains("_bulk") { "\n" } else { "" };
    server.call(method, path, &headers, format!("{body}{end}").as_bytes())
}

fn shown(reply: &Reply) -> String {
    let mut text = format!("{}\n", reply.status);
    for name in HEADERS {
        if let Some(value) = reply.header(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    format!("{text}\n{}\n", reply.body.trim_end())
}

/// Returns the tables, a record a line.
fn tables(server: &Server) -> String {
    let workspace = server.vault.workspace("main").expect("a workspace");
    let mut text = String::new();
    for table in workspace.named_tables() {
        let snapshot = table.table.snapshot().expect("a snapshot");
        text.push_str(&format!("{} ({})\n", table.name, snapshot.n_rows()));
        for rows in &snapshot.hot {
            let schema = rows.schema();
            for row in 0..rows.num_rows() {
                let cells = schema.fields().iter().zip(rows.columns()).filter_map(|(field, column)| {
                    let is_told = !column.is_null(row) && !UNTOLD.contains(&field.name().as_str());
                    let value = array_value_to_string(column, row).expect("a cell");
                    (is_told && !value.is_empty()).then(|| format!("{}={value}", field.name()))
                });
                text.push_str(&format!("  {}\n", cells.collect::<Vec<_>>().join(" | ")));
            }
        }
    }
    text
}
