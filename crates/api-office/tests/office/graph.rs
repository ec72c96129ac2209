//! Microsoft Graph's audits, sign-ins and searches.

use std::time::{Duration, Instant};

use api_office::Limits;
use serde_json::{Value, json};

use crate::common::{Server, TEST};

fn audit(id: &str, time: &str, target: &str) -> String {
    json!({ "id": id, "category": "UserManagement", "correlationId": TEST, "result": "success", "resultReason": "",
        "activityDisplayName": "Add user", "activityDateTime": time, "loggedByService": "Core Directory", "operationType": "Add",
        "initiatedBy": { "user": { "id": "u", "userPrincipalName": "Ann@contoso.com" } },
        "targetResources": if target.is_empty() { json!([]) } else { json!([{ "id": "other" }, { "id": target, "displayName": "T" }]) },
        "additionalDetails": [] })
    .to_string()
}

fn list(server: &Server, filter: &str) -> Vec<Value> {
    let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let reply = server.get(&format!("/v1.0/auditLogs/directoryAudits?$filter={query}&$orderby=activityDateTime%20asc"));
    assert_eq!(reply.status, 200, "{filter}: {}", reply.body);
    reply.each("id")
}

#[test]
fn filters_keep_what_they_say() {
    let server = Server::start(Limits::default());
    let lines = [
        audit("a", "2026-05-01T00:00:00Z", "x"),
        audit("b", "2026-05-02T00:00:00Z", ""),
        audit("c", "2026-05-03T00:00:00Z", "y'\"\\"),
    ];
    server.import("entra", &lines.join("\n"));
    for (filter, expected) in [
        ("activityDateTime ge 2026-05-02T00:00:00Z", &["b", "c"][..]),
        ("activityDateTime gt 2026-05-01 and activityDateTime lt 2026-05-03", &["b"]),
        ("id eq 'a' or id eq 'C'", &["a", "c"]),
        ("not (id eq 'a')", &["b", "c"]),
        ("startswith(activityDisplayName,'add')", &["a", "b", "c"]),
        ("initiatedBy/user/userPrincipalName eq 'ann@contoso.com' and result eq 'failure'", &[]),
        ("initiatedBy/app/appId eq null", &["a", "b", "c"]),
        ("targetResources/any(t: t/id eq 'x')", &["a"]),
        ("targetResources/any(t:t/id eq 'y''\"\\')", &["c"]),
        ("targetResources/any()", &["a", "c"]),
        ("not targetResources/any(t: startswith(t/displayName,'T'))", &["b"]),
        ("targetResources/any(t: t/id eq 'x') or activityDateTime eq 2026-05-02T00:00:00Z", &["a", "b"]),
        ("category eq 'x\" or 1 == 1 //'", &[]),
    ] {
        assert_eq!(list(&server, filter), expected, "{filter}");
    }
    assert_eq!(server.get("/beta/auditlogs/directoryaudits/b").json()["id"], "b");
    assert_eq!(server.get("/v1.0/auditLogs/directoryAudits/none").code(), (404, "Request_ResourceNotFound".into()));
    assert_eq!(
        server.get("/v1.0/auditLogs/directoryAudits?$filter=nothing%20eq%201").code(),
        (400, "BadRequest".into())
    );
    let selected = server.get("/v1.0/auditLogs/directoryAudits?$top=1&$select=id,result").json()["value"].clone();
    assert_eq!(selected, json!([{ "id": "c", "result": "success" }]));
}

/// Records that come while somebody turns pages are on none of them.
#[test]
fn pages_are_of_one_moment() {
    let server = Server::start(Limits::default());
    for n in 0..7 {
        // Two of each time.
        server.import("entra", &audit(&format!("{n}"), &format!("2026-05-0{}T00:00:00Z", 1 + n / 2), ""));
    }
    let (mut seen, mut next) = (Vec::new(), Some("/v1.0/auditLogs/directoryAudits?$top=2".to_string()));
    while let Some(address) = next {
        let reply = server.get(&address);
        seen.extend(reply.each("id"));
        next = reply.json()["@odata.nextLink"].as_str().map(str::to_string);
        server.import("entra", &audit(&format!("late-{}", seen.len()), "2026-05-02T00:00:00Z", ""));
    }
    assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"]);
    assert_eq!(list(&server, "startswith(id,'late')").len(), 4);
}

#[test]
fn sign_ins_are_interactive_unless_others_are_asked_for() {
    let server = Server::start(Limits::default());
    let fixture = include_str!("../../../sources/fixtures/entra/PT1H.json");
    server.import("entra", fixture);
    let get = |filter: &str| server.get(&format!("/beta/auditLogs/signIns?{filter}"));
    assert_eq!(get("").each("isInteractive"), [json!(true)]);
    let reply = get("$filter=signInEventTypes/any(t:%20t%20eq%20'managedIdentity')");
    assert_eq!(
        (reply.each("id"), reply.each("signInEventTypes")),
        (vec![json!("m")], vec![json!(["managedIdentity"])]),
        "{}",
        reply.body
    );
    let reply = get("$filter=signInEventTypes/any(t:t%20ne%20'x')%20and%20status/errorCode%20eq%2050126");
    assert_eq!(reply.each("id").len(), 2, "{}", reply.body);
}

#[test]
fn the_workspace_is_the_token_s_or_named() {
    let server = Server::start(Limits::default());
    let owner = format!("Bearer {}", server.owner);
    let path = "/v1.0/auditLogs/signIns";
    let get = |path: &str, more: &[(&str, &str)]| {
        server.call("GET", path, &[&[("Authorization", owner.as_str())], more].concat(), "")
    };
    assert_eq!(get(path, &[]).code(), (400, "BadRequest".into()));
    assert_eq!(get(path, &[("x-vidimus-workspace", "test")]).status, 200);
    assert_eq!(get(&format!("/v1/workspaces/{TEST}/graph{path}"), &[]).status, 200);
    assert_eq!(get(path, &[("x-vidimus-workspace", "none")]).code(), (404, "Request_ResourceNotFound".into()));
    assert_eq!(server.get(path).status, 200);
    assert_eq!(
        server.get(&format!("/v1/workspaces/test/graph{path}")).code(),
        (403, "Authorization_RequestDenied".into())
    );
    assert_eq!(server.sink.queries().iter().filter(|record| record.response_code == 200).count(), 3);
}

#[test]
fn a_search_is_about_the_moment_it_was_made() {
    let server = Server::start(Limits { records_max: 2, ..Limits::default() });
    server.import("office_management", include_str!("../../../sources/fixtures/office_management/content.json"));
    let path = "/v1.0/security/auditLog/queries";
    let search = |body: Value| {
        let made = server.post(path, &body.to_string());
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.json()["id"].as_str().unwrap_or_default().to_string();
        let begun = Instant::now();
        loop {
            let status = server.get(&format!("{path}/{id}")).json()["status"].clone();
            if status == "succeeded" {
                return id;
            }
            assert!(status != "failed" && begun.elapsed() < Duration::from_secs(60), "{status}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let operations = |id: &str| {
        let (mut found, mut next) = (Vec::new(), Some(format!("{path}/{id}/records")));
        while let Some(address) = next {
            let reply = server.get(&address);
            assert_eq!(reply.status, 200, "{}", reply.body);
            found.extend(reply.each("operation").iter().map(|name| name.as_str().unwrap_or_default().to_string()));
            next = reply.json()["@odata.nextLink"].as_str().map(str::to_string);
        }
        found.sort();
        found
    };
    let all = search(json!({ "displayName": "all" }));
    let six = ["FileAccessed", "Get-Mailbox", "MailItemsAccessed", "New-InboxRule", "NewThing", "RetrieveMultiple"];
    assert_eq!(operations(&all), six);
    server.import("office_management", include_str!("../../../sources/fixtures/office_management/unified.json"));
    assert_eq!(operations(&all), six);
    for (filters, expected) in [
        (json!({ "recordTypeFilters": ["crm"], "operationFilters": ["RetrieveMultiple"] }), &["RetrieveMultiple"][..]),
        (
            json!({ "recordTypeFilters": ["exchangeAdmin", "dataCenterSecurityCmdlet"] }),
            &["Get-Mailbox", "New-InboxRule"],
        ),
        (json!({ "serviceFilter": "exchange", "ipAddressFilters": ["192.0.2.2"] }), &["MailItemsAccessed"]),
        (json!({ "keywordFilter": "ForwardTo" }), &["New-InboxRule"]),
        (
            json!({ "objectIdFilters": ["https://c.example/f.docx"], "userPrincipalNameFilters": ["ANN@contoso.com"] }),
            &["FileAccessed"],
        ),
        (json!({ "filterStartDateTime": "2026-05-02T00:00:00Z" }), &[]),
        (json!({ "administrativeUnitIdFilters": ["x"] }), &[]),
    ] {
        assert_eq!(operations(&search(filters.clone())), expected, "{filters}");
    }
    for body in [
        json!([]),
        json!({ "recordTypeFilters": ["nothing"] }),
        json!({ "operationFilters": "x" }),
        json!({ "filterStartDateTime": "x" }),
    ] {
        assert_eq!(server.post(path, &body.to_string()).code(), (400, "BadRequest".into()), "{body}");
    }
    assert_eq!(server.get(path).each("status").len(), 8);
    assert_eq!(server.get(&format!("{path}/{TEST}")).status, 404);
    // It is forgotten after thirty days.
    server.watch.forward(30 * schema::ticks::DAY);
    assert_eq!((server.get(&format!("{path}/{all}")).status, server.get(path).each("id").len()), (404, 0));
}
