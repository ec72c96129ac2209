//! `vidimus pull` from sources in this process into a real server, killed at every place where something was just written.

mod common;

use axum::extract::{Path, Query};
use axum::routing::get;
use axum::{Json, Router};
use common::{Follower, Server};
use serde_json::{Value, json};
use std::collections::HashMap;
use stdx::Clock;

const TENANT: &str = "41463f53-8812-40f4-890f-865bf6e35190";
const N_CONTENT: usize = 3;

/// Serves a feed: each content has records of two tables, and one that is none.
fn feed() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}", listener.local_addr().expect("an address"));
            sender.send(url.clone()).expect("sent");
            let root = format!("/api/v1.0/{TENANT}/activity/feed");
            let audit = format!("{url}{root}/audit");
            let list = move |Query(query): Query<HashMap<String, String>>| async move {
                let now = schema::ticks::datetime_text(stdx::SystemClock.now_ticks() - schema::ticks::HOUR);
                let is_last = query["endTime"].as_str() >= &now[..19];
                let items = (0..if is_last { N_CONTENT } else { 0 }).map(|n| {
                    json!({"contentType": query["contentType"], "contentId": format!("c{n}"), "contentUri": format!("{audit}/c{n}"),
                        "contentCreated": now, "contentExpiration": now})
                });
                Json(items.collect::<Vec<Value>>())
            };
            let content = |Path(id): Path<String>| async move {
                let record = |n: usize, kind: u8| {
                    json!({"Id": format!("{id}-{n}"), "CreationTime": "2026-05-08T11:00:00", "Operation": "Retrieve",
                        "RecordType": kind, "OrganizationId": TENANT, "UserType": 0, "UserKey": "k", "Workload": "x",
                        "UserId": "ann@contoso.com", "NewMember": n})
                };
                Json(json!([record(0, 21), record(1, 21), record(2, 6), {"Id": "no record"}]))
            };
            let routes = Router::new()
                .route(&format!("{root}/subscriptions/content"), get(list))
                .route(&format!("{root}/audit/{{id}}"), get(content));
            axum::serve(listener, routes).await.expect("it serves");
        });
    });
    receiver.recv().expect("an address")
}

#[test]
fn nothing_is_lost_and_nothing_repeated_when_it_is_killed_at_any_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let url = feed();
    let places = [
        ("pull.state.written", 1),
        ("pull.body", 1),
        ("pull.body", 2),
        ("pull.kept", 1),
        ("pull.kept", 3),
        ("import.chunk", 1),
        ("import.chunk", 2),
        ("import.chunk", 5),
        ("pull.delivered", 1),
        ("pull.delivered", 3),
        ("pull.position", 1),
        ("pull.position", 4),
        ("pull.let.go", 2),
    ];
    for (n, (place, visit)) in places.into_iter().enumerate() {
        let workspace = format!("w{n}");
        let made = server.call("PUT", &format!("/v1/workspaces/{workspace}"), &[], "{}");
        assert!(matches!(made.status, 200 | 201), "{}", made.text);
        let state = folder.path().join(format!("state{n}")).display().to_string();
        let since = schema::ticks::datetime_text(stdx::SystemClock.now_ticks() - 2 * schema::ticks::HOUR);
        let args = ["office", "--url", &url, "--tenant", TENANT, "--content-type", "Audit.General", "--once"];
        let args = args.into_iter().chain(["--state", &state, "--since", &since]);
        let args = args.chain(["--server", &server.running.url, "--workspace", &workspace]);
        let pull = Follower { server: &server, args: ["pull"].into_iter().chain(args).map(str::to_string).collect() };
        assert!(pull.kill_at(place, visit), "{place}:{visit} was not reached");
        let (is_done, out, error) = pull.run();
        assert!(is_done, "{place}:{visit}: {error}");
        assert!(out.contains("Audit.General up to 2"), "{out}");
        let counts =
            ["DataverseActivity", "OfficeActivity", "VidimusQuarantine"].map(|table| server.count(&workspace, table));
        let n = N_CONTENT as i64;
        assert_eq!(counts, [2 * n, n, n], "{place}:{visit}");
        let (is_done, out, _) = pull.run();
        assert!(is_done && out.contains(": 0 taken, 0 quarantined"), "{out}");
        assert!(!std::path::Path::new(&format!("{state}.body")).exists());
    }
}

#[test]
fn what_is_wrong_is_told_without_the_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let state = folder.path().join("state").display().to_string();
    let secret = folder.path().join("secret").display().to_string();
    std::fs::write(&secret, "c2VjcmV0\n").expect("written");
    let wrong = |args: &[&str]| {
        let rest = ["--state", &state, "--once", "--server", &server.running.url];
        let args = ["pull"].iter().chain(args).copied().chain(rest).map(str::to_string).collect();
        let (is_done, out, error) = Follower { server: &server, args }.run();
        assert!(!is_done && !error.contains("c2VjcmV0") && !out.contains("c2VjcmV0"), "{out} {error}");
        error
    };
    let blobs = "http://logs.example.org/box";
    let plain = wrong(&["blobs", "--url", blobs, "--account-key-file", &secret]);
    assert!(plain.contains("would carry a secret unencrypted"), "{plain}");
    let graph = wrong(&["graph", "--collection", "users"]);
    assert!(graph.contains("auditLogs/signIns, auditLogs/directoryAudits"), "{graph}");
    let tenant = wrong(&["office", "--tenant", "contoso", "--content-type", "Audit.General"]);
    assert!(tenant.contains("it is no id of a tenant"), "{tenant}");
    let format = wrong(&["s3", "--url", "s3://box", "--unsigned", "--source", "cloudtrail"]);
    assert!(format.contains("there is no log format `cloudtrail`"), "{format}");
    // The state of one source is not taken for another's.
    let other = "http://127.0.0.1:9";
    std::fs::write(&state, "{\"vidimus-pull\":1,\"source\":\"a\"}\n").expect("written");
    let args = ["office", "--url", other, "--tenant", TENANT, "--content-type", "Audit.General"];
    let error = wrong(&args);
    assert!(error.contains("is the state of another source, a"), "{error}");
}
