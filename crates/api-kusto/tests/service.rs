//! What the endpoints do beside answering: records, limits, clients that leave.

mod common;

use api_kusto::{Limits, QueryState};
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

#[test]
fn a_cancelled_query_ends_and_its_client_is_told() {
    let server = start();
    let body = json!({"db": "prod", "csl": ENDLESS}).to_string();
    let token = &server.reader;
    let head = format!("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    let head = format!("{head}x-ms-client-request-id: long;1\r\nx-ms-app: tool\r\n");
    let mut stream = server.connect();
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    server.wait_for_queries(1);
    let listed = server.queries.list();
    let start = &listed[0].start;
    assert_eq!((listed.len(), listed[0].state), (1, QueryState::InProgress));
    assert_eq!((start.text.as_str(), start.database.as_str(), start.user.as_str()), (ENDLESS, "prod", "tester"));
    assert_eq!((start.client_request_id.as_str(), start.application.as_str()), ("long;1", "tool"));
    assert_eq!(server.queries.cancel("long;1", "it takes too long", |_| true), 1);
    let answer = Answer::read(&mut stream);
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("QueryCancelled")));
    assert!(answer.body.contains("it takes too long"), "{}", answer.body);
    let begun = Instant::now();
    while server.queries.list()[0].state == QueryState::InProgress {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    let ended = &server.queries.list()[0];
    assert_eq!((ended.state, ended.failure.as_deref()), (QueryState::Cancelled, Some("it takes too long")));
    assert_eq!(server.sink.records()[0].response_code, 400);
}

#[test]
fn a_query_cancelled_after_its_first_rows_says_so_at_the_end() {
    let server = Server::start(Limits { bytes_max: u64::MAX, rows_max: u64::MAX, ..Limits::default() });
    let body = json!({"db": "prod", "csl": LONG.replace("300000", "300000000")}).to_string();
    let token = &server.reader;
    let head = format!("POST /v2/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n");
    let head = format!("{head}x-ms-client-request-id: long;2\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut stream = server.connect();
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    assert_eq!(server.sink.wait_for(1)[0].kind, RecordKind::Begun);
    assert_eq!(server.queries.cancel("long;2", "enough", |_| true), 1);
    let answer = Answer::read(&mut stream);
    assert!(answer.whole);
    let end = completion(&answer);
    assert_eq!((&end["HasErrors"], &end["Cancelled"]), (&json!(true), &json!(true)));
    assert_eq!(end["OneApiErrors"][0]["error"]["code"], "QueryCancelled");
}

#[test]
fn records_that_are_handed_in_are_there_at_once() {
    let server = start();
    let rows = |query: &str| server.stored(query);
    let csv = "1,one,2024-01-01T00:00:00Z,\"{\"\"k\"\":1}\"\n2,\"two, too\",,\"[1,2]\"\n";
    assert_eq!(server.ingest("Things", "streamFormat=Csv", csv.as_bytes()).status, 200);
    assert_eq!(rows("Things | where Id == 2 | project Name, Props"), json!([["two, too", [1, 2]]]));
    let mapped = br#"{"identity":{"no":6},"who":"mapped"}"#;
    assert_eq!(server.ingest("Things", "streamFormat=json&mappingName=m", mapped).status, 200);
    assert_eq!(rows("Things | where Id == 6 | project Name"), json!([["mapped"]]));
    let many = br#"[{"Id":7,"Name":"a"}, {"Id":8,"More":1}]"#;
    assert_eq!(server.ingest("Things", "streamformat=MULTIJSON&mappingName=", many).status, 200);
    assert_eq!(
        rows("Things | where Id in (7, 8) | project Id, AdditionalFields | order by Id asc"),
        json!([[7, null], [8, {"More": 1}]])
    );
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(b"9\tnine\n").unwrap();
    assert_eq!(server.ingest("Things", "streamFormat=tsv", &packed.finish().unwrap()).status, 200);
    assert_eq!(rows("Things | count"), json!([[6]]));
    // What comes twice under one name is taken once; without a name it is taken again.
    let named =
        "POST /v1/rest/ingest/store/Things?streamFormat=csv HTTP/1.1\r\nHost: t\r\nx-ms-client-request-id: n;1\r\n";
    let send = |body: &str| {
        let token = &server.publisher;
        server
            .send(&format!("{named}Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
            .status
    };
    assert_eq!((send("20,a"), send("20,a"), send("21,b")), (200, 200, 200));
    assert_eq!(rows("Things | where Id in (20, 21) | count"), json!([[2]]));
    // What is no record is in the quarantine, and of a body of which nothing is taken the sender is told.
    assert_eq!(server.ingest("Things", "streamFormat=json", b"{\"Id\": \n").status, 400);
    assert_eq!(server.ingest("Things", "streamFormat=csv", b"30,a\nx,b").status, 200);
    assert_eq!(
        rows("VidimusQuarantine | project Reason, Raw"),
        json!([["Malformed", "{\"Id\":"], ["Mistyped", "x,b"]])
    );
}

#[test]
fn bodies_of_records_are_bounded() {
    let limits =
        Limits { ingestion_bytes_max: 10_000, ingestion_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits);
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![b'x'; 1_000_000]).unwrap();
    let answer = server.ingest("Things", "streamFormat=txt", &packed.finish().unwrap());
    assert_eq!((answer.status, &answer.json()["error"]["@permanent"]), (413, &json!(true)));
    assert_eq!(server.ingest("Things", "streamFormat=txt", b"\x1f\x8bnot packed at all").status, 400);
    let token = &server.publisher;
    let head = format!(
        "POST /v1/rest/ingest/store/Things?streamFormat=txt HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n"
    );
    assert_eq!(server.send(&format!("{head}Content-Length: 100\r\n\r\nx")).status, 408);
}

#[test]
fn a_query_sees_the_rows_of_its_range_of_time() {
    let server = start();
    let rows = |query: &str, options: Value| {
        let answer = server.query(1, query, json!({ "Options": options }));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["Tables"][0]["Rows"].clone()
    };
    // The rows are two, one and no seconds before noon.
    let (from, to) = ("2026-05-31T11:59:59Z", "datetime(2026-05-31T11:59:59Z)");
    let column = "TimeGenerated";
    let of = |from: Option<&str>, to: Option<&str>| json!({"query_datetimescope_column": column, "query_datetimescope_from": from, "query_datetimescope_to": to});
    assert_eq!(rows("Events | project N", of(Some(from), None)), json!([[2], [3]]));
    assert_eq!(rows("Events | project N", of(None, Some(to))), json!([[1], [2]]));
    assert_eq!(rows("Events | where Level == 'Error' | count", of(Some(from), Some(to))), json!([[1]]));
    assert_eq!(rows("Events | join kind=inner Events on N | count", of(Some(from), Some(to))), json!([[1]]));
    assert_eq!(rows("union * | count", of(Some(from), None)), json!([[2]]));
    assert_eq!(rows("Events | count", of(None, None)), json!([[3]]));
    assert_eq!(rows("Events | count", json!({"query_datetimescope_from": from})), json!([[3]]));
    let other = json!({"query_datetimescope_column": "Level", "query_datetimescope_from": from});
    assert_eq!(rows("Events | count", other), json!([[3]]));
}
