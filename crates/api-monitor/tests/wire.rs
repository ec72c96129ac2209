//! Requests and their answers as they go over the wire: `wire/*.http`, a request, a line `---`, and the answer to it.
//!
//! `UPDATE=1` rewrites the answers.

mod common;

use api_monitor::Limits;
use common::{Reply, Server};
use listeners::http::BodyLimits;
use std::path::Path;

/// Headers that say something about the answer.
const HEADERS: [&str; 5] =
    ["content-type", "www-authenticate", "retry-after", "cache-control", "x-ms-client-request-id"];

#[test]
fn requests_are_answered_as_recorded() {
    let limits = Limits::default();
    let body = BodyLimits { bytes_max: 2000, ..limits.body };
    let server = Server::start(Limits { body, rows_max: 3, ..limits });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let (request, expected) = text.split_once("\n---\n").unwrap_or((text.trim_end(), ""));
        let answered = shown(&send(request, &server));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, format!("{request}\n---\n{answered}")).unwrap();
        } else if answered != expected {
            wrong.push(format!("{}:\n{answered}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn send(request: &str, server: &Server) -> Reply {
    let mut request = request.to_string();
    for (name, token) in [
        ("{owner}", &server.owner),
        ("{reader}", &server.reader),
        ("{publisher}", &server.publisher),
        ("{expired}", &server.expired),
    ] {
        request = request.replace(name, token);
    }
    let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let headers: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").unwrap()).collect();
    server.call(method, path, &headers, body)
}

fn shown(reply: &Reply) -> String {
    let mut text = format!("{}\n", reply.status);
    for name in HEADERS {
        if let Some(value) = reply.header(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    let mut body = without_time(&reply.body);
    if let Some(activity) = reply.header("x-ms-request-id") {
        body = body.replace(activity, "<activity>");
    }
    // Those of a batch's queries are their own.
    let mut at = 0;
    let key = "\"correlationId\":\"";
    while let Some(found) = body[at..].find(key) {
        at += found + key.len();
        if !body[at..].starts_with('<') {
            body.replace_range(at..at + 36, "<activity>");
        }
    }
    format!("{text}\n{}\n", body.trim_end())
}

/// Replaces how long a query took.
fn without_time(body: &str) -> String {
    let key = "\"executionTime\":";
    let Some((before, after)) = body.split_once(key) else { return body.to_string() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-'));
    format!("{before}{key}0{}", without_time(rest))
}
