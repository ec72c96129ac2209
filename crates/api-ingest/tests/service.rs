//! What the endpoints do beside answering: records kept, acts written down, limits.

mod common;

use api_ingest::Limits;
use audit::{ActivityStatus, Operation};
use common::{DATE, RULE, Server, rule, signed};
use serde_json::json;

const UPLOAD: &str =
    "/dataCollectionRules/dcr-00000000000000000000000000000001/streams/Custom-App?api-version=2023-01-01";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn operations(server: &Server) -> Vec<(Operation, ActivityStatus)> {
    server.sink.records.lock().expect("not poisoned").iter().map(|r| (r.operation, r.status)).collect()
}

#[test]
fn half_a_batch_is_kept_and_the_rest_is_in_the_quarantine() {
    let server = Server::start(Limits::default());
    let token = bearer(&server.publisher);
    let headers =
        [("Authorization", token.as_str()), ("Content-Type", "application/json"), ("x-ms-client-request-id", "r1")];
    let body = json!([{ "Name": "a", "N": 1 }, "no record", { "Name": "b", "N": 13 }]).to_string();
    for _ in 0..2 {
        let reply = server.call("POST", UPLOAD, &headers, body.as_bytes());
        assert_eq!((reply.status, reply.body.as_str(), reply.header("vidimus-rejected")), (204, "", Some("1")));
    }
    assert_eq!((server.records("App_CL"), server.records("VidimusQuarantine")), (1, 1));
}

#[test]
fn a_rule_s_minute_is_bounded() {
    let server = Server::start(Limits { rule_per_minute: (2, 1 << 20), ..Limits::default() });
    let token = bearer(&server.publisher);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    let statuses: Vec<u16> = (0..3).map(|_| server.call("POST", UPLOAD, &headers, b"[]").status).collect();
    assert_eq!(statuses, [204, 204, 429]);
    let reply = server.call("POST", UPLOAD, &headers, b"[]");
    assert!(reply.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok()).is_some_and(|n| n <= 61));
}

#[test]
fn a_rule_is_changed_by_who_may_and_that_is_written_down_first() {
    let server = Server::start(Limits::default());
    let (owner, publisher) = (bearer(&server.owner), bearer(&server.publisher));
    let document = rule().to_string();
    let path = format!("{}?api-version=2023-03-11", RULE.replace("resourceGroups", "resourcegroups"));
    let put = |token: &str| server.call("PUT", &path, &[("Authorization", token)], document.as_bytes());
    assert_eq!(put(&publisher).status, 403);
    assert!(operations(&server).is_empty());
    let reply = put(&owner);
    assert_eq!((reply.status, reply.json()["properties"]["provisioningState"].as_str()), (200, Some("Succeeded")));
    use ActivityStatus as S;
    assert_eq!(
        operations(&server),
        [(Operation::WriteCollectionRule, S::Started), (Operation::WriteCollectionRule, S::Succeeded)]
    );
    let said = server.sink.records.lock().expect("not poisoned")[0].properties.clone();
    assert!(said.iter().any(|(name, value)| name == "rule" && *value == document));
    *server.sink.room.lock().expect("not poisoned") = 0;
    assert_eq!(server.call("DELETE", &path, &[("Authorization", &owner)], b"").status, 503);
    assert_eq!(server.call("GET", &path, &[("Authorization", &owner)], b"").status, 200);
    *server.sink.room.lock().expect("not poisoned") = usize::MAX;
    assert_eq!(server.call("DELETE", &path, &[("Authorization", &owner)], b"").status, 200);
    assert_eq!(server.call("GET", &path, &[("Authorization", &owner)], b"").status, 404);
    assert_eq!(
        server
            .call("POST", UPLOAD, &[("Authorization", &publisher), ("Content-Type", "application/json")], b"[]")
            .status,
        404
    );
}

#[test]
fn the_use_of_a_key_is_written_down_and_so_are_the_columns_that_it_makes() {
    let server = Server::start(Limits::default());
    let post = |body: &str, date: &str| {
        let sign = signed(body.as_bytes(), "application/json", date);
        let headers = [
            ("Authorization", sign.as_str()),
            ("Content-Type", "application/json"),
            ("Log-Type", "App"),
            ("x-ms-date", date),
        ];
        server.call("POST", "/api/logs?api-version=2016-04-01", &headers, body.as_bytes())
    };
    assert_eq!(post(r#"[{"a":"x"},17,{"a":true}]"#, DATE).header("vidimus-rejected"), Some("1"));
    assert_eq!(post(r#"{"a":"y"}"#, DATE).status, 200);
    assert_eq!((server.records("App_CL"), server.records("VidimusQuarantine")), (3, 1));
    use ActivityStatus as S;
    let expected = [
        (Operation::UseSharedKey, S::Succeeded),
        (Operation::WriteTable, S::Started),
        (Operation::WriteTable, S::Succeeded),
    ];
    assert_eq!(operations(&server), expected);
    assert_eq!(post("[]", "Sun, 31 May 2026 12:15:00 GMT").status, 200);
    assert_eq!(post("[]", "Sun, 31 May 2026 12:15:01 GMT").status, 403);
    // Without a record of it, no key opens anything.
    let mute = Server::start(Limits::default());
    *mute.sink.room.lock().expect("not poisoned") = 0;
    let sign = signed(b"[]", "application/json", DATE);
    let headers = [
        ("Authorization", sign.as_str()),
        ("Content-Type", "application/json"),
        ("Log-Type", "App"),
        ("x-ms-date", DATE),
    ];
    assert_eq!(mute.call("POST", "/api/logs?api-version=2016-04-01", &headers, b"[]").status, 503);
}

#[test]
fn keys_are_managed_by_owners() {
    let server = Server::start(Limits::default());
    let (owner, reader) = (bearer(&server.owner), bearer(&server.reader));
    let path = "/v1/workspaces/main/sharedKeys";
    assert_eq!(server.call("GET", path, &[("Authorization", &reader)], b"").status, 403);
    let made = server.call("PUT", &format!("{path}/secondary"), &[("Authorization", &owner)], b"");
    assert_eq!(made.status, 200, "{}", made.body);
    let shown = server.call("GET", path, &[("Authorization", &owner)], b"").json();
    assert_eq!(shown["secondarySharedKey"], made.json()["key"]);
    let arm = "/subscriptions/s/resourcegroups/g/providers/Microsoft.OperationalInsights/workspaces/main/sharedKeys";
    assert_eq!(server.call("POST", arm, &[("Authorization", &owner)], b"").json(), shown);
    assert_eq!(server.call("DELETE", &format!("{path}/primary"), &[("Authorization", &owner)], b"").status, 200);
    assert_eq!(server.call("DELETE", &format!("{path}/primary"), &[("Authorization", &owner)], b"").status, 204);
    assert_eq!(server.call("PUT", &format!("{path}/third"), &[("Authorization", &owner)], b"").status, 400);
    let key = made.json()["key"].as_str().unwrap_or_default().to_string();
    let records = server.sink.records.lock().expect("not poisoned");
    assert!(records.iter().all(|record| !record.to_json().contains(&key)), "a key is in the log");
}
