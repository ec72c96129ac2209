//! The Management Activity API: what comes into the log is in exactly one blob, for whoever may have it.

use std::collections::BTreeSet;

use api_office::Limits;
use schema::ticks;
use serde_json::{Value, json};

use crate::common::{PROD, Server, TEST};

const KINDS: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];

fn path(rest: &str) -> String {
    format!("/api/v1.0/{PROD}/activity/feed/{rest}")
}

fn content(kind: &str) -> String {
    path(&format!("subscriptions/content?contentType={kind}"))
}

fn start(server: &Server, kind: &str) {
    let reply = server.post(&path(&format!("subscriptions/start?contentType={kind}")), "");
    assert_eq!(reply.status, 200, "{}", reply.body);
}

/// A record that says that it happened at some time.
fn record(id: &str, workload: &str, kind: u16, time: &str) -> Value {
    json!({ "Id": id, "RecordType": kind, "CreationTime": time, "Operation": "Op", "OrganizationId": TEST, "UserType": 0,
        "UserKey": "k", "Workload": workload, "UserId": "ann@contoso.com" })
}

/// Returns the ids of all blobs of an address and the pages after it.
fn blobs(server: &Server, first: &str) -> Vec<Value> {
    let (mut found, mut next) = (Vec::new(), Some(first.to_string()));
    while let Some(address) = next {
        let reply = server.get(&address);
        assert_eq!(reply.status, 200, "{}", reply.body);
        found.extend(reply.json().as_array().cloned().unwrap_or_default());
        next = reply.header("nextpageuri").map(str::to_string);
    }
    found
}

fn ids(server: &Server, blob: &Value) -> Vec<String> {
    let reply = server.get(blob["contentUri"].as_str().unwrap_or_default());
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.each("Id").iter().map(|id| id.as_str().unwrap_or_default().to_string()).collect()
}

/// Polls with windows that follow one another while records of any time come in: each is found once, in one type's content.
#[test]
fn what_comes_in_is_found_once_whenever_it_happened() {
    let server = Server::start(Limits { blobs_max: 2, ..Limits::default() });
    server.import("office_management", &record("before", "Exchange", 2, "2026-05-01T00:00:00").to_string());
    KINDS.iter().for_each(|kind| start(&server, kind));
    let workloads = [
        ("Exchange", 2),
        ("SharePoint", 6),
        ("OneDrive", 6),
        ("AzureActiveDirectory", 8),
        ("Exchange", 13),
        ("PowerBI", 20),
        ("CRM", 21),
    ];
    let mut sent = BTreeSet::new();
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut all: Vec<Value> = Vec::new();
    // Times as requests say them, to the second.
    let mut window = "2026-05-31T12:00:00".to_string();
    for round in 0..8_u32 {
        for batch in 0..3 {
            let n_records = if round == 2 { 700 } else { 7 };
            let lines: Vec<String> = (0..n_records)
                .map(|n| {
                    let (workload, kind) = workloads[(n + batch) as usize % workloads.len()];
                    let id = format!("{round}-{batch}-{n}");
                    sent.insert(id.clone());
                    // Some long ago, some in the future.
                    let time = ["2026-05-31T11:59:00", "2020-01-01T00:00:00", "2026-06-30T00:00:00"][(n % 3) as usize];
                    record(&id, workload, kind, time).to_string()
                })
                .collect();
            server.import("office_management", &lines.join("\n"));
        }
        server.watch.forward(ticks::MINUTE);
        let end = format!("2026-05-31T12:{:02}:01", round + 1);
        for kind in KINDS {
            let address = format!("{}&startTime={window}&endTime={end}", content(kind));
            for blob in blobs(&server, &address) {
                assert_eq!(blob["contentType"], *kind);
                seen.extend(ids(&server, &blob).into_iter().map(|id| (id, kind.to_string())));
                all.push(blob);
            }
        }
        window = end;
    }
    let found: BTreeSet<String> = seen.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(found.len(), seen.len(), "none twice");
    assert_eq!(found, sent, "all of them, and nothing of before the subscription");
    let of = |id: &str| seen.iter().find(|(found, _)| found == id).map(|(_, kind)| kind.as_str());
    let expected = [
        "Audit.Exchange",
        "Audit.SharePoint",
        "Audit.SharePoint",
        "Audit.AzureActiveDirectory",
        "DLP.All",
        "Audit.General",
        "Audit.General",
    ];
    for (n, kind) in expected.iter().enumerate() {
        assert_eq!(of(&format!("0-0-{n}")), Some(*kind));
    }
    // The same id gives the same records, as long as it lasts, also from files.
    server.vault.flush().unwrap();
    let before = ids(&server, &all[0]);
    server.watch.forward(7 * ticks::DAY - 9 * ticks::MINUTE);
    assert_eq!(ids(&server, &all[0]), before);
    server.watch.forward(9 * ticks::MINUTE);
    let late = server.get(all[0]["contentUri"].as_str().unwrap_or_default());
    assert_eq!(late.code(), (400, "AF20051".to_string()));
}

#[test]
fn a_subscription_is_its_holder_s_and_begins_and_ends_with_a_record() {
    let server = Server::start(Limits::default());
    let owner = |method: &str, rest: &str| {
        server.call(method, &path(rest), &[("Authorization", &format!("Bearer {}", server.owner))], "")
    };
    start(&server, "Audit.General");
    assert_eq!(server.post(&path("subscriptions/start?contentType=audit.general"), "").code(), (400, "AF20024".into()));
    assert_eq!(server.get(&path("subscriptions/list")).each("contentType"), ["Audit.General"]);
    assert_eq!(owner("GET", "subscriptions/list").json(), json!([]));
    assert_eq!(owner("GET", "subscriptions/content?contentType=Audit.General").code(), (400, "AF20022".into()));
    assert_eq!(server.get(&path("subscriptions/notifications?contentType=Audit.General")).json(), json!([]));
    assert_eq!(server.post(&path("subscriptions/stop?contentType=Audit.General"), "").status, 200);
    assert_eq!(server.get(&path("subscriptions/list")).json(), json!([]));
    assert_eq!(server.post(&path("subscriptions/stop?contentType=Audit.General"), "").code(), (400, "AF20022".into()));
    let acts: Vec<_> =
        server.sink.acts().iter().map(|act| (act.operation.name(), act.status.names().0, act.caller.clone())).collect();
    let (begin, end, siem) =
        ("Start Subscription to Audit Feed", "Stop Subscription to Audit Feed", || "siem".to_string());
    let expected = [
        (begin, "Started", siem()),
        (begin, "Succeeded", siem()),
        (begin, "Started", siem()),
        (begin, "Failed", siem()),
        (end, "Started", siem()),
        (end, "Succeeded", siem()),
        (end, "Started", siem()),
        (end, "Failed", siem()),
    ];
    assert_eq!(acts, expected);
    server.sink.refuse();
    let reply = server.post(&path("subscriptions/start?contentType=Audit.General"), "");
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
}

#[test]
fn content_is_its_workspace_s_and_cannot_be_made_up() {
    let server = Server::start(Limits::default());
    start(&server, "Audit.Exchange");
    server.import("office_management", &record("a", "Exchange", 2, "2026-05-01T00:00:00").to_string());
    let blob = blobs(&server, &content("Audit.Exchange")).remove(0);
    let id = blob["contentId"].as_str().unwrap_or_default();
    assert_eq!(ids(&server, &blob), ["a"]);
    let other = format!("/api/v1.0/{TEST}/activity/feed/audit/{id}");
    let owner = format!("Bearer {}", server.owner);
    assert_eq!(server.get(&other).code(), (403, "AF20010".into()));
    assert_eq!(server.call("GET", &other, &[("Authorization", &owner)], "").code(), (400, "AF20050".into()));
    let changed = id.replace("$exo$", "$gen$");
    assert_eq!(server.get(&path(&format!("audit/{changed}"))).code(), (400, "AF20050".into()));
    assert_eq!(server.get(&path("audit/x")).code(), (400, "AF20052".into()));
    // Every read left a record with its query.
    let asked = server.sink.queries();
    assert!(asked.iter().any(|record| record.workspace == "prod"
        && record.query.contains("OfficeActivity")
        && record.response_rows == Some(1)));
    server.sink.refuse();
    assert_eq!(server.get(blob["contentUri"].as_str().unwrap_or_default()).status, 503);
}

#[test]
fn too_many_requests_are_told() {
    let server = Server::start(Limits { requests_per_window: 2, ..Limits::default() });
    let list = || server.get(&format!("{}?PublisherIdentifier={TEST}", path("subscriptions/list")));
    assert_eq!((list().status, list().status), (200, 200));
    let reply = list();
    assert_eq!((reply.code(), reply.header("retry-after")), ((429, "AF429".to_string()), Some("61")));
}
