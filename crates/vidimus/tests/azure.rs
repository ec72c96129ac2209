//! What Azure Monitor's clients need of a server: ids of workspaces, rules, keys, and the query API over what was taken.

mod common;

use common::{Server, run};
use serde_json::{Value, json};

const ID: &str = "11111111-2222-3333-4444-555555555555";
const RULE: &str = "dcr-00000000000000000000000000000001";

fn rule() -> Value {
    json!({ "name": "app", "location": "here", "properties": {
        "immutableId": RULE,
        "streamDeclarations": { "Custom-App": { "columns": [
            { "name": "TimeGenerated", "type": "datetime" }, { "name": "Name", "type": "string" },
        ] } },
        "destinations": { "logAnalytics": [{ "name": "w", "workspaceResourceId": "main" }] },
        "dataFlows": [{ "streams": ["Custom-App"], "destinations": ["w"], "transformKql": "source | where Name != 'no'", "outputStream": "Custom-App_CL" }],
    } })
}

#[test]
fn a_rule_takes_records_that_a_workspace_is_asked_for_by_its_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let file = folder.path().join("rule.json");
    std::fs::write(&file, rule().to_string()).expect("a file");
    let given = format!("main={ID}");
    {
        let server = Server::start(&data, &["--workspace", "main", "--workspace-id", &given]).expect("a server");
        let token = data.join("owner.token");
        let to = |words: &[&str]| {
            let token = token.to_str().expect("text");
            let mut all = words.to_vec();
            all.extend(["--server", &server.running.url, "--token-file", token]);
            run(&all)
        };
        let path = file.to_str().expect("text");
        assert_eq!(to(&["rule", "put", path]), (true, format!("{RULE}\n"), String::new()));
        assert_eq!(to(&["rule", "list"]).1, format!("{RULE}\tapp\tCustom-App\n"));
        let (is_set, key, _) = to(&["shared-key", "set", "primary"]);
        assert!(is_set && key.len() > 80, "{key}");
        assert_eq!(to(&["shared-key", "show"]).1, format!("primary\t{key}"));
        assert!(to(&["shared-key", "remove", "primary"]).0);
        assert_eq!(to(&["shared-key", "show"]).1, "");
        assert_eq!(server.get("/v1/workspaces/main")["id"], ID);
        server.stop();
    }
    // The id and the rule are kept.
    let server = Server::start(&data, &[]).expect("a server");
    let records = r#"[{"Name":"a"},{"Name":"no"},{"Name":"b"}]"#;
    let path = format!("/dataCollectionRules/{RULE}/streams/Custom-App?api-version=2023-01-01");
    let reply = server.call("POST", &path, &[("Content-Type", "application/json")], records);
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let body = json!({ "query": "App_CL | sort by Name asc | project Name", "timespan": "PT1H" }).to_string();
    let reply =
        server.call("POST", &format!("/v1/workspaces/{ID}/query"), &[("Content-Type", "application/json")], &body);
    assert_eq!(reply.json()["tables"][0]["rows"], json!([["a"], ["b"]]), "{}", reply.text);
    let asked =
        json!({ "query": "LAQueryLogs | where RequestTarget == '/v1/workspaces/query' | project ResponseCode" });
    let reply = server.call("POST", "/v1/workspaces/main/query", &[], &asked.to_string());
    assert_eq!(reply.json()["tables"][0]["rows"], json!([[200]]), "{}", reply.text);
    // Nothing was refused, and the table can be asked for all the same.
    let refused = json!({ "query": "VidimusQuarantine | where RawLength > 0 | count" }).to_string();
    let reply = server.call("POST", "/v1/workspaces/main/query", &[], &refused);
    assert_eq!(reply.json()["tables"][0]["rows"], json!([[0]]), "{}", reply.text);
    let acts = "AzureActivity | where ActivityStatusValue == 'Success' and OperationNameValue has_any ('ID', 'DATACOLLECTIONRULES', 'SHAREDKEYS') | summarize by OperationNameValue | count";
    let reply = server.call("POST", "/v1/workspaces/vidimus/query", &[], &json!({ "query": acts }).to_string());
    assert_eq!(reply.json()["tables"][0]["rows"], json!([[4]]), "{}", reply.text);
    server.stop();
}
