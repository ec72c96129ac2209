//! Requests and their answers as they go over the wire: `wire/*.http`, a request, a line `---`, and the answer to it.
//!
//! `UPDATE=1` rewrites the answers.

use std::path::Path;

use api_office::Limits;
use listeners::http::BodyLimits;

use crate::common::{PROD, Reply, Server, TEST};

/// Headers that say something about the answer.
const HEADERS: [&str; 6] =
    ["content-type", "www-authenticate", "retry-after", "cache-control", "client-request-id", "nextpageuri"];

#[test]
fn requests_are_answered_as_recorded() {
    let limits = Limits::default();
    let body = BodyLimits { bytes_max: 2000, ..limits.body };
    let server = Server::start(Limits { body, blobs_max: 1, ..limits });
    for kind in ["Audit.Exchange", "Audit.General"] {
        let path = format!("/api/v1.0/{PROD}/activity/feed/subscriptions/start?contentType={kind}");
        assert_eq!(server.post(&path, "").status, 200);
    }
    server.import("office_management", include_str!("../../../sources/fixtures/office_management/content.json"));
    server.import("entra", include_str!("../../../sources/fixtures/entra/directory_audits.json"));
    server.import("entra", include_str!("../../../sources/fixtures/entra/sign_ins.json"));
    let first = server.get(&format!("/api/v1.0/{PROD}/activity/feed/subscriptions/content?contentType=Audit.Exchange"));
    let content = first.json()[0]["contentId"].as_str().unwrap().to_string();

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/office/wire");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let (request, expected) = text.split_once("\n---\n").unwrap_or((text.trim_end(), ""));
        let answered = shown(&send(&request.replace("{content}", &content), &server), &server);
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
    for (name, text) in [
        ("{owner}", server.owner.as_str()),
        ("{reader}", &server.reader),
        ("{publisher}", &server.publisher),
        ("{prod}", PROD),
        ("{test}", TEST),
    ] {
        request = request.replace(name, text);
    }
    let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let headers: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").unwrap()).collect();
    server.call(method, path, &headers, body)
}

fn shown(reply: &Reply, server: &Server) -> String {
    let mut text = format!("{}\n", reply.status);
    for name in HEADERS {
        if let Some(value) = reply.header(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text.push_str(&format!("\n{}\n", reply.body.trim_end()));
    if let Some(id) = reply.header("request-id") {
        text = text.replace(id, "<request>");
    }
    let search = reply.body.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
    if let Some(id) = search.filter(|_| reply.body.contains("auditLogQuery")) {
        text = text.replace(id, "<search>");
    }
    without_codes(&text.replace(&server.address.to_string(), "<host>"))
}

/// Replaces what makes ids of content authentic: 32 hexadecimal digits.
fn without_codes(text: &str) -> String {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_hex) {
        let (before, from) = rest.split_at(at);
        let (run, after) = from.split_at(from.find(|c| !is_hex(c)).unwrap_or(from.len()));
        out.push_str(before);
        out.push_str(if run.len() == 32 { "<code>" } else { run });
        rest = after;
    }
    out + rest
}
