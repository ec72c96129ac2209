//! What was taken in from Microsoft's APIs comes out again as it was.

use api_office::Limits;
use serde_json::{Map, Value, json};
use stdx::Rng;

use crate::common::{PROD, Server};

/// Texts that are easily mistaken for something else.
const TEXTS: [&str; 10] = [
    "ann@contoso.com",
    "0",
    "true",
    "[x]",
    "{\"a\":1}",
    "a\"b\\c\nd",
    "Grüße €😀",
    "2026-05-01T00:00:00",
    " x ",
    "null",
];

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    let n = rng.below(from.len() as u64) as usize;
    &from[n]
}

/// A record with some members of all kinds: those that have columns, under their own or another name, and those that have none.
fn record(rng: &mut Rng, n: usize) -> Map<String, Value> {
    let kinds = [1, 2, 4, 6, 8, 15, 20, 25, 40, 113, 999];
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| drop(record.insert(name.to_string(), value));
    put("Id", json!(format!("r{n}")));
    put("RecordType", json!(pick(rng, &kinds)));
    put("CreationTime", json!(format!("2026-05-01T09:30:{:02}", n % 60)));
    put("OrganizationId", json!(PROD));
    put("UserType", json!(rng.below(11)));
    for name in ["Operation", "UserKey", "Workload", "UserId"] {
        put(name, json!(pick(rng, &["Exchange", "x y", "ann@contoso.com"])));
    }
    let texts = [
        "ClientIP",
        "ObjectId",
        "ResultStatus",
        "Site",
        "SiteUrl",
        "SourceName",
        "ClientIPAddress",
        "EventData",
        "ItemType",
        "UserAgent",
        "TeamName",
        "NoColumn",
        "another",
    ];
    for name in texts {
        if rng.below(2) == 0 {
            put(name, json!(pick(rng, &TEXTS)));
        }
    }
    let lists = ["Parameters", "ExtendedProperties", "ModifiedProperties", "Actor", "Target", "AffectedItems", "Own"];
    for name in lists {
        if rng.below(3) == 0 {
            put(name, json!([{ "Name": pick(rng, &TEXTS), "Value": pick(rng, &TEXTS), "N": rng.below(9) }]));
        }
    }
    let others = [
        ("ExternalAccess", json!(rng.below(2) == 0)),
        ("AzureActiveDirectoryEventType", json!(1)),
        ("LogonType", json!(rng.below(3))),
        ("InternalLogonType", json!(0)),
        ("LoginStatus", json!(-2_147_217_390)),
        ("StartTime", json!("2026-05-01T09:00:00.123")),
        ("AppAccessContext", json!({ "AADSessionId": "s", "Nested": { "a": [1, 2.5, null, true] } })),
        ("IsManagedDevice", json!(true)),
        ("ElevationDuration", json!("not a number")),
        ("NoColumnNumber", json!(2.5)),
    ];
    for (name, value) in others {
        if rng.below(3) == 0 {
            put(name, value);
        }
    }
    record
}

#[test]
fn audit_records_come_out_with_the_members_they_went_in_with() {
    let server = Server::start(Limits::default());
    let feed = format!("/api/v1.0/{PROD}/activity/feed");
    let kinds = ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];
    for kind in kinds {
        assert_eq!(server.post(&format!("{feed}/subscriptions/start?contentType={kind}"), "").status, 200);
    }
    let mut rng = Rng::from_seed(7);
    let mut sent: Vec<Map<String, Value>> = (0..300).map(|n| record(&mut rng, n)).collect();
    let fixture: Value =
        serde_json::from_str(include_str!("../../../sources/fixtures/office_management/content.json")).unwrap();
    for (n, value) in fixture.as_array().unwrap().iter().enumerate() {
        let mut record = value.as_object().cloned().unwrap();
        // What the fixture rejects.
        if record.contains_key("CreationTime") {
            record.insert("Id".to_string(), json!(format!("f{n}")));
            sent.push(record);
        }
    }
    server.import("office_management", &Value::Array(sent.iter().cloned().map(Value::Object).collect()).to_string());
    let mut found = Map::new();
    for kind in kinds {
        for uri in server.get(&format!("{feed}/subscriptions/content?contentType={kind}")).each("contentUri") {
            for record in server.get(uri.as_str().unwrap()).json().as_array().unwrap() {
                assert!(found.insert(record["Id"].as_str().unwrap().to_string(), record.clone()).is_none());
            }
        }
    }
    assert_eq!(found.len(), sent.len());
    for record in sent {
        let id = record["Id"].as_str().unwrap();
        assert_eq!(found[id], Value::Object(record.clone()), "{id}");
    }
}

#[test]
fn the_directory_s_objects_come_out_with_the_members_they_went_in_with() {
    let server = Server::start(Limits::default());
    for (log, path) in [
        (include_str!("../../../sources/fixtures/entra/directory_audits.json"), "directoryAudits"),
        (include_str!("../../../sources/fixtures/entra/sign_ins.json"), "signIns"),
    ] {
        server.import("entra", log);
        let sent: Value = serde_json::from_str(log).unwrap();
        let found = server.get(&format!("/v1.0/auditLogs/{path}")).json();
        assert_eq!(found["value"].as_array().map(Vec::len), Some(1), "{found}");
        for (name, value) in sent["value"][0].as_object().unwrap() {
            let mut value = value.clone();
            if name == "initiatedBy" {
                // As Graph itself says it.
                value["app"] = Value::Null;
            }
            assert_eq!(found["value"][0][name], value, "{name}");
        }
    }
}
