//! OTLP over HTTP and gRPC against a server: who may, what clients are told, limits.

mod common;

use std::io::Write;

use api_ingest::Limits;
use common::Server;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use serde_json::json;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};

const LOGS: &str = include_str!("otlp/logs.json");
const METRICS: &str = include_str!("otlp/metrics.json");
const TRACES: &str = include_str!("otlp/traces.json");
const BROKEN: &str = include_str!("otlp/logs_broken.json_only");
const PROTOBUF: &str = "application/x-protobuf";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn logs() -> ExportLogsServiceRequest {
    serde_json::from_str(LOGS).expect("a request")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("packed")
}

#[test]
fn all_signals_come_in_over_http_in_both_encodings() {
    let server = Server::start(Limits::default());
    let token = bearer(&server.publisher);
    let post = |path: &str, media: &str, body: &[u8]| {
        let headers = [("Authorization", token.as_str()), ("Content-Type", media)];
        let reply = server.call("POST", path, &headers, body);
        assert_eq!(reply.header("content-type"), Some(media));
        (reply.status, reply.body)
    };
    for (path, body) in [("/v1/logs", LOGS), ("/v1/metrics", METRICS), ("/v1/traces", TRACES)] {
        assert_eq!(post(path, "application/json", body.as_bytes()), (200, "{}".to_string()), "{path}");
    }
    assert_eq!(post("/v1/logs", PROTOBUF, &logs().encode_to_vec()), (200, String::new()));
    let found = ["AppTraces", "AppExceptions", "AppRequests", "AppDependencies", "AppMetrics", "VidimusQuarantine"];
    assert_eq!(found.map(|table| server.records(table)), [9, 1, 2, 6, 7, 0]);
}

#[test]
fn half_a_request_is_kept_and_the_rest_is_in_the_quarantine() {
    let server = Server::start(Limits::default());
    let token = bearer(&server.publisher);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json; charset=utf-8")];
    let reply = server.call("POST", "/v1/logs", &headers, BROKEN.as_bytes());
    assert_eq!(reply.status, 200);
    let partial = &reply.json()["partialSuccess"];
    let n_rejected: u64 = partial["rejectedLogRecords"].as_str().and_then(|n| n.parse().ok()).expect("a number");
    assert!(partial["errorMessage"].as_str().is_some_and(|text| text.contains("VidimusQuarantine")), "{partial}");
    assert_eq!((server.records("AppTraces"), n_rejected, server.records("VidimusQuarantine")), (3, 13, 13));
    let metrics = include_str!("otlp/metrics_broken.json_only");
    let reply = server.call("POST", "/v1/metrics", &headers, metrics.as_bytes());
    assert_eq!((reply.status, reply.json()["partialSuccess"]["rejectedDataPoints"].as_str()), (200, Some("4")));
    // Values that are no numbers are values of the column.
    assert_eq!((server.records("AppMetrics"), server.records("VidimusQuarantine")), (2, 17));
    // A record that is longer as a row than a record may be; and one that is broken on the wire.
    let long = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"{}"}}}},{{}}]}}]}}]}}"#,
        "x".repeat((1 << 20) - 60)
    );
    let reply = server.call("POST", "/v1/logs", &headers, long.as_bytes());
    assert_eq!((reply.status, reply.json()["partialSuccess"]["rejectedLogRecords"].as_str()), (200, Some("1")));
    let mut broken = logs();
    broken.resource_logs[0].scope_logs[0].log_records.truncate(1);
    broken.resource_logs[0].scope_logs[0].log_records[0].severity_text = "BROKEN".to_string();
    let mut bytes = broken.encode_to_vec();
    let at = bytes.windows(6).position(|window| window == b"BROKEN").expect("the text");
    bytes[at] = 0xff;
    let headers = [("Authorization", token.as_str()), ("Content-Type", PROTOBUF), ("Content-Encoding", "gzip")];
    let reply = server.call("POST", "/v1/logs", &headers, &gzip(&bytes));
    let answer = ExportLogsServiceResponse::decode(reply.bytes.as_slice()).expect("an answer");
    assert_eq!((reply.status, answer.partial_success.map(|partial| partial.rejected_log_records)), (200, Some(1)));
    assert_eq!(server.records("VidimusQuarantine"), 19);
}

#[test]
fn refusals_say_what_is_wrong_and_whether_to_come_again() {
    let server = Server::start(Limits { otlp_bytes_max: 50_000, ..Limits::default() });
    let (publisher, reader) = (bearer(&server.publisher), bearer(&server.reader));
    let post = |headers: &[(&str, &str)], body: &[u8]| {
        let reply = server.call("POST", "/v1/logs", headers, body);
        (reply.status, reply.json())
    };
    let json = ("Content-Type", "application/json");
    let of = |token: &'static str| ("Authorization", token);
    let refused = |code: i32, message: &str| json!({ "code": code, "message": message });
    assert_eq!(
        post(&[json], b"{}"),
        (401, refused(16, "the request carries no token; send `Authorization: Bearer <token>`"))
    );
    assert_eq!(post(&[json, of("Bearer x")], b"{}").0, 401);
    assert_eq!(
        post(&[json, ("Authorization", &reader)], b"{}"),
        (403, refused(7, "the token may not hand in records in any workspace"))
    );
    let named = |name| [json, ("Authorization", publisher.as_str()), ("x-vidimus-workspace", name)];
    assert_eq!(
        post(&named("other"), b"{}"),
        (403, refused(7, "the token may not hand in records in the workspace `other`"))
    );
    assert_eq!(post(&named("MAIN"), b"{}"), (200, json!({})));
    let mine = ("Authorization", publisher.as_str());
    assert_eq!(post(&[mine, ("Content-Type", "text/plain")], b"{}").0, 415);
    assert_eq!(post(&[mine, json], b"nonsense").1["code"], 3);
    assert_eq!(post(&[mine, json, ("Content-Encoding", "gzip")], b"{}"), (400, refused(3, "the body is no gzip")));
    let bomb = gzip(&vec![b' '; 10_000_000]);
    assert!(bomb.len() < 50_000);
    let too_large = (413, refused(8, "the request's body is larger than 50000 bytes"));
    assert_eq!(post(&[mine, json, ("Content-Encoding", "gzip")], &bomb), too_large);
    assert_eq!(post(&[mine, json], &vec![b' '; 60_000]), too_large);
    assert_eq!(server.call("GET", "/v1/logs", &[mine], b"").status, 405);

    let crowded = Server::start(Limits { requests_max: 0, ..Limits::default() });
    let token = bearer(&crowded.publisher);
    let reply = crowded.call("POST", "/v1/traces", &[("Authorization", &token), json], b"{}");
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
    let retry = json!([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s" }]);
    assert_eq!((&reply.json()["code"], &reply.json()["details"]), (&json!(8), &retry));
    let reply = crowded.call("POST", "/v1/traces", &[("Authorization", &token), ("Content-Type", PROTOBUF)], b"");
    assert_eq!((reply.status, reply.bytes.starts_with(b"\x08\x08\x12")), (429, true));
}

/// Runs something that waits.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", bearer(token).parse().expect("metadata"));
    request
}

#[test]
fn all_signals_come_in_over_grpc() {
    let server = Server::start(Limits::default());
    let url = format!("http://{}", server.grpc);
    wait(async {
        let mut client = LogsServiceClient::connect(url.clone()).await.expect("a connection");
        let answer = client.export(with_token(logs(), &server.publisher)).await.expect("an answer");
        assert_eq!(answer.into_inner().partial_success, None);
        let mut client = client.send_compressed(CompressionEncoding::Gzip);
        client.export(with_token(logs(), &server.publisher)).await.expect("an answer");
        let mut client = MetricsServiceClient::connect(url.clone()).await.expect("a connection");
        let metrics: ExportMetricsServiceRequest = serde_json::from_str(METRICS).expect("a request");
        client.export(with_token(metrics, &server.publisher)).await.expect("an answer");
        let mut client = TraceServiceClient::connect(url).await.expect("a connection");
        let mut traces: ExportTraceServiceRequest = serde_json::from_str(TRACES).expect("a request");
        let long = "x".repeat(1 << 20);
        traces.resource_spans[0].scope_spans[0].spans[1].name = long;
        let answer = client.export(with_token(traces, &server.publisher)).await.expect("an answer");
        let partial = answer.into_inner().partial_success.expect("a part");
        assert_eq!(partial.rejected_spans, 1);
        assert!(partial.error_message.contains("a record may have"), "{}", partial.error_message);
    });
    let found = ["AppTraces", "AppExceptions", "AppRequests", "AppDependencies", "AppMetrics", "VidimusQuarantine"];
    assert_eq!(found.map(|table| server.records(table)), [9, 1, 2, 5, 7, 1]);
}

#[test]
fn refusals_over_grpc_have_a_status_and_say_whether_to_come_again() {
    let server = Server::start(Limits { otlp_bytes_max: 50_000, ..Limits::default() });
    let crowded = Server::start(Limits { requests_max: 0, ..Limits::default() });
    wait(async {
        let mut client = LogsServiceClient::connect(format!("http://{}", server.grpc)).await.expect("a connection");
        let status = client.export(logs()).await.expect_err("a refusal");
        assert_eq!(status.code(), Code::Unauthenticated);
        let status = client.export(with_token(logs(), &server.reader)).await.expect_err("a refusal");
        let expected = "the token may not hand in records in any workspace";
        assert_eq!((status.code(), status.message()), (Code::PermissionDenied, expected));
        let mut request = with_token(logs(), &server.publisher);
        request.metadata_mut().insert("x-vidimus-workspace", "other".parse().expect("metadata"));
        assert_eq!(client.export(request).await.expect_err("a refusal").code(), Code::PermissionDenied);
        let mut large = logs();
        large.resource_logs[0].schema_url = "x".repeat(60_000);
        let status = client.export(with_token(large.clone(), &server.publisher)).await.expect_err("a refusal");
        assert_eq!((status.code(), retry_info(status.details())), (Code::ResourceExhausted, false));
        // What is small only while it is packed.
        let mut packed = client.clone().send_compressed(CompressionEncoding::Gzip);
        let status = packed.export(with_token(large, &server.publisher)).await.expect_err("a refusal");
        assert_eq!((status.code(), retry_info(status.details())), (Code::ResourceExhausted, false));
        // The connection goes on.
        client.export(with_token(logs(), &server.publisher)).await.expect("an answer");

        let mut client = LogsServiceClient::connect(format!("http://{}", crowded.grpc)).await.expect("a connection");
        let status = client.export(with_token(logs(), &crowded.publisher)).await.expect_err("a refusal");
        assert_eq!((status.code(), retry_info(status.details())), (Code::ResourceExhausted, true));
    });
}

fn retry_info(details: &[u8]) -> bool {
    let name = b"google.rpc.RetryInfo";
    details.windows(name.len()).any(|window| window == name)
}
