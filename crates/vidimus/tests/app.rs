//! `vidimus app`.

use std::path::Path;
use std::process::{Command, Output};

fn app(args: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vidimus"));
    command.arg("app").args(args).arg("--data").arg(data).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn applications_are_registered_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "a secret that was chosen\n").unwrap();
    let grant = ["--role", "log analytics reader", "--workspace", "prod", "--expires", "2100-01-01"];
    let own = ["create", "--client-id", "exporter", "--client-secret-file", file.to_str().unwrap()];
    let made = app(&[own.as_slice(), &grant].concat(), folder.path());
    assert!(made.status.success() && made.stdout.is_empty(), "{}", text(&made.stderr));
    let made = app(&[["create", "--client-id", "other"].as_slice(), &grant].concat(), folder.path());
    let secret = text(&made.stdout).trim().to_string();
    assert!(made.status.success() && secret.len() > 40, "{}", text(&made.stderr));

    let listed = text(&app(&["list"], folder.path()).stdout);
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), ["exporter", "other"]);
    assert_eq!(lines[0][1..3], ["Log Analytics Reader", "prod"]);
    let kept = std::fs::read_to_string(folder.path().join("applications")).unwrap();
    assert!(!(listed + &kept).contains(&secret) && !kept.contains("that was chosen"));

    assert!(app(&["delete", "other"], folder.path()).status.success());
    assert_eq!(text(&app(&["list"], folder.path()).stdout).lines().count(), 1);
    let again = app(&["delete", "other"], folder.path());
    assert!(!again.status.success() && text(&again.stderr).contains("there is no application `other`"));
    let notes = std::fs::read_to_string(folder.path().join("activities")).unwrap();
    assert!(notes.contains("applications/exporter") && !notes.contains("that was chosen"));
}

#[test]
fn what_cannot_be_registered_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |args: &[&str]| {
        let output = app(args, folder.path());
        assert!(!output.status.success(), "{args:?}");
        text(&output.stderr)
    };
    let short = folder.path().join("short");
    std::fs::write(&short, "12345").unwrap();
    let grant = ["--role", "Owner", "--workspace", "*"];
    let create = ["create", "--client-id", "x", "--client-secret-file", short.to_str().unwrap()];
    assert!(refused(&[create.as_slice(), &grant].concat()).contains("16 to 1024 bytes"));
    assert!(
        refused(&["create", "--client-id", "x", "--role", "King", "--workspace", "*"]).contains("`King` is no role")
    );
    assert!(refused(&["create", "--client-id", "x", "--workspace", "*"]).contains("--role"));
}
