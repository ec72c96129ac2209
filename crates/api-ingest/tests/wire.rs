//! Requests and their answers as they go over the wire: `wire/*.http`, a request, a line `---`, and the answer to it.
//!
//! `UPDATE=1` rewrites the answers. `{owner}`, `{reader}` and `{publisher}` are tokens, `{signed}` is the signature of the request.

mod common;

use api_ingest::Limits;
use common::{DATE, Reply, Server, signed};
use std::path::Path;

const HEADERS: [&str; 4] = ["content-type", "www-authenticate", "retry-after", "vidimus-rejected"];

#[test]
fn requests_are_answered_as_recorded() {
    let server = Server::start(Limits { data_bytes_max: 2000, ..Limits::default() });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a file");
        let (request, expected) = text.split_once("\n---\n").unwrap_or((text.trim_end(), ""));
        let answered = shown(&send(request, &server), &server);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, format!("{request}\n---\n{answered}")).expect("written");
        } else if answered != expected {
            wrong.push(format!("{}:\n{answered}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn send(request: &str, server: &Server) -> Reply {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let content_type = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap_or_default();
    let mut head = head.replace("{signed}", &signed(body.as_bytes(), content_type, DATE)).replace("{date}", DATE);
    for (name, token) in [("{owner}", &server.owner), ("{reader}", &server.reader), ("{publisher}", &server.publisher)]
    {
        head = head.replace(name, token);
    }
    let mut lines = head.lines();
    let (method, path) = lines.next().and_then(|line| line.split_once(' ')).expect("a request");
    let headers: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").expect("a header")).collect();
    server.call(method, path, &headers, body.as_bytes())
}

fn shown(reply: &Reply, server: &Server) -> String {
    let mut text = format!("{}\n", reply.status);
    for name in HEADERS {
        if let Some(value) = reply.header(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    format!("{text}\n{}\n", reply.body.replace(&server.address.to_string(), "<address>").trim_end())
}
