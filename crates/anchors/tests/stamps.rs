//! The published checkpoints of a sequencer, timestamped by `openssl`, and verified by it once more.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anchors::tsa::{Authority, verify};
use anchors::{
    Reply, TimestampOptions, Timestamps, Transport, TransportError, stamped_checkpoint_path, timestamp_path,
};
use common::{OpensslAuthority, RSA, has_openssl};
use sequencer::storage::{Disk, Storage};
use sequencer::{Keys, Request, Sequencer, SequencerOptions, Signer};
use stdx::{Rng, SystemClock};
use tlog::Hash;
use tlog::note::SignedNote;

struct LogKeys;

impl Keys for LogKeys {
    fn signers(&self, workspace: &str) -> Result<Vec<Arc<dyn Signer>>, String> {
        let signer = tlog::note::Signer::log(&format!("vault.example/{workspace}"), &[1; 32]);
        Ok(vec![Arc::new(signer.map_err(|error| error.to_string())?)])
    }
}

/// An authority that is away at first.
struct Away {
    authority: OpensslAuthority,
    is_away: AtomicBool,
}

impl Transport for Away {
    fn get(&self, url: &str) -> Result<Reply, TransportError> {
        self.authority.get(url)
    }

    fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Reply, TransportError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(TransportError("away".to_string()));
        }
        self.authority.post(url, content_type, body)
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_published_is_stamped_once_and_openssl_agrees() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Disk::open(folder.path()).expect("a store"));
    let options = SequencerOptions { heartbeat_every: None, ..SequencerOptions::default() };
    let sequencer = Sequencer::open(disk.clone(), Arc::new(SystemClock), Box::new(LogKeys), options, |_| {});
    let sequencer = sequencer.expect("it starts");
    let heartbeat = || {
        let request = Request::Heartbeat { workspace: "contoso".to_string() };
        sequencer.submit(request).expect("taken").wait().expect("committed");
    };
    heartbeat();
    let made = Arc::new(Away { authority: OpensslAuthority::new(RSA), is_away: AtomicBool::new(true) });
    let authority = Authority::from_pem(&made.authority.read("root.pem"), b"").expect("certificates");
    let start = |every| {
        let options = TimestampOptions {
            url: "http://tsa.example".to_string(),
            authority: authority.clone(),
            every,
            retry: Duration::from_millis(10),
        };
        let publications = sequencer.publications();
        Timestamps::start(disk.clone(), publications, made.clone(), options, Rng::from_seed(1)).expect("it starts")
    };
    let timestamps = start(Duration::from_secs(3600));
    let error = wait_for("it is said", || timestamps.status().error);
    assert_eq!(error, "contoso: there is no answer: away");
    made.is_away.store(false, Ordering::SeqCst);
    let (size, time) = wait_for("a timestamp", || timestamps.status().stamped.get("contoso").copied());
    assert_eq!((size, timestamps.status().error), (1, None));
    drop(timestamps);

    let response = disk.read(&timestamp_path("contoso", 1)).expect("readable").expect("a file");
    let note = disk.read(&stamped_checkpoint_path("contoso", 1)).expect("readable").expect("a file");
    let note = SignedNote::parse(&note).expect("a note");
    let verified = verify(&response, &Hash::of(note.text.as_bytes()), None, &authority).expect("valid");
    assert_eq!(verified.time_seconds, time);
    let path = |name: &str| made.authority.path(name).display().to_string();
    std::fs::write(path("text"), &note.text).expect("written");
    std::fs::write(path("kept"), &response).expect("written");
    let (text, kept, root) = (path("text"), path("kept"), path("root.pem"));
    let told = made.authority.run(&["ts", "-verify", "-in", &kept, "-data", &text, "-CAfile", &root]);
    assert!(told.contains("Verification: OK"), "{told}");

    // Nothing new, so nothing to stamp; then the next one.
    let timestamps = start(Duration::ZERO);
    heartbeat();
    let (size, _) = wait_for("a timestamp", || timestamps.status().stamped.get("contoso").copied());
    assert_eq!(size, 2);
    drop(timestamps);
    assert_eq!(made.authority.read("serial"), b"1002\n", "two were made");
}
