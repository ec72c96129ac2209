//! Messages from a queue into the store: each is a record or in the quarantine, also those that the store had no room for at first.

use api_ingest::syslog::{Intake, IntakeReport};
use ingest::{QUARANTINE_TABLE, Vault, VaultOptions};
use listeners::syslog::{Fault, Message, Transport, queue};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use stdx::SystemClock;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

struct Silent;

impl IntakeReport for Silent {
    fn held_up(&self, why: &str) {
        panic!("{why}");
    }
}

fn open(options: VaultOptions) -> (tempfile::TempDir, Arc<Vault>) {
    let folder = tempfile::tempdir().expect("a folder");
    let vault = Vault::open(folder.path().join("store"), Arc::new(SystemClock), options).expect("a store");
    vault.create_workspace("main").expect("a workspace");
    (folder, Arc::new(vault))
}

fn intake(vault: &Arc<Vault>) -> Intake {
    Intake {
        vault: vault.clone(),
        workspace: "main".to_string(),
        collector: "here".to_string(),
        clock: Arc::new(SystemClock),
        report: Arc::new(Silent),
    }
}

fn n_records(vault: &Vault, table: &str) -> u64 {
    let table = vault.workspace("main").and_then(|workspace| workspace.table(table));
    table.map_or(0, |table| table.status().n_records)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_is_a_record_or_in_the_quarantine() {
    let (_folder, vault) = open(VaultOptions::default());
    let ([outlet, other], inlet) = queue(16 << 20);
    let held = inlet.held();
    let whole = |bytes: &[u8]| Message::whole(bytes.to_vec());
    // As JSON, it is longer than a record may be.
    let long = [b"<13>".to_vec(), vec![1; 250_000]].concat();
    let event = b"<13>CEF:0|Contoso|Wall|1.2|100|Denied|5|act=deny";
    let cut = Message { bytes: b"<13>cut".to_vec(), fault: Some(Fault::Unfinished { length: Some(9) }) };
    let messages = vec![whole(b"<13>a\nb"), whole(&long), whole(b"<13>\xff"), whole(event), cut, whole(b"no header")];
    outlet.put(PEER, Transport::Tcp, messages).await;
    assert_eq!(held.count(), 6);
    drop((outlet, other));
    intake(&vault).run(inlet).await;
    assert_eq!(held.count(), 0);
    let counts = ["Syslog", "CommonSecurityLog", QUARANTINE_TABLE].map(|table| n_records(&vault, table));
    assert_eq!(counts, [2, 1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_while_the_store_has_no_room() {
    let (_folder, vault) = open(VaultOptions { hot_bytes_max: 1, ..VaultOptions::default() });
    let ([outlet, other], inlet) = queue(10_000);
    drop(other);
    let taking = tokio::spawn(intake(&vault).run(inlet));
    let sending = tokio::spawn(async move {
        for n in 0..40 {
            outlet.put(PEER, Transport::Tcp, vec![Message::whole(format!("<13>{n:01000}").into_bytes())]).await;
        }
    });
    // The first ones fill the store, the next ones the queue, and the others wait.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = n_records(&vault, "Syslog");
    assert!(before > 0 && before < 30 && !sending.is_finished(), "{before}");
    while !taking.is_finished() {
        let vault = vault.clone();
        tokio::task::spawn_blocking(move || vault.flush()).await.expect("it ends").expect("it is written");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sending.await.expect("it ends");
    assert_eq!(n_records(&vault, "Syslog"), 40);
}
