//! What the endpoints do beside answering: records, limits, clients that leave.

mod common;

use api_kusto::Limits;
use audit::RecordKind;
use common::{Answer, Server};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

/// Gives nothing for hours.
const ENDLESS: &str = "range x from 1 to 1000000000000 step 1 | where x < 0 | count";
/// Gives more than is held back: about 10 MB.
const LONG: &str = "range x from 1 to 300000 step 1 | extend s = 'some text to make it longer'";

fn start() -> Server {
    Server::start(Limits::default())
}

/// Returns the last frame of v2.
fn completion(answer: &Answer) -> Value {
    answer.json().as_array().unwrap().last().unwrap().clone()
}

#[test]
fn every_query_leaves_a_record() {
    let server = start();
    let head = |token: &str| format!("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    let send =
        |head: String, body: &str| server.send(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).status;
    let app = "x-ms-app: tool\r\nx-ms-client-request-id: r;1\r\nx-ms-user: someone\r\n";
    let cases = [
        (send(head(&server.reader) + app, r#"{"db":"prod","csl":"Events | take 2"}"#), 200),
        (send(head(&server.reader), r#"{"db":"prod","csl":"Nowhere"}"#), 400),
        (send(head(&server.reader), r#"{"db":"prod","csl":"range x from 1 to 5 step 1 | take 2; print bad(1)"}"#), 400),
        (send(head(&server.reader), r#"{"db":"test","csl":"Events"}"#), 403),
        (send(head(&server.owner), r#"{"db":"nowhere","csl":"Events"}"#), 400),
        (send(head("vdm_x_y"), r#"{"db":"prod","csl":"Events"}"#), 401),
        (send(head(&server.reader), "{}"), 400),
    ];
    for (i, (status, expected)) in cases.iter().enumerate() {
        assert_eq!(status, expected, "{i}");
    }
    let records = server.sink.wait_for(cases.len());
    let found: Vec<_> = records
        .iter()
        .map(|r| (r.response_code, r.workspace.as_str(), r.query.as_str(), r.principal_name.as_str(), r.response_rows))
        .collect();
    let expected = [
        (200, "prod", "Events | take 2", "tester", Some(2)),
        (400, "prod", "Nowhere", "tester", None),
        (400, "prod", "range x from 1 to 5 step 1 | take 2; print bad(1)", "tester", None),
        (403, "test", "Events", "tester", None),
        (400, "nowhere", "Events", "tester", None),
        (401, "", "", "", None),
        (400, "", "", "tester", None),
    ];
    assert_eq!(found, expected);
    let first = &records[0];
    assert_eq!(
        (first.kind, first.client_app.as_str(), first.target.as_str()),
        (RecordKind::Query, "tool", "/v2/rest/query")
    );
    assert_eq!(first.received, common::NOW);
    assert!(first.duration_ms.unwrap() > 0.0);
    let context = |name: &str| first.context.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!((context("ClientRequestId"), context("User")), (Some("r;1"), Some("someone")));
    assert_eq!(context("ClientAddress"), Some("127.0.0.1"));
    assert!(records[1].context.iter().any(|(n, v)| n == "Error" && v.contains("KS142")));
}

#[test]
fn whoever_has_no_token_cannot_fill_the_log() {
    let server = start();
    for _ in 0..30 {
        assert_eq!(server.send("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").status, 401);
    }
    assert_eq!(server.sink.records().len(), 10);
    assert_eq!(server.query(2, "print 1", Value::Null).status, 200);
    assert_eq!(server.sink.records().len(), 11);
}

#[test]
fn what_cannot_be_recorded_is_not_answered() {
    let server = start();
    server.sink.refuse();
    for query in ["Events | take 2", "Nowhere", LONG] {
        let answer = server.query(2, query, Value::Null);
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{query}");
        assert_eq!(answer.json()["error"]["code"], "General_ServiceUnavailable");
        assert!(!answer.body.contains("Info"));
    }
    assert_eq!(server.send("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").status, 503);
}

#[test]
fn a_long_answer_leaves_as_it_is_made_and_is_recorded_twice() {
    let server = start();
    for version in [1, 2] {
        let answer = server.query(version, LONG, Value::Null);
        assert_eq!((answer.status, answer.whole), (200, true));
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
        let json = answer.json();
        let rows = if version == 1 { &json["Tables"][0]["Rows"] } else { &json[2]["Rows"] };
        assert_eq!(rows.as_array().unwrap().len(), 300_000);
        assert_eq!(rows[299_999], json!([300_000, "some text to make it longer"]));
    }
    let records = server.sink.records();
    let found: Vec<_> = records.iter().map(|r| (r.kind, r.response_code, r.response_rows)).collect();
    let two = [(RecordKind::Begun, 200, None), (RecordKind::Query, 200, Some(300_000))];
    assert_eq!(found, [two, two].concat());
    assert_eq!(records[0].correlation_id, records[1].correlation_id);
    assert_ne!(records[0].correlation_id, records[2].correlation_id);
}

#[test]
fn a_long_answer_whose_end_cannot_be_recorded_ends_in_an_error() {
    let server = Server::start(Limits { bytes_max: u64::MAX, rows_max: u64::MAX, ..Limits::default() });
    let mut stream = server.connect();
    // The answer waits for its reader, so its end is not recorded before the sink refuses.
    let query = LONG.replace("300000", "3000000");
    let body = json!({"db": "prod", "csl": query}).to_string();
    let token = &server.reader;
    let head = format!("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    assert_eq!(server.sink.wait_for(1)[0].kind, RecordKind::Begun);
    server.sink.refuse();
    let answer = Answer::read(&mut stream);
    assert_eq!((answer.status, answer.whole), (200, true));
    let end = completion(&answer);
    assert_eq!(end["HasErrors"], true);
    assert_eq!(end["OneApiErrors"][0]["error"]["code"], "General_ServiceUnavailable");
}

#[test]
fn a_client_that_leaves_ends_its_query() {
    let server = Server::start(Limits { queries_max: 1, ..Limits::default() });
    let body = json!({"db": "prod", "csl": ENDLESS}).to_string();
    let token = &server.reader;
    let head = format!("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = server.connect();
    stream.write_all(request.as_bytes()).unwrap();

    // Meanwhile there is no place for another.
    server.wait_for_queries(1);
    let refused = server.query(2, "print 1", json!({"Options": {}}));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(refused.json()["error"]["@permanent"], false);

    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    let begun = Instant::now();
    while server.query(2, "print 1", Value::Null).status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the place stays taken");
        std::thread::sleep(Duration::from_millis(20));
    }
    let records = server.sink.records();
    let left = records.iter().find(|record| record.query == ENDLESS).unwrap();
    assert_eq!(left.response_code, 499);
    assert!(records.iter().any(|record| record.response_code == 429));
}

#[test]
fn a_client_that_does_not_read_loses_its_answer() {
    let read_timeout = Duration::from_millis(200);
    let limits = Limits { read_timeout, bytes_max: u64::MAX, rows_max: u64::MAX, ..Limits::default() };
    let server = Server::start(limits);
    let body = json!({"db": "prod", "csl": LONG.replace("300000", "3000000")}).to_string();
    let token = &server.reader;
    let head = format!("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    let mut stream = server.connect();
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    let records = server.sink.wait_for(2);
    assert_eq!((records[1].kind, records[1].response_code), (RecordKind::Query, 499));
    // What was on its way arrives, and then it is plain that the rest is missing.
    assert!(!Answer::read(&mut stream).whole);
}

#[test]
fn a_query_past_its_time_is_stopped() {
    let server = start();
    let begun = Instant::now();
    let answer = server.query(2, ENDLESS, json!({"Options": {"servertimeout": "00:00:00.3"}}));
    assert_eq!(answer.status, 504);
    assert_eq!(answer.json()["error"]["code"], "Timeout");
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(server.sink.records()[0].response_code, 504);
    // Also where a part of it runs before the rest.
    for early in [format!("print toscalar({ENDLESS})"), format!("({ENDLESS} | extend k = 'a') | evaluate pivot(k)")] {
        let answer = server.query(2, &early, json!({"Options": {"servertimeout": "00:00:00.3"}}));
        assert_eq!(answer.status, 504, "{}", answer.body);
    }
}

#[test]
fn a_failure_after_the_first_row_stands_in_the_answer() {
    let server = start();
    let query = "range x from 1 to 1000000000 step 1 | extend y = x";
    let limited = json!({"Options": {"truncationmaxsize": 2_000_000, "notruncation": false}});
    let answer = server.query(2, query, limited.clone());
    assert_eq!((answer.status, answer.whole), (200, true));
    let end = completion(&answer);
    assert_eq!((&end["HasErrors"], &end["OneApiErrors"][0]["error"]["code"]), (&json!(true), &json!("LimitsExceeded")));
    let answer = server.query(1, query, limited);
    assert!(answer.json()["Exceptions"][0].as_str().unwrap().contains("80DA0003"));
    let records = server.sink.records();
    assert_eq!(records.len(), 4);
    assert!(records[1].context.iter().any(|(n, v)| n == "Error" && v.contains("truncationmaxsize")));
}

#[test]
fn bodies_may_be_packed_but_not_to_burst() {
    let server = Server::start(Limits { body_bytes_max: 10_000, ..Limits::default() });
    let send = |body: &str| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(body.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let mut stream = server.connect();
        let token = &server.reader;
        let head = format!("POST /v1/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
        let head = format!("{head}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
        stream.write_all(&[head.as_bytes(), packed.as_slice()].concat()).unwrap();
        Answer::read(&mut stream)
    };
    assert_eq!(send(r#"{"db":"prod","csl":"print x=1"}"#).json()["Tables"][0]["Rows"], json!([[1]]));
    assert_eq!(send(&format!(r#"{{"db":"prod","csl":"print '{}'"}}"#, "x".repeat(1_000_000))).status, 413);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::start(Limits { body_timeout: Duration::from_millis(200), ..Limits::default() });
    let token = &server.reader;
    let head = format!("POST /v1/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    assert_eq!(server.send(&format!("{head}Content-Length: 100\r\n\r\n{{")).status, 408);
}

#[test]
fn one_connection_takes_one_request_after_the_other() {
    let server = start();
    let mut stream = server.connect();
    for i in 0..3 {
        let body = json!({"db": "prod", "csl": format!("print x={i}")}).to_string();
        let token = &server.reader;
        let head = format!("POST /v1/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
        stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut stream).json()["Tables"][0]["Rows"], json!([[i]]));
    }
}

#[test]
fn what_still_runs_at_the_end_is_dropped_and_recorded() {
    let mut server = Server::start(Limits::default());
    let body = json!({"db": "prod", "csl": ENDLESS}).to_string();
    let token = &server.reader;
    let head = format!("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    let mut stream = server.connect();
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    server.wait_for_queries(1);
    server.stop();
    let records = server.sink.records();
    assert_eq!((records.len(), records[0].response_code), (1, 499));
}
