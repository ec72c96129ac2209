//! `vidimus import` of logs in their native formats, and the endpoint that takes them, against a real server.

mod common;

use common::{Server, run, vidimus};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// Asks a query and returns its rows as the lines of their JSON.
fn rows(server: &Server, query: &str) -> Vec<Value> {
    let (is_done, out, error) = server.run("query", &["--database", "main", "--format", "jsonl", query]);
    assert!(is_done, "{query}: {error}");
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Returns the first column of the only row.
fn one(server: &Server, query: &str) -> Value {
    let rows = rows(server, query);
    let [row] = rows.as_slice() else { panic!("{query}: {rows:?}") };
    row.as_object().and_then(|row| row.values().next()).expect("a value").clone()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

const CSV: &str = "\u{feff}TimeGenerated [UTC],OperationName,ActivityStatus,Caller,CallerIpAddress,ResourceGroup,SubscriptionId\r\n\
    \"5/1/2026, 9:00:00.000 AM\",Delete vault,Succeeded,ann@contoso.com,192.0.2.1,rg,s\r\n\
    \"5/1/2026, 9:01:00.000 AM\",Delete vault,Failed,ann@contoso.com,192.0.2.1,rg,s,one too many\r\n";

const CEF: &str =
    "May  1 10:00:00 fw CEF:0|Contoso|Wall|1|100|Denied|5|src=192.0.2.7 dpt=443 act=Deny rt=1777629600000\nno event\n";

const DIAGNOSTICS: &str = r#"{"time":"2026-05-01T10:00:00Z","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V","category":"AuditEvent","operationName":"SecretGet","properties":{"newField":"x","count":3}}
"#;

#[test]
fn logs_are_recognised_and_land_in_their_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).expect("a folder");
    std::fs::write(logs.join("activity.csv"), CSV).expect("written");
    std::fs::write(logs.join("PT1H.json"), DIAGNOSTICS).expect("written");
    std::fs::write(logs.join("Own.json"), "{\"TimeGenerated\":\"2026-05-01\",\"Number\":1}\n").expect("written");
    let (is_done, out, error) = server.run("import", &[text(&logs)]);
    assert!(is_done, "{error}");
    for line in [
        "activity.csv: portal_csv, 2 read, 1 taken, 1 quarantined",
        "  AzureActivity: 1",
        "  Malformed: record 1: the row has 8 cells, the header 7",
        "PT1H.json: azure_diagnostics, 1 read, 1 taken, 0 quarantined",
        "Own: 1 taken, 0 quarantined",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert!(error.contains("3 records taken, 1 quarantined"), "{error}");
    assert_eq!(one(&server, "AzureActivity | project t = tostring(TimeGenerated)"), "2026-05-01T09:00:00.0000000Z");
    // The table got the columns that the record needs.
    assert_eq!(one(&server, "AzureDiagnostics | where newField_s == 'x' | project count_d"), json!(3.0));
    let quarantined = rows(&server, "VidimusQuarantine | project TableName, Reason, Position, Raw");
    let [row] = quarantined.as_slice() else { panic!("{quarantined:?}") };
    assert_eq!(
        (&row["TableName"], &row["Reason"], &row["Position"]),
        (&json!("portal_csv"), &json!("Malformed"), &json!(1))
    );
    assert!(row["Raw"].as_str().is_some_and(|raw| raw.ends_with("rg,s,one too many")), "{row}");

    // Sent again, nothing is taken twice.
    let (is_done, _, error) = server.run("import", &[text(&logs)]);
    assert!(is_done, "{error}");
    assert_eq!(one(&server, "AzureActivity | count"), json!(1));
    assert_eq!(one(&server, "VidimusQuarantine | count"), json!(1));

    let forced = server.run("import", &["--source", "syslog", text(&logs.join("Own.json"))]);
    assert!(forced.0 && forced.1.contains("Own.json: syslog, 1 read, 1 taken"), "{} {}", forced.1, forced.2);
    let unknown = server.run("import", &["--source", "sysloq", text(&logs.join("Own.json"))]);
    assert!(
        !unknown.0 && unknown.2.contains("there is no log format `sysloq`; did you mean `syslog`?"),
        "{}",
        unknown.2
    );
    let (is_done, listed, _) = run(&["sources"]);
    assert!(is_done && listed.contains("aws_cloudtrail") && listed.contains("to AWSCloudTrail"), "{listed}");

    let event = CEF.lines().next().expect("a line");
    // What comes from a pipe is recognised too; what is not known is the table `stdin`.
    for (input, line) in
        [(event, "cef, 1 read, 1 taken, 0 quarantined"), ("{\"Number\":1}\n", "stdin: 1 taken, 0 quarantined")]
    {
        let mut command = vidimus(&["import", "--server", &server.running.url, "-"]);
        let command = command.env("VIDIMUS_TOKEN", server.token()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
        let out = child.wait_with_output().expect("it ends");
        let out = String::from_utf8_lossy(&out.stdout);
        assert!(out.contains(line), "{line}: {out}");
    }

    // The same by the endpoint.
    let path = "/v1/workspaces/main/sources/auto/records?name=fw.log";
    let headers = [("x-ms-client-request-id", "one"), ("content-type", "text/plain")];
    for _ in 0..2 {
        let reply = server.call("POST", "/v1/workspaces/main/sources/cef/records", &headers, CEF);
        let answer = reply.json();
        assert_eq!((reply.status, &answer["source"], &answer["read"]), (200, &json!("cef"), &json!(2)), "{answer}");
        assert_eq!((&answer["taken"], &answer["tables"]), (&json!(1), &json!({"CommonSecurityLog": 1})), "{answer}");
        assert_eq!(answer["rejected"], json!({"count": 1, "reasons": {"Malformed": 1}}), "{answer}");
    }
    assert_eq!(
        one(&server, "CommonSecurityLog | where DestinationPort == 443 and SourceIP == '192.0.2.7' | count"),
        json!(2)
    );
    assert_eq!(one(&server, "VidimusQuarantine | where TableName == 'cef' and Raw == 'no event' | count"), json!(1));
    assert_eq!(server.call("POST", path, &[], "nothing that anybody knows").status, 400);
    assert_eq!(server.call("POST", "/v1/workspaces/main/sources/none/records", &[], CEF).status, 404);
    assert_eq!(
        server.call("POST", "/v1/workspaces/main/quarantine", &[], "{\"of\":\"x\",\"records\":[{}]}").status,
        400
    );
}

/// Real logs, when `VIDIMUS_SAMPLES` names the folder that holds them.
#[test]
fn real_logs_give_the_counts_that_are_known_of_them() {
    let Some(samples) = std::env::var_os("VIDIMUS_SAMPLES") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let mut files: Vec<String> = std::fs::read_dir(samples)
        .expect("a folder")
        .map(|entry| text(&entry.expect("an entry").path()).to_string())
        .filter(|path| !path.ends_with(".md"))
        .collect();
    files.sort();
    let args: Vec<&str> = files.iter().map(String::as_str).collect();
    let (is_done, out, error) = server.run("import", &args);
    println!("{out}\n{error}");
    assert!(is_done, "{error}");
    assert!(error.contains(" records taken, 0 quarantined"), "{error}");
    let count = |query: &str| {
        let got = one(&server, query);
        println!("{query}: {got}");
        got.as_i64().unwrap_or_else(|| panic!("{query}: {got}"))
    };
    for (table, n) in [
        ("AzureActivity", 325 + 23),
        ("OfficeActivity", 266 + 2 + 1),
        ("SigninLogs", 56 + 4),
        ("AuditLogs", 5 + 4),
        ("CommonSecurityLog", 1 + 28 + 346),
        ("Syslog", 284 + 50),
        ("PostgreSQL_CL", 59),
        ("LinuxAudit_CL", 11),
        ("StorageBlobLogs", 2),
        ("AWSCloudTrail", 103),
    ] {
        assert_eq!(count(&format!("{table} | count")), n, "{table}");
    }
    // Two of a file's records say of themselves that they are of the other table.
    assert_eq!(count("union SecurityEvent, Event | count"), 205 + 38 + 39 + 451);
    // A file's rows are told by what no other file has.
    const ACTIVITY: &str = "AzureActivity | where isempty(CategoryValue)";
    for (status, n) in [("Succeeded", 172), ("Started", 138), ("Accepted", 10), ("Failed", 5)] {
        assert_eq!(count(&format!("{ACTIVITY} | where ActivityStatus == '{status}' | count")), n, "{status}");
    }
    for (operation, n) in [("Update Incidents", 92), ("Returns Storage Account SAS Token", 34)] {
        assert_eq!(count(&format!("{ACTIVITY} | where OperationName == '{operation}' | count")), n, "{operation}");
    }
    let top = rows(&server, &format!("{ACTIVITY} | summarize n = count() by OperationName | top 2 by n"));
    println!("{top:?}");
    const OFFICE: &str = "OfficeActivity | where TenantId startswith '7c759f10'";
    for (workload, n) in [("SharePoint", 182), ("OneDrive", 66), ("Exchange", 13), ("MicrosoftTeams", 5)] {
        assert_eq!(count(&format!("{OFFICE} | where OfficeWorkload == '{workload}' | count")), n, "{workload}");
    }
    assert_eq!(count(&format!("{OFFICE} | summarize dcount(UserId, 4)")), 13);
    assert_eq!(count(&format!("{OFFICE} | where Operation == 'FileAccessed' | count")), 48);
    const SIGNINS: &str = "SigninLogs | where TenantId startswith '7c759f10'";
    for (result, n) in [("0", 53), ("16000", 2), ("50058", 1)] {
        assert_eq!(count(&format!("{SIGNINS} | where ResultType == '{result}' | count")), n, "{result}");
    }
    assert_eq!(count(&format!("{SIGNINS} | summarize dcount(IPAddress, 4)")), 1);
}
