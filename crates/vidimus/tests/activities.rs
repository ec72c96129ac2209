//! Acts of management leave records in the server's own workspace, and are not done where they cannot.

mod common;

use audit::{ActivityRecord, ActivitySink, ActivityStatus, AuditError, AuditSink, Operation, QueryRecord};
use auth::{Role, Tokens, Workspaces};
use common::{Server, run, vidimus, wait_for};
use futures::future::BoxFuture;
use ingest::{Vault, VaultOptions};
use listeners::http::{HttpListener, HttpOptions};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stdx::SystemClock;

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Returns operation, status, caller and resource of all records, in the order of the log.
fn acts(server: &Server) -> Vec<String> {
    let query = "AzureActivity | order by _LogEntry asc, _LogPosition asc \
                 | project Op = tostring(split(OperationNameValue, '/', 1)[0]), OperationNameValue, ActivityStatusValue, Caller, ResourceId";
    let (is_done, out, error) = server.run("query", &["--database", "vidimus", "--format", "jsonl", query]);
    assert!(is_done, "{error}");
    let line = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_string();
        let caller = if text("Caller").starts_with("uid:") { "local".to_string() } else { text("Caller") };
        let operation = text("OperationNameValue").replace("MICROSOFT.", "").to_lowercase();
        format!("{operation} {} {caller} {}", text("ActivityStatusValue"), text("ResourceId"))
    };
    out.lines().map(line).collect()
}

#[test]
fn who_is_refused_is_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]).expect("it starts");
    for _ in 0..3 {
        assert_eq!(server.call_as(Some("vds_guessed"), "GET", "/v1/status?code=hidden", &[], "").status, 401);
    }
    let make = ["--data", text(&data)];
    let grant = ["create", "ci", "--role", "Log Analytics Reader", "--workspace", "main"];
    let (is_made, secret, error) = run(&[&["token"][..], &grant, &make].concat());
    assert!(is_made, "{error}");
    assert_eq!(server.call_as(Some(secret.trim()), "PUT", "/v1/workspaces/prod", &[], "").status, 403);
    let query = "AzureActivity | where OperationNameValue has 'REFUSE' | order by _LogEntry asc \
                 | project strcat_delim(' ', Caller, CallerIpAddress, Properties_d.path, Properties_d.status)";
    let (_, out, error) = server.run("query", &["--database", "vidimus", "--format", "csv", query]);
    let rows: Vec<&str> = out.lines().skip(1).collect();
    assert_eq!(rows, [" 127.0.0.1 /v1/status 401", "ci 127.0.0.1 /v1/workspaces/prod 403"], "{error}");
    // How many there were is written down when the minute is over, or the server stops.
    server.stop();
    let server = Server::start(&data, &[]).expect("it starts");
    let query = "AzureActivity | where OperationNameValue has 'REFUSE' | summarize sum(toint(Properties_d.further))";
    let (_, out, error) = server.run("query", &["--database", "vidimus", "--format", "csv", query]);
    assert_eq!(out.lines().nth(1), Some("2"), "{error}");
    server.stop();
}

#[test]
fn acts_are_recorded_before_and_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]).expect("it starts");
    assert_eq!(server.call("PUT", "/v1/workspaces/prod", &[], "").status, 201);
    assert_eq!(server.call("PUT", "/v1/workspaces/prod", &[], "").status, 409);
    server.make_events("prod");
    assert_eq!(server.call("PUT", "/v1/workspaces/prod/holds/h7", &[], r#"{"reason":"case 7"}"#).status, 200);
    let token = |args: &[&str]| run(&[&["token"], args, &["--data", text(&data)]].concat());
    let (is_made, secret, error) = token(&["create", "ci", "--role", "Log Analytics Reader", "--workspace", "prod"]);
    assert!(is_made, "{error}");
    let id = token(&["list"])
        .1
        .lines()
        .find(|line| line.contains("\tci\t"))
        .map(|line| line[..line.find('\t').unwrap()].to_string());
    let id = id.expect("a token");
    assert!(token(&["revoke", &id]).0);
    assert!(!token(&["revoke", &id]).0);
    let expected = [
        "vidimus/servers/start/action Start local servers/vidimus",
        "authorization/roleassignments/write Start local tokens",
        "authorization/roleassignments/write Success local tokens",
        "operationalinsights/workspaces/write Start local workspaces/main",
        "operationalinsights/workspaces/write Success local workspaces/main",
        "vidimus/servers/start/action Success local servers/vidimus",
        "operationalinsights/workspaces/write Start owner workspaces/prod",
        "operationalinsights/workspaces/write Success owner workspaces/prod",
        "operationalinsights/workspaces/write Start owner workspaces/prod",
        "operationalinsights/workspaces/write Failure owner workspaces/prod",
        "operationalinsights/workspaces/tables/write Start owner workspaces/prod/tables/Events",
        "operationalinsights/workspaces/tables/write Success owner workspaces/prod/tables/Events",
        "vidimus/workspaces/holds/write Start owner workspaces/prod/holds/h7",
        "vidimus/workspaces/holds/write Success owner workspaces/prod/holds/h7",
        "authorization/roleassignments/write Start local tokens",
        "authorization/roleassignments/write Success local tokens",
    ];
    let revoked = ["Start", "Success", "Start", "Failure"];
    let revoked = revoked.map(|status| format!("authorization/roleassignments/delete {status} local tokens/{id}"));
    let all = [&expected.map(str::to_string)[..], &revoked].concat();
    wait_for("notes come into the store", || (acts(&server).len() == all.len()).then_some(()));
    assert_eq!(acts(&server), all);
    // They say what was given to whom, and no secret; and they are forgotten where they were noted.
    let query =
        "AzureActivity | where Properties_d.id == '".to_string() + &id + "' | project Properties_d, CallerIpAddress";
    let (_, out, error) = server.run("query", &["--database", "vidimus", "--format", "jsonl", &query]);
    assert!(out.contains("Log Analytics Reader") && out.contains("\"name\":\"ci\""), "{out}{error}");
    assert_eq!(std::fs::metadata(data.join("activities")).expect("a file").len(), 0);
    let (_, secret) = secret.trim().split_once(&format!("{id}_")).expect("a secret behind its id");
    let (_, out, _) = server.run("query", &["--database", "vidimus", "--format", "jsonl", "AzureActivity"]);
    assert!(!out.contains(secret) && out.contains("127.0.0.1"), "{out}");
    server.stop();

    // While no server runs, notes wait for the next one, and a torn one is sealed as what it is.
    assert!(token(&["create", "later", "--role", "Owner", "--workspace", "*"]).0);
    let notes = std::fs::read_to_string(data.join("activities")).expect("notes");
    assert_eq!(notes.lines().count(), 2);
    // The store has them already, and the process ended before they were forgotten: they are not taken twice.
    let server = Server::start(&data, &[]).expect("it starts");
    let n_acts = acts(&server).len();
    server.stop();
    std::fs::write(data.join("activities"), format!("{notes}{{\"Caller\":\"torn")).expect("written");
    let server = Server::start(&data, &[]).expect("it starts");
    let found = acts(&server);
    assert_eq!(found.len(), n_acts + 3, "{found:?}");
    let stopped =
        found.iter().filter(|act| *act == "vidimus/servers/stop/action Success local servers/vidimus").count();
    assert_eq!(stopped, 2, "{found:?}");
    let torn = "VidimusQuarantine | count";
    let (_, out, error) = server.run("query", &["--database", "vidimus", "--format", "jsonl", torn]);
    assert_eq!(out, "{\"Count\":1}\n", "{error}");
    server.stop();
    let (is_whole, out, error) = run(&["verify", text(&data)]);
    assert!(is_whole, "{out}{error}");
}

#[test]
fn what_cannot_be_noted_is_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("activities")).expect("a folder");
    let token = |args: &[&str]| run(&[&["token"], args, &["--data", text(folder.path())]].concat());
    let (is_made, out, error) = token(&["create", "ci", "--role", "Owner", "--workspace", "*"]);
    assert!(!is_made && out.is_empty() && error.contains("is not done"), "{out}{error}");
    assert_eq!(token(&["list"]).1, "");
    let mut serve = vidimus(&["serve", "--data", text(folder.path()), "--listen", "127.0.0.1:0"]);
    let refused = serve.output().expect("it ends");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("is not done"));
    assert!(!folder.path().join("owner.token").exists());
}

/// Takes records until it is full.
#[derive(Default)]
struct Sink {
    records: Mutex<Vec<ActivityRecord>>,
    room: usize,
}

impl ActivitySink for Sink {
    fn record(&self, record: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        let mut records = self.records.lock().expect("not poisoned");
        let has_room = records.len() < self.room;
        if has_room {
            records.push(record);
        }
        let taken = if has_room { Ok(()) } else { Err(AuditError::new("full")) };
        Box::pin(std::future::ready(taken))
    }
}

struct Deaf;

impl AuditSink for Deaf {
    fn record(&self, _: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(std::future::ready(Err(AuditError::new("deaf"))))
    }
}

#[test]
fn a_server_does_nothing_that_it_cannot_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let vault = Vault::open(folder.path().join("data"), Arc::new(SystemClock), VaultOptions::default());
    let vault = Arc::new(vault.expect("a store"));
    vault.create_workspace("main").expect("a workspace");
    let tokens = Tokens::open(folder.path().join("tokens"), Arc::new(SystemClock)).expect("tokens");
    let token = tokens.create("tester", &[Role::Owner], Workspaces::All, None).expect("a token").text;
    let sink = Arc::new(Sink { room: 1, ..Sink::default() });
    let api = api_vault::VaultApi {
        vault: vault.clone(),
        tokens: Arc::new(tokens),
        audit: Arc::new(Deaf),
        activities: sink.clone(),
        clock: Arc::new(SystemClock),
        anchors: Arc::new(api_vault::Anchors { witnesses: None, timestamps: None, witness_wait: Duration::ZERO }),
        own_workspace: "main".to_string(),
        directory: Arc::new(workspaces::Directory::open(vault.clone()).expect("a directory")),
        limits: api_vault::Limits::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = runtime.block_on(HttpListener::bind(any, HttpOptions::default())).expect("a port");
    let url = format!("http://{}", listener.address());
    runtime.spawn(listener.serve(api_vault::router(api), std::future::pending()));
    let put = |path: &str, body: &str| {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let request = ureq::http::Request::put(format!("{url}/v1/workspaces/{path}"))
            .header("Authorization", format!("Bearer {}", token.expose()));
        let response = ureq::Agent::from(config).run(request.body(body.to_string()).expect("a request"));
        response.expect("an answer").status().as_u16()
    };
    // There is room for its beginning: it is done.
    assert_eq!(put("one", ""), 201);
    let records = sink.records.lock().expect("not poisoned").clone();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.operation, record.status), (Operation::CreateWorkspace, ActivityStatus::Started));
    assert_eq!((record.caller.as_str(), record.caller_address.as_str()), ("tester", "127.0.0.1"));
    assert_eq!(put("two", ""), 503);
    assert_eq!(put("main/tables/Events", r#"{"columns":[{"name":"N","type":"long"}]}"#), 503);
    assert_eq!(vault.workspaces(), ["main", "one"]);
    assert!(vault.workspace("main").expect("a workspace").tables().is_empty());
}
