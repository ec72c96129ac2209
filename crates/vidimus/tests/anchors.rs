//! `vidimus serve` with witnesses and a timestamp authority, each a program of its own.

#[path = "../../anchors/tests/common/mod.rs"]
mod authority;
mod common;

use authority::{ECDSA, OpensslAuthority, has_openssl};
use common::{Server, Witness, run, wait_for};
use folders::copy;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use tlog::note::SignedNote;
use tlog::{Policy, Receipt, WitnessState};

const WITNESSED: (&str, &str) = ("Vidimus-Ack", "witnessed");

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn receipt(answer: &serde_json::Value) -> Receipt {
    Receipt::parse(answer["receipts"][0].as_str().expect("a receipt").as_bytes()).expect("a receipt")
}

/// A witness that follows the logs of a server's workspaces, and the policy that asks for it.
fn witnessed(folder: &Path, server: &Server, workspaces: &[&str]) -> (Witness, String) {
    let keys: Vec<String> = workspaces.iter().map(|name| server.key(name)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut witness = Witness::new(&folder.join("witness"));
    witness.start(&keys);
    let policy = witness.policy(&keys);
    std::fs::write(folder.join("policy"), &policy).expect("written");
    (witness, policy)
}

#[test]
fn who_asks_for_witnesses_gets_a_receipt_that_they_have_cosigned() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, policy_path) = (folder.path().join("data"), folder.path().join("policy"));
    let server = Server::start(&data, &[]).expect("it starts");
    server.make_events("main");
    let refused = server.post("main", &[WITNESSED], r#"{"N":0}"#);
    assert_eq!((refused.status, refused.text.contains("no witnesses")), (400, true), "{}", refused.text);
    assert!(server.get("/v1/status")["anchors"]["witnesses"].is_null());
    let lines = folder.path().join("Lines.json");
    std::fs::write(&lines, "{\"TimeGenerated\":\"2026-01-01T00:00:00Z\",\"A\":1}\n").expect("written");
    let (is_taken, _, error) = server.run("import", &["--ack", "witnessed", text(&lines)]);
    assert!(!is_taken && error.contains("no witnesses"), "{error}");
    let made = server.call("PUT", "/v1/workspaces/early", &[], "");
    assert_eq!(made.status, 201, "{}", made.text);
    let (mut witness, policy) = witnessed(folder.path(), &server, &["main", "vidimus", "early"]);
    let policy = Policy::parse(&policy).expect("a policy");
    let keys: Vec<String> = policy.logs().iter().map(ToString::to_string).collect();
    server.stop();

    let args = ["--witness-policy", text(&policy_path), "--witness-wait", "2s", "--witness-every", "100ms"];
    let server = Server::start(&data, &args).expect("it starts");
    let answer = server.post("main", &[WITNESSED], r#"{"N":1}"#);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["ack"], "witnessed");
    let sighting = receipt(&answer.json()).verify(&policy).expect("the policy is satisfied");
    assert!(matches!(sighting.witnesses[0].state, WitnessState::SeenAt(1..)));
    let plain = server.post("main", &[("Vidimus-Ack", "committed")], r#"{"N":2}"#);
    assert_eq!((plain.status, plain.json()["ack"].as_str()), (200, Some("committed")), "{}", plain.text);
    for bad in ["published", "", "witnessed, committed"] {
        let refused = server.post("main", &[("Vidimus-Ack", bad)], r#"{"N":3}"#);
        assert_eq!((refused.status, refused.text.contains("`Vidimus-Ack`")), (400, true), "{bad}: {}", refused.text);
    }
    // The published checkpoint carries it too.
    wait_for("a cosigned checkpoint", || {
        let note = server.call("GET", "/v1/workspaces/main/log/checkpoint", &[], "").text;
        policy
            .check(&SignedNote::parse(note.as_bytes()).ok()?)
            .ok()
            .filter(|seen| matches!(seen.witnesses[0].state, WitnessState::SeenAt(_)))
    });
    let (is_whole, out, error) = run(&["verify", text(&data), "--policy", text(&policy_path), "--workspace", "main"]);
    assert!(is_whole && out.contains("seen by W at "), "{out}{error}");
    let status = server.get("/v1/status");
    let cosigned = &status["anchors"]["witnesses"]["witnesses"][0]["cosigned"]["main"];
    assert!(cosigned["size"].as_u64() > Some(0) && cosigned["time"].as_str().is_some(), "{status}");
    assert!(status["logs"]["main"]["witnessedSize"].as_u64() > Some(0), "{status}");
    assert!(server.get("/v1/workspaces/main")["log"]["witnessedSize"].as_u64() > Some(0));
    for secret in ["PRIVATE", "vdm_", &std::fs::read_to_string(witness.folder.join("key")).unwrap_or("-none-".into())] {
        assert!(!status.to_string().contains(secret.trim()), "{status}");
    }
    assert_eq!(server.call_as(None, "GET", "/v1/status", &[], "").status, 401);
    // How the server is concerns whoever reads its own workspace, and nobody else.
    for (workspace, status) in [("main", 403), ("vidimus", 200)] {
        let role = ["--role", "Log Analytics Reader", "--workspace", workspace, "--data", text(&data)];
        let (is_made, token, error) = run(&[&["token", "create", "reader"], &role[..]].concat());
        assert!(is_made, "{error}");
        assert_eq!(server.call_as(Some(token.trim()), "GET", "/v1/status", &[], "").status, status, "{workspace}");
    }

    // Evidence is of a checkpoint that they have cosigned, also when the log has grown since.
    let evidence = folder.path().join("evidence");
    witness.kill();
    assert_eq!(server.post("main", &[], r#"{"N":7}"#).status, 200);
    let (is_made, _, error) = server.run("prove", &["--table", "Events", "--range", "0..1", "-o", text(&evidence)]);
    assert!(is_made, "{error}");
    let (is_valid, out, error) = run(&["verify", text(&evidence), "--policy", text(&policy_path)]);
    assert!(is_valid && out.contains("W"), "{out}{error}");

    // Away: what does not wait for it goes on, and what does is told so, with receipts of what was taken.
    assert_eq!(server.post("main", &[], r#"{"N":4}"#).status, 200);
    let named = [WITNESSED, ("x-ms-client-request-id", "r1")];
    let late = server.post("main", &named, r#"{"N":5}"#);
    assert_eq!((late.status, late.retry_after.as_deref()), (503, Some("1")), "{}", late.text);
    let error = &late.json()["error"];
    assert_eq!(error["code"], "NotWitnessed");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("within 2 s")), "{error}");
    assert_eq!((&late.json()["ack"], &late.json()["taken"]), (&"committed".into(), &1.into()));
    let entry = receipt(&late.json()).entry;
    let unnamed = server.post("main", &[WITNESSED], r#"{"N":6}"#);
    assert_eq!((unnamed.status, unnamed.retry_after), (503, None));
    assert!(unnamed.text.contains("taken twice"), "{}", unnamed.text);
    let error = &server.get("/v1/status")["anchors"]["witnesses"]["witnesses"][0]["error"];
    assert!(error.as_str().is_some_and(|text| text.contains("there is no answer")), "{error}");
    // Back again: the same request goes on waiting, and nothing is taken twice.
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    witness.start(&keys);
    let again = wait_for("witnessed", || {
        let reply = server.post("main", &named, r#"{"N":5}"#);
        (reply.status == 200).then(|| reply.json())
    });
    assert_eq!((&again["ack"], receipt(&again).entry), (&"witnessed".into(), entry));
    receipt(&again).verify(&policy).expect("the policy is satisfied");

    // Every log is shown, those of workspaces that have their first record now too.
    server.make_events("early");
    let early = server.post("early", &[WITNESSED], r#"{"N":1}"#);
    assert_eq!(early.status, 200, "{}", early.text);
    let (is_taken, out, error) = server.run("import", &["--ack", "witnessed", text(&lines)]);
    assert!(is_taken && out.starts_with("Lines: 1 taken"), "{out}{error}");
    server.stop();
}

#[test]
fn a_witness_that_knows_more_stops_the_signing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, policy_path) = (folder.path().join("data"), folder.path().join("policy"));
    let server = Server::start(&data, &["--heartbeat-every", "1h"]).expect("it starts");
    server.make_events("main");
    assert_eq!(server.post("main", &[], r#"{"N":1}"#).status, 200);
    let (mut witness, _) = witnessed(folder.path(), &server, &["main", "vidimus"]);
    let key = server.key("main");
    server.stop();
    let old = folder.path().join("old");
    copy(&data, &old);
    let args = ["--witness-policy", text(&policy_path), "--witness-wait", "20s", "--heartbeat-every", "1h"];
    let server = Server::start(&data, &args).expect("it starts");
    for n in 0..3 {
        assert_eq!(server.post("main", &[WITNESSED], &format!("{{\"N\":{n}}}")).status, 200);
    }
    server.stop();

    // An old copy does not start as long as the witness answers.
    let refused = Server::start(&old, &args).err().expect("it does not start");
    assert!(refused.contains("`W` knows ") && refused.contains("the write-ahead log has"), "{refused}");
    // It was not asked at the start: it speaks later, and then nothing is signed any more.
    witness.kill();
    let careful = Server::start(&old, &[&args[..], &["--require-witnesses"]].concat()).err().expect("no start");
    assert!(careful.contains("--require-witnesses"), "{careful}");
    let server = Server::start(&old, &args).expect("it starts");
    assert_eq!(server.post("main", &[], r#"{"N":9}"#).status, 200);
    witness.start(&[&key]);
    let stopped = server.post("main", &[WITNESSED, ("x-ms-client-request-id", "r")], r#"{"N":10}"#);
    assert_eq!(stopped.status, 503, "{}", stopped.text);
    assert!(stopped.text.contains("`W` "), "{}", stopped.text);
    let status = server.get("/v1/status");
    assert!(status["anchors"]["witnesses"]["stopped"].as_str().is_some_and(|why| why.contains("`W`")), "{status}");
    assert!(status["stopped"].as_str().is_some_and(|why| why.contains("`W`")), "{status}");
    for ack in ["witnessed", "committed"] {
        let refused = server.post("main", &[("Vidimus-Ack", ack)], r#"{"N":11}"#);
        let code = refused.json()["error"]["code"].clone();
        assert_eq!((refused.status, code.as_str()), (503, Some("Stopped")), "{}", refused.text);
    }
    server.stop();
}

/// Answers requests for timestamps over HTTP; returns where.
fn serve_timestamps(authority: OpensslAuthority) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/tsa", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a connection"));
            let mut len = 0;
            for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    len = value.trim().parse().expect("a number");
                }
            }
            let mut request = vec![0; len];
            reader.read_exact(&mut request).expect("a request");
            let reply = authority.reply(&request);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                reply.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&reply));
        }
    });
    url
}

#[test]
fn checkpoints_are_timestamped_and_the_store_is_whole_with_them() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (data, roots) = (folder.path().join("data"), folder.path().join("roots.pem"));
    let authority = OpensslAuthority::new(ECDSA);
    std::fs::write(&roots, authority.read("root.pem")).expect("written");
    let url = serve_timestamps(authority);
    let args = ["--timestamp-authority", &url, "--timestamp-roots", text(&roots), "--timestamp-every", "100ms"];
    let server = Server::start(&data, &args).expect("it starts");
    server.make_events("main");
    let stamped = |at_least: u64| {
        wait_for("a timestamp", || {
            let stamped = server.get("/v1/status")["anchors"]["timestamps"]["stamped"]["main"].clone();
            (stamped["size"].as_u64() >= Some(at_least)).then_some(stamped)
        })
    };
    assert_eq!(server.post("main", &[], r#"{"N":1}"#).status, 200);
    assert!(stamped(1)["time"].as_str().is_some_and(|time| time.ends_with('Z')));
    assert_eq!(server.post("main", &[], r#"{"N":2}"#).status, 200);
    stamped(2);
    assert!(!server.get("/v1/status").to_string().contains(&url), "an address may hold a password");
    let (is_whole, out, error) = run(&["verify", text(&data), "--timestamp-roots", text(&roots)]);
    assert!(is_whole && out.contains("checkpoints timestamped by the authority"), "{out}{error}");
    server.stop();

    let (is_whole, out, error) = run(&["verify", text(&data), "--timestamp-roots", text(&roots)]);
    assert!(is_whole && !out.contains("0 checkpoints timestamped"), "{out}{error}");
    let (is_whole, out, _) = run(&["verify", text(&data)]);
    assert!(is_whole && out.contains("no certificates of its authority"), "{out}");
    let stranger = OpensslAuthority::new(ECDSA);
    std::fs::write(&roots, stranger.read("root.pem")).expect("written");
    let (is_whole, out, _) = run(&["verify", text(&data), "--timestamp-roots", text(&roots)]);
    assert!(!is_whole && out.contains("/log/tsr/1.tsr: bytes 0 to "), "{out}");
    // One of another history, and one that lost its checkpoint.
    let tsr = data.join("ws/main/log/tsr");
    std::fs::rename(tsr.join("1.checkpoint"), tsr.join("2.checkpoint")).expect("renamed");
    let (is_whole, out, _) = run(&["verify", text(&data)]);
    assert!(!is_whole && out.contains("1.tsr: the checkpoint that it is of is missing"), "{out}");
    assert!(out.contains("2.checkpoint: bytes 0 to") && out.contains("of its size"), "{out}");
}
