//! What the protocols of shippers do beside answering: nothing twice, nothing lost, limits, acts.

mod common;

use api_ingest::Limits;
use api_ingest::push::PushLimits;
use api_ingest::push::loki::proto::{PushEntry, PushPair, PushRequest, PushStream, PushTime, pack};
use audit::{ActivityStatus, Operation};
use common::{Reply, Server};
use prost::Message;
use serde_json::json;
use std::io::Write;

/// Sends as each protocol does.
fn ship(server: &Server, protocol: &str, token: &str, body: &[u8], more: &[(&str, &str)]) -> Reply {
    let (path, scheme, kind) = match protocol {
        "hec" => ("/services/collector", "Splunk", "application/json"),
        "elastic" => ("/_bulk", "ApiKey", "application/x-ndjson"),
        _ => ("/loki/api/v1/push", "Bearer", "application/json"),
    };
    let authorization = format!("{scheme} {token}");
    let mut headers = vec![("Authorization", authorization.as_str()), ("Content-Type", kind)];
    headers.extend(more);
    server.call("POST", path, &headers, body)
}

const EVENT: &[u8] = br#"{"event":"x","sourcetype":"app"}"#;
const BULK: &[u8] = b"{\"index\":{\"_index\":\"app\"}}\n{\"x\":1}\n";
const PUSH: &[u8] = br#"{"streams":[{"stream":{"job":"app"},"values":[["1433188255123456789","x"]]}]}"#;
const ALL: [(&str, &[u8], u16); 3] = [("hec", EVENT, 200), ("elastic", BULK, 200), ("loki", PUSH, 204)];

#[test]
fn whoever_may_not_is_refused_as_the_protocol_does() {
    let server = Server::start(Limits::default());
    for (protocol, body, taken) in ALL {
        let status = |token: &str, more: &[(&str, &str)]| ship(&server, protocol, token, body, more).status;
        let wrong = if protocol == "hec" { 403 } else { 401 };
        let before = server.records("app_CL");
        assert_eq!((status("wrong", &[]), status(&server.reader, &[])), (wrong, 403), "{protocol}");
        assert_eq!(status(&server.publisher, &[("x-scope-orgid", "elsewhere")]), 403, "{protocol}");
        assert_eq!(server.records("app_CL"), before, "{protocol}");
        assert_eq!(status(&server.publisher, &[("x-scope-orgid", "main")]), taken, "{protocol}");
        assert_eq!(status(&server.publisher, &[]), taken, "{protocol}");
    }
}

#[test]
fn a_crowd_is_told_to_come_again() {
    let server = Server::start(Limits { requests_max: 0, ..Limits::default() });
    for (protocol, body, _) in ALL {
        let reply = ship(&server, protocol, &server.publisher, body, &[]);
        let status = if protocol == "hec" { 503 } else { 429 };
        assert_eq!((reply.status, reply.header("retry-after")), (status, Some("1")), "{protocol}: {}", reply.body);
    }
}

#[test]
fn a_body_is_as_large_as_it_may_be_packed_or_not() {
    let push = PushLimits { bytes_max: 1000, ..PushLimits::default() };
    let server = Server::start(Limits { push, ..Limits::default() });
    for (protocol, body, taken) in ALL {
        let packed = |bytes: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(bytes).expect("packed");
            packer.finish().expect("packed")
        };
        let gzip = [("Content-Encoding", "gzip")];
        assert_eq!(ship(&server, protocol, &server.publisher, &packed(body), &gzip).status, taken, "{protocol}");
        let large = [body, " ".repeat(2000).as_bytes(), b"\n"].concat();
        assert!(packed(&large).len() < 300);
        for (body, headers) in [(large.clone(), &gzip[..0]), (packed(&large), &gzip[..])] {
            assert_eq!(ship(&server, protocol, &server.publisher, &body, headers).status, 413, "{protocol}");
        }
    }
}

#[test]
fn a_request_that_is_repeated_under_its_name_is_taken_once() {
    let server = Server::start(Limits::default());
    for (protocol, body, taken) in ALL {
        let before = server.records("app_CL");
        for _ in 0..3 {
            let reply = ship(&server, protocol, &server.publisher, body, &[("x-ms-client-request-id", protocol)]);
            assert_eq!(reply.status, taken, "{protocol}: {}", reply.body);
        }
        assert_eq!(server.records("app_CL"), before + 1, "{protocol}");
    }
    // Clients give one opaque id to all that they send.
    let opaque = [("x-opaque-id", "agent-1")];
    let before = server.records("app_CL");
    for body in [BULK, BULK, b"{\"index\":{\"_index\":\"app\"}}\n{\"x\":2}\n", BULK] {
        assert_eq!(ship(&server, "elastic", &server.publisher, body, &opaque).json()["errors"], json!(false));
    }
    assert_eq!(server.records("app_CL"), before + 2);
    ship(&server, "elastic", &server.publisher, BULK, &[]);
    ship(&server, "elastic", &server.publisher, BULK, &[]);
    assert_eq!(server.records("app_CL"), before + 4);
}

#[test]
fn a_table_is_made_as_an_act_that_is_written_down_first() {
    for (protocol, body, taken) in ALL {
        let server = Server::start(Limits::default());
        *server.sink.room.lock().expect("not poisoned") = 0;
        let reply = ship(&server, protocol, &server.publisher, body, &[]);
        assert_eq!((reply.status, server.records("app_CL")), (503, 0), "{protocol}: {}", reply.body);
        *server.sink.room.lock().expect("not poisoned") = usize::MAX;
        for _ in 0..2 {
            assert_eq!(ship(&server, protocol, &server.publisher, body, &[]).status, taken);
        }
        let operations: Vec<_> =
            server.sink.records.lock().expect("not poisoned").iter().map(|r| (r.operation, r.status)).collect();
        let act = [ActivityStatus::Started, ActivityStatus::Succeeded].map(|status| (Operation::WriteTable, status));
        assert_eq!((operations.as_slice(), server.records("app_CL")), (&act[..], 2), "{protocol}");
    }
}

#[test]
fn senders_make_so_many_tables_and_no_more() {
    let push = PushLimits { tables_max: 3, ..PushLimits::default() };
    let server = Server::start(Limits { push, ..Limits::default() });
    for name in ["a", "b", "c", "d", "a"] {
        let body = json!({ "event": "x", "sourcetype": name }).to_string();
        assert_eq!(ship(&server, "hec", &server.publisher, body.as_bytes(), &[]).status, 200);
    }
    // The workspace has a table of a collection rule.
    let records = ["a_CL", "b_CL", "c_CL", "HttpEvent_CL"].map(|table| server.records(table));
    assert_eq!(records, [2, 1, 0, 2]);
}

#[test]
fn senders_of_one_table_may_come_at_once_with_columns_of_other_types() {
    let server = Server::start(Limits::default());
    std::thread::scope(|scope| {
        for sender in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for turn in 0..5 {
                    let value = if sender % 2 == 0 { json!(turn) } else { json!("text") };
                    let body = json!({ "event": { format!("f{turn}"): value }, "sourcetype": "app" }).to_string();
                    let reply = ship(server, "hec", &server.publisher, body.as_bytes(), &[]);
                    assert_eq!((reply.status, reply.header("vidimus-rejected")), (200, None), "{}", reply.body);
                }
            });
        }
    });
    assert_eq!(server.records("app_CL"), 40);
}

#[test]
fn acknowledgements_are_asked_for_by_channel() {
    let server = Server::start(Limits::default());
    let channel = [("X-Splunk-Request-Channel", "FE0ECFAD-13D5-401B-847D-77833BD77131")];
    let ids: Vec<_> =
        (0..2).map(|_| ship(&server, "hec", &server.publisher, EVENT, &channel).json()["ackId"].clone()).collect();
    assert_eq!(ids, [json!(0), json!(1)]);
    assert_eq!(ship(&server, "hec", &server.publisher, EVENT, &[]).json()["ackId"], json!(null));
    let ask = |channel: &str| {
        let authorization = format!("Splunk {}", server.publisher);
        let path = format!("/services/collector/ack{channel}");
        server.call("POST", &path, &[("Authorization", &authorization)], br#"{"acks":[0,1,2]}"#)
    };
    let known = ask("?channel=fe0ecfad-13d5-401b-847d-77833bd77131").json();
    assert_eq!(known, json!({ "acks": { "0": true, "1": true, "2": false } }));
    assert_eq!((ask("").json()["code"].clone(), ask("?channel=x").json()["code"].clone()), (json!(10), json!(11)));
}

#[test]
fn lines_come_as_protocol_buffers_too() {
    let server = Server::start(Limits::default());
    let timestamp = Some(PushTime { seconds: 1_433_188_255, nanos: 5 });
    let pair = PushPair { name: "trace".to_string(), value: "7".to_string() };
    let line = |line: &str| PushEntry {
        timestamp: timestamp.clone(),
        line: line.to_string(),
        structured_metadata: vec![pair.clone()],
    };
    let entries = vec![line("<13>May 31 12:00:00 host app[7]: hello"), line("world")];
    let labels = [r#"{job="app"}"#, r#"{job="syslog", host="h"}"#].map(str::to_string);
    let request =
        PushRequest { streams: labels.map(|labels| PushStream { labels, entries: entries.clone() }).to_vec() };
    let body = pack(&request.encode_to_vec()).expect("packed");
    let authorization = format!("Bearer {}", server.publisher);
    for encoding in [None, Some(("Content-Encoding", "snappy"))] {
        let mut headers = vec![("Authorization", authorization.as_str()), ("Content-Type", "application/x-protobuf")];
        headers.extend(encoding);
        let reply = server.call("POST", "/v1/workspaces/main/loki/loki/api/v1/push", &headers, &body);
        assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    }
    assert_eq!((server.records("app_CL"), server.records("Syslog")), (4, 4));
}

#[test]
fn a_document_without_an_id_is_given_one() {
    let server = Server::start(Limits::default());
    let authorization = format!("Bearer {}", server.publisher);
    let reply = server.call("POST", "/app/_doc", &[("Authorization", &authorization)], b"{}");
    assert_eq!((reply.status, reply.json()["_id"].as_str().map(str::len)), (201, Some(32)));
}
