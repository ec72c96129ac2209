//! What the endpoints do: what a query sees, whom they answer, and what they leave behind.

mod common;

use api_monitor::Limits;
use common::{PROD, RESOURCE, Server, TEST};
use serde_json::{Value, json};

fn start() -> Server {
    Server::start(Limits::default())
}

/// Returns the rows of the first table.
fn rows(reply: &common::Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["tables"][0]["rows"].clone()
}

#[test]
fn a_timespan_is_what_every_table_is_seen_through() {
    let server = start();
    let count = |query: &str, timespan: Value| {
        rows(&server.ask(json!({ "query": query, "timespan": timespan }), ""))[0][0].clone()
    };
    assert_eq!(count("Events | count", Value::Null), 3);
    assert_eq!(count("Events | count", json!("P1D")), 2);
    assert_eq!(count("Events | count", json!("PT0S")), 1);
    assert_eq!(count("Events | count", json!("2026-05-28/2026-05-29")), 1);
    assert_eq!(count("Events | count", json!("2026-05-28T12:00:00Z/P1D")), 1);
    assert_eq!(count("Events | count", json!("P1D/2026-05-28T12:00:00Z")), 1);
    // Together with what the query says itself, in every place where a table stands.
    assert_eq!(count("Events | where TimeGenerated < datetime(2026-05-31T11:30:00Z) | count", json!("P1D")), 1);
    assert_eq!(count("let E = Events; E | join kind=inner Events on N | count", json!("P1D")), 2);
    assert_eq!(count("union withsource=T * | count", json!("P1D")), 3);
    assert_eq!(count("search '*' | count", json!("P1D")), 3);
    assert_eq!(count("print toscalar(Events | count)", json!("P1D")), 2);
    // A table without a time is seen whole.
    assert_eq!(count("Plain | count", json!("P1D")), 1);
}

#[test]
fn a_resource_query_sees_what_is_about_the_resource() {
    let server = start();
    let ask = |token: &str, id: &str, query: &str| {
        let token = format!("Bearer {token}");
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
        server.call("POST", &format!("/v1{id}/query"), &headers, &json!({ "query": query }).to_string())
    };
    let list = "Events | sort by N asc | project N";
    // In all workspaces that the token may read; `broken` cannot be read.
    assert_eq!(rows(&ask(&server.reader, RESOURCE, list)), json!([[1], [2]]));
    assert_eq!(rows(&ask(&server.reader, &RESOURCE.to_lowercase(), list)), json!([[1], [2]]));
    assert_eq!(rows(&ask(&server.reader, "/subscriptions/s1/resourceGroups/rg", list)), json!([[1], [2], [3]]));
    assert_eq!(rows(&ask(&server.reader, "/subscriptions/s2", list)), json!([]));
    // Of a table that says no resource, nothing.
    assert_eq!(rows(&ask(&server.reader, RESOURCE, "Plain | count")), json!([[0]]));
    // The id of a workspace asks the workspace.
    let workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/prod";
    assert_eq!(rows(&ask(&server.reader, workspace, list)), json!([[1], [2], [3]]));
    let other = workspace.replace("/prod", "/test");
    assert_eq!(ask(&server.reader, &other, list).json()["error"]["code"], "InsufficientAccessError");
    assert_eq!(ask(&server.reader, "/subscriptions/s/nonsense", list).status, 200);
    let no_query = server.call("POST", "/v1/subscriptions/s/other", &[("x-api-key", &server.reader)], "{}");
    assert_eq!((no_query.status, no_query.json()["error"]["code"].as_str()), (404, Some("PathNotFoundError")));
}

#[test]
fn several_workspaces_are_asked_together_or_by_name() {
    let server = start();
    let ask = |token: &str, query: &str, workspaces: Value| {
        let token = format!("Bearer {token}");
        let headers = [("Authorization", token.as_str())];
        let body = json!({ "query": query, "workspaces": workspaces }).to_string();
        server.call("POST", &format!("/v1/workspaces/{PROD}/query"), &headers, &body)
    };
    let list = "Events | sort by N asc | project N";
    assert_eq!(rows(&ask(&server.owner, list, json!([TEST]))), json!([[1], [2], [3], [100], [101], [102]]));
    assert_eq!(rows(&ask(&server.owner, list, json!(["test", PROD]))).as_array().map(Vec::len), Some(6));
    let named = |workspace: &str| format!("workspace(\"{workspace}\").Events | summarize sum(N)");
    for workspace in
        ["test", TEST, "/subscriptions/s/resourceGroups/g/providers/microsoft.operationalinsights/workspaces/test"]
    {
        assert_eq!(rows(&ask(&server.owner, &named(workspace), Value::Null)), json!([[303]]), "{workspace}");
    }
    let both = "union Events, workspace('test').Events | summarize sum(N)";
    assert_eq!(rows(&ask(&server.owner, both, Value::Null)), json!([[309]]));
    assert_eq!(rows(&ask(&server.owner, "union workspace('test').Ev* | count", Value::Null)), json!([[3]]));
    let records = server.sink.wait_for(7);
    let last: Vec<&str> = records[5..7].iter().map(|record| record.workspace.as_str()).collect();
    assert!(last.contains(&"test"), "{last:?}");

    // Who may not read a workspace cannot name it either, and it is written down that they tried.
    let refused = ask(&server.reader, &named("test"), Value::Null);
    assert_eq!((refused.status, refused.json()["error"]["code"].as_str()), (400, Some("BadArgumentError")));
    assert!(refused.body.contains("may not query the workspace `test`") && !refused.body.contains("303"));
    assert_eq!(ask(&server.reader, list, json!(["test"])).status, 403);
    assert!(ask(&server.owner, &named("none"), Value::Null).body.contains("VQ016"));
    assert!(ask(&server.owner, "workspace('test').Nothing", Value::Null).body.contains("KS142"));
    assert_eq!(ask(&server.owner, list, json!(["none"])).json()["error"]["code"], "WorkspaceNotFoundError");
}

#[test]
fn every_query_leaves_a_record_before_its_answer() {
    let server = start();
    assert_eq!(server.ask(json!({ "query": "Events | take 2" }), "").status, 200);
    assert_eq!(server.ask(json!({ "query": "Nowhere" }), "").status, 400);
    assert_eq!(server.ask(json!({}), "").status, 400);
    let found: Vec<_> = server
        .sink
        .records()
        .iter()
        .map(|r| (r.response_code, r.workspace.clone(), r.query.clone(), r.response_rows))
        .collect();
    let expected = [
        (200, "prod".to_string(), "Events | take 2".to_string(), Some(2)),
        (400, "prod".to_string(), "Nowhere".to_string(), None),
        (400, String::new(), String::new(), None),
    ];
    assert_eq!(found, expected);
    server.sink.refuse();
    for query in ["Events", "Nowhere"] {
        let reply = server.ask(json!({ "query": query }), "");
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{query}");
        assert!(!reply.body.contains("TimeGenerated"));
    }
}

#[test]
fn too_many_requests_and_long_queries_are_told() {
    let server = Server::start(Limits { requests_per_window: 3, ..Limits::default() });
    let slow = "range x from 1 to 1000000000000 step 1 | where x < 0 | count";
    let reply = server.ask(json!({ "query": slow }), "wait=1");
    assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (504, Some("GatewayTimeout")));
    let reply = server.ask(json!({ "query": format!("print toscalar({slow})") }), "wait=1");
    assert_eq!(reply.status, 504, "{}", reply.body);
    assert_eq!(server.ask(json!({ "query": "print 1" }), "").status, 200);
    let reply = server.ask(json!({ "query": "print 1" }), "");
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("31")));
    assert_eq!(reply.json()["error"]["code"], "ThrottledError");
    // Whoever else asks is answered.
    let token = format!("Bearer {}", server.owner);
    let path = format!("/v1/workspaces/{PROD}/query?query=print%201");
    assert_eq!(server.call("GET", &path, &[("Authorization", &token)], "").status, 200);
}

#[test]
fn limits_and_settings_bound_an_answer_and_say_so() {
    let server = Server::start(Limits { rows_max: 1000, bytes_max: 20_000, ..Limits::default() });
    let ask = |query: &str| server.ask(json!({ "query": query }), "").json();
    let partial =
        |answer: &Value| (answer["tables"][0]["rows"].as_array().map_or(0, Vec::len), answer["error"]["code"].clone());
    assert_eq!(partial(&ask("range x from 1 to 2000 step 1")), (1000, json!("PartialError")));
    assert_eq!(partial(&ask("set truncationmaxrecords=2; range x from 1 to 10 step 1")), (2, json!("PartialError")));
    assert_eq!(partial(&ask("set truncationmaxrecords=1000000; range x from 1 to 2000 step 1")).0, 1000);
    assert_eq!(partial(&ask("set query_take_max_records=3; range x from 1 to 10 step 1")), (3, Value::Null));
    let long = ask("range x from 1 to 900 step 1 | extend s = strrep('long', 100)");
    assert!(long["error"]["details"][0]["innererror"]["message"].as_str().unwrap().contains("20000 bytes"), "{long}");
    let batch = json!({ "requests": [
        { "id": "1", "workspace": PROD, "body": { "query": "range x from 1 to 900 step 1 | extend s = strrep('long', 100)" } },
        { "id": "2", "workspace": PROD, "body": { "query": "range x from 1 to 900 step 1" } },
    ] });
    let token = format!("Bearer {}", server.owner);
    let reply = server.call("POST", "/v1/$batch", &[("Authorization", &token)], &batch.to_string());
    let second = &reply.json()["responses"][1]["body"];
    assert_eq!(second["error"]["code"], "PartialError", "the answers of a batch share their room");
}
