//! Requests and their answers as they go over the wire: `wire/*.http`, a request, a line `---`, and the answer to it.
//!
//! `UPDATE=1` rewrites the answers.

mod common;

use api_kusto::Limits;
use common::{Answer, Server};
use std::path::Path;

/// Headers that say something about the answer.
const HEADERS: [&str; 14] = [
    "content-type",
    "www-authenticate",
    "retry-after",
    "cache-control",
    "x-ms-client-request-id",
    "allow",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-private-network",
    "access-control-expose-headers",
    "vary",
    "location",
];

#[test]
fn requests_are_answered_as_recorded() {
    let server = Server::start(Limits { body_bytes_max: 2000, ingestion_bytes_max: 2000, ..Limits::default() });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let (request, expected) = text.split_once("\n---\n").unwrap_or((text.trim_end(), ""));
        let answered = shown(&server.send(&bytes(request, &server)));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, format!("{request}\n---\n{answered}")).unwrap();
        } else if answered != expected {
            wrong.push(format!("{}:\n{answered}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns the bytes of a request: with a line's end as HTTP has it, the tokens, and the body's length.
fn bytes(request: &str, server: &Server) -> String {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut head = head.replace('\n', "\r\n");
    for (name, token) in [
        ("{owner}", &server.owner),
        ("{reader}", &server.reader),
        ("{publisher}", &server.publisher),
        ("{expired}", &server.expired),
    ] {
        head = head.replace(name, token);
    }
    let host = if head.contains("Host:") { "" } else { "\r\nHost: vidimus.test" };
    format!("{head}{host}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn shown(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in HEADERS {
        if let Some(value) = answer.header(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    let mut body = answer.body.clone();
    if let Some(activity) = answer.header("x-ms-activity-id") {
        assert_eq!(activity.len(), 36);
        body = body.replace(activity, "<activity>");
        text = text.replace(activity, "<activity>");
    }
    format!("{text}\n{}\n", without_time(&body).trim_end())
}

/// Replaces how long a query took, and how much processor time.
fn without_time(body: &str) -> String {
    let mut body = body.to_string();
    for (key, shown, part) in [
        ("ExecutionTime\\\":", "<seconds>", "0123456789.e-"),
        ("\\\"user\\\":\\\"", "<time>", "0123456789.:"),
        ("\\\"total cpu\\\":\\\"", "<time>", "0123456789.:"),
    ] {
        if let Some((before, after)) = body.split_once(key) {
            body = format!("{before}{key}{shown}{}", after.trim_start_matches(|c| part.contains(c)));
        }
    }
    body
}
