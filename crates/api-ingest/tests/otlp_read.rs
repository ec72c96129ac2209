//! Bodies of OTLP as records of tables: `otlp/<signal>*.json` holds a request, `.out` beside it what comes out, of the JSON and of the same in
//! protobuf; those called `json_only` have what only JSON can say, or what is broken. `UPDATE=1` writes what comes out.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use api_ingest::otlp::{Encoding, EnvelopeError, Read, Signal, read};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;

/// 2026-05-31T12:00:10Z.
const ARRIVAL: i64 = 639_158_256_100_000_000;

fn signal_of(name: &str) -> Signal {
    match name.split(['.', '_']).next() {
        Some("logs") => Signal::Logs,
        Some("metrics") => Signal::Metrics,
        Some("traces") => Signal::Traces,
        other => panic!("{other:?} is no signal"),
    }
}

/// Returns a request in protobuf, as another implementation has it.
fn protobuf_of(json: &str, signal: Signal) -> Vec<u8> {
    match signal {
        Signal::Logs => serde_json::from_str::<ExportLogsServiceRequest>(json).expect("a request").encode_to_vec(),
        Signal::Metrics => {
            serde_json::from_str::<ExportMetricsServiceRequest>(json).expect("a request").encode_to_vec()
        }
        Signal::Traces => serde_json::from_str::<ExportTraceServiceRequest>(json).expect("a request").encode_to_vec(),
    }
}

fn shown(read: &Read) -> String {
    let mut text = format!("records: {}\n", read.n_records);
    for (table, rows) in &read.tables {
        for (row, origin) in rows.body.lines().zip(&rows.origins) {
            let row: serde_json::Value = serde_json::from_str(row).unwrap_or_else(|error| panic!("{error}: {row}"));
            writeln!(text, "\n{table}, of record {origin}\n{row:#}").expect("a text");
        }
    }
    for rejected in &read.rejected {
        let raw = String::from_utf8_lossy(&rejected.raw);
        let (place, reason) = (rejected.position, rejected.reason.name());
        writeln!(text, "\nrejected record {place}\n{reason}: {}\n{raw}", rejected.detail).expect("a text");
    }
    text
}

#[test]
fn requests_become_records_of_tables() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/otlp");
    let mut n_checked = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_string();
        if name.ends_with(".out") {
            continue;
        }
        let json = std::fs::read_to_string(&path).expect("a file");
        let signal = signal_of(&name);
        let found = shown(&read(json.as_bytes(), Encoding::Json, signal, ARRIVAL).expect("a request"));
        let expected = path.with_file_name(format!("{name}.out"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &found).expect("written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(found == expected, "{name} gives\n{found}");
        if name.ends_with(".json") {
            let protobuf = protobuf_of(&json, signal);
            let same = shown(&read(&protobuf, Encoding::Protobuf, signal, ARRIVAL).expect("a request"));
            assert!(same == expected, "{name} in protobuf gives\n{same}");
        }
        n_checked += 1;
    }
    assert!(n_checked >= 6);
}

#[test]
fn what_is_no_request_is_refused() {
    let json = |body: &str| read(body.as_bytes(), Encoding::Json, Signal::Logs, ARRIVAL);
    for body in
        ["", "[]", "7", "{", "{}x", r#"{"resourceLogs":{}}"#, r#"{"resourceLogs":[[]]}"#, "{\"resourceLogs\":[]}}"]
    {
        assert!(matches!(json(body), Err(EnvelopeError::Malformed(_))), "{body}");
    }
    // What is not known is skipped, as the protocol has it.
    for body in ["{}", r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}],"x":1}"#, r#"{"resourceLogs":null}"#] {
        assert_eq!(json(body).map(|read| read.n_records), Ok(0), "{body}");
    }
    let protobuf = |body: &[u8]| read(body, Encoding::Protobuf, Signal::Logs, ARRIVAL).map(|read| read.n_records);
    assert_eq!(protobuf(b""), Ok(0));
    for body in [
        &b"\x0a"[..],
        b"\x0a\x05\x12",
        b"\x0b",
        b"\x00\x00",
        b"\x0a\x02\x12\x05",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        assert!(matches!(protobuf(body), Err(EnvelopeError::Malformed(_))), "{body:?}");
    }
}

#[test]
fn a_text_that_is_no_utf_8_costs_its_record_and_no_other() {
    let request = |body: &[u8]| {
        let text = [&[0x0a, body.len() as u8][..], body].concat();
        let record = [&[0x2a, text.len() as u8][..], &text].concat();
        [&[0x12, record.len() as u8][..], &record].concat()
    };
    let records = [request(b"good"), request(b"\xff\xfe"), request(b"good too")].concat();
    let scope = [&[0x12, records.len() as u8][..], &records].concat();
    let body = [&[0x0a, scope.len() as u8][..], &scope].concat();
    let read = read(&body, Encoding::Protobuf, Signal::Logs, ARRIVAL).expect("a request");
    assert_eq!((read.n_records, read.tables["AppTraces"].origins.as_slice()), (3, &[0, 2][..]));
    let rejected = &read.rejected[0];
    assert_eq!((rejected.position, rejected.reason.name()), (1, "Malformed"));
    assert!(rejected.raw.ends_with(b"\xff\xfe"), "{:?}", rejected.raw);
}

#[test]
fn a_small_request_does_not_become_a_large_one() {
    let resource = format!(r#"{{"attributes":[{{"key":"k","value":{{"stringValue":"{}"}}}}]}}"#, "x".repeat(1 << 19));
    let logs = |n: usize| {
        let records = vec!["{}"; n].join(",");
        format!(r#"{{"resourceLogs":[{{"resource":{resource},"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#)
    };
    let of = |body: String, signal| read(body.as_bytes(), Encoding::Json, signal, ARRIVAL).map(|read| read.n_records);
    assert_eq!(of(logs(100), Signal::Logs), Ok(100));
    assert!(matches!(of(logs(1000), Signal::Logs), Err(EnvelopeError::TooLarge { .. })));
    let events = vec!["{}"; 1000].join(",");
    let spans = format!(
        r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"spans":[{{"events":[{events}]}}]}}]}}]}}"#
    );
    assert!(matches!(of(spans, Signal::Traces), Err(EnvelopeError::TooLarge { .. })));
    let many =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#, vec!["{}"; 500_001].join(","));
    assert!(matches!(of(many, Signal::Logs), Err(EnvelopeError::TooMany { .. })));
    // One record that is too long to be read goes to the quarantine.
    let long = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"severityText":"{}"}},{{}}]}}]}}]}}"#,
        "x".repeat(1 << 20)
    );
    let read = read(long.as_bytes(), Encoding::Json, Signal::Logs, ARRIVAL).expect("a request");
    assert_eq!((read.n_records, read.rejected.len(), read.rejected[0].reason.name()), (2, 1, "Oversized"));
}

/// Checks that every record of a request is in tables or rejected, and none is both.
fn check(body: &[u8], encoding: Encoding, signal: Signal) -> Result<(), TestCaseError> {
    let Ok(read) = read(body, encoding, signal, ARRIVAL) else { return Ok(()) };
    let taken: BTreeSet<u64> = read.tables.values().flat_map(|rows| rows.origins.iter().copied()).collect();
    let rejected: BTreeSet<u64> = read.rejected.iter().map(|rejected| rejected.position).collect();
    prop_assert_eq!(rejected.len(), read.rejected.len());
    prop_assert!(taken.is_disjoint(&rejected));
    let all: BTreeSet<u64> = taken.union(&rejected).copied().collect();
    prop_assert_eq!(all, (0..read.n_records).collect::<BTreeSet<u64>>());
    for rows in read.tables.values() {
        prop_assert_eq!(rows.body.lines().count(), rows.origins.len());
        for row in rows.body.lines() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(row).is_ok(), "{}", row);
        }
    }
    Ok(())
}

const SIGNALS: [(Signal, &str); 3] = [
    (Signal::Logs, include_str!("otlp/logs.json")),
    (Signal::Metrics, include_str!("otlp/metrics.json")),
    (Signal::Traces, include_str!("otlp/traces.json")),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_is_sent_is_taken_or_rejected(
        which in 0_usize..3,
        as_json: bool,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let (signal, json) = SIGNALS[which];
        let (mut body, encoding) = match as_json {
            true => (json.as_bytes().to_vec(), Encoding::Json),
            false => (protobuf_of(json, signal), Encoding::Protobuf),
        };
        for (place, byte) in changes {
            let place = place.index(body.len());
            body[place] = byte;
        }
        if let Some(end) = end {
            body.truncate(end.index(body.len()));
        }
        check(&body, encoding, signal)?;
        // A body that is of another signal.
        check(&body, encoding, SIGNALS[(which + 1) % 3].0)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0_usize..3) {
        check(&bytes, Encoding::Protobuf, SIGNALS[which].0)?;
        check(&bytes, Encoding::Json, SIGNALS[which].0)?;
    }
}
