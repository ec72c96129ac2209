//! `vidimus token`.

use std::process::{Command, Output};

fn token(args: &[&str], data: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vidimus"));
    command.arg("token").args(args).arg("--data").arg(data).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let role = ["--role", "log analytics reader", "--role", "Monitoring Metrics Publisher"];
    let create =
        [&["create", "log shipper", "--workspace", "prod", "--expires", "2100-01-01"], role.as_slice()].concat();
    let made = token(&create, folder.path());
    let secret = text(&made.stdout).trim().to_string();
    assert!(made.status.success() && secret.starts_with("vdm_"), "{}", text(&made.stderr));

    let listed = text(&token(&["list"], folder.path()).stdout);
    let fields: Vec<&str> = listed.trim_end().split('\t').collect();
    assert_eq!(fields[1..4], ["log shipper", "Log Analytics Reader,Monitoring Metrics Publisher", "prod"]);
    assert_eq!(fields[5], "2100-01-01T00:00:00.0000000Z");
    assert!(!listed.contains(&secret));

    assert!(token(&["revoke", fields[0]], folder.path()).status.success());
    assert_eq!(text(&token(&["list"], folder.path()).stdout), "");
    let again = token(&["revoke", fields[0]], folder.path());
    assert!(!again.status.success() && text(&again.stderr).contains("there is no token"));
}

#[test]
fn what_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |args: &[&str]| {
        let output = token(args, folder.path());
        assert!(!output.status.success(), "{args:?}");
        text(&output.stderr)
    };
    let unknown = refused(&["create", "x", "--role", "King", "--workspace", "prod"]);
    assert!(unknown.contains("`King` is no role: there are Owner, "), "{unknown}");
    assert!(refused(&["create", "x", "--workspace", "prod"]).contains("--role"));
    assert!(refused(&["create", "x", "--role", "Owner"]).contains("--workspace"));
    assert!(refused(&["create", "a,b", "--role", "Owner", "--workspace", "*"]).contains("is no name"));
    let nowhere = token(&["list"], &folder.path().join("nowhere"));
    assert!(text(&nowhere.stderr).contains("there is no folder"));
}
