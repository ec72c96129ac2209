//! `vidimus pull kafka` from a cluster of librdkafka's into a real server, killed at every place where something was just written.

mod common;

use common::{Follower, Server};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

const DIAGNOSTIC: &str = r#"{"records":[{"time":"2026-05-01T10:00:00Z","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V","category":"AuditEvent","operationName":"SecretGet"}]}"#;

fn write(brokers: &str, topic: &str, partition: i32, values: &[&[u8]]) {
    let mut config = ClientConfig::new();
    let producer: BaseProducer = config.set("bootstrap.servers", brokers).create().expect("a producer");
    for value in values {
        let record =
            BaseRecord::<str, [u8]>::to(topic).partition(partition).payload(*value).timestamp(1_777_629_600_123);
        producer.send(record).map_err(|(error, _)| error).expect("sent");
    }
    producer.flush(Duration::from_secs(30)).expect("flushed");
}

#[test]
fn nothing_is_lost_and_nothing_repeated_when_it_is_killed_at_any_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let places = [
        ("pull.state.written", 1),
        ("pull.body", 1),
        ("pull.kept", 1),
        ("pull.kept", 2),
        ("import.chunk", 1),
        ("import.chunk", 2),
        ("pull.delivered", 1),
        ("pull.position", 1),
        ("pull.position", 4),
        ("pull.let.go", 1),
    ];
    for (n, (place, visit)) in places.into_iter().enumerate() {
        let cluster = MockCluster::new(1).expect("a cluster");
        let brokers = cluster.bootstrap_servers();
        cluster.create_topic("app", 2, 1).expect("a topic");
        cluster.create_topic("diagnostics", 1, 1).expect("a topic");
        let workspace = format!("w{n}");
        let made = server.call("PUT", &format!("/v1/workspaces/{workspace}"), &[], "{}");
        assert!(matches!(made.status, 200 | 201), "{}", made.text);
        let state = folder.path().join(format!("state{n}")).display().to_string();
        let args =
            ["pull", "kafka", "--brokers", &brokers, "--topic", "app", "diagnostics", "--once", "--state", &state];
        let rest = ["--source-plain-tcp", "--server", &server.running.url, "--workspace", &workspace];
        let args = args.iter().chain(&rest);
        let pull = Follower { server: &server, args: args.map(|text| text.to_string()).collect() };
        write(&brokers, "app", 0, &[b"{\"Number\":1}", b"[{\"Number\":2},{\"Number\":3}]", b"of no format", b"\xff"]);
        write(&brokers, "diagnostics", 0, &[DIAGNOSTIC.as_bytes()]);
        assert!(pull.kill_at(place, visit), "{place}:{visit} was not reached");
        write(&brokers, "app", 1, &[b"{\"Number\":4}"]);
        write(&brokers, "app", 0, &[b"{\"Number\":5}"]);
        let (is_done, _, error) = pull.run();
        assert!(is_done, "{place}:{visit}: {error}");
        let queries = [
            "app_CL",
            "app_CL | distinct Number",
            "app_CL | where Source == 'app' and Partition == 1 and Offset == 0 and TimeGenerated == datetime(2026-05-01 10:00:00.123)",
            "AzureDiagnostics | where OperationName == 'SecretGet' and TimeGenerated == datetime(2026-05-01 10:00:00)",
            "VidimusQuarantine",
        ];
        // A text is a row without a number.
        assert_eq!(queries.map(|query| server.count(&workspace, query)), [6, 6, 1, 1, 1], "{place}:{visit}");
        let (is_done, out, error) = pull.run();
        assert!(
            is_done && out.contains(": 0 taken, 0 quarantined, app: 2 partitions at 6 in all, diagnostics: 1"),
            "{out} {error}"
        );
    }
}

#[test]
fn what_is_wrong_is_told_without_the_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let text = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(folder.path().join("password"), "c2VjcmV0\n").expect("written");
    let wrong = |args: &[&str]| {
        let (state, url) = (text("state"), &server.running.url);
        let all = ["pull", "kafka", "--topic", "app", "--once", "--state", &state, "--server", url];
        let args = all.iter().chain(args).map(|text| text.to_string()).collect();
        let (is_done, out, error) = Follower { server: &server, args }.run();
        assert!(!is_done && !error.contains("c2VjcmV0") && !out.contains("c2VjcmV0"), "{out} {error}");
        error
    };
    assert!(wrong(&["--brokers", "host"]).contains("it is not of the form `host:port`"));
    assert!(wrong(&["--brokers", "h:1", "--user", "ann"]).contains("no password: give its file by --password-file"));
    assert!(wrong(&["--brokers", "h:1", "--sasl", "gssapi"]).contains("the mechanisms are plain, scram-sha-256"));
    let (password, none) = (text("password"), text("none"));
    let away =
        wrong(&["--brokers", "127.0.0.1:1", "--user", "ann", "--password-file", &password, "--source-plain-tcp"]);
    assert!(away.contains("cannot ask the broker `127.0.0.1:1`"), "{away}");
    assert!(wrong(&["--brokers", "h:1", "--source-ca", &none]).contains("cannot read or write `"));
}
