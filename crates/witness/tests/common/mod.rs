//! A log to be witnessed, and a witness on a free port.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use listeners::http::{HttpListener, HttpOptions};
use sequencer::storage::Storage;
use stdx::Clock;
use tlog::note::{SignedNote, Signer};
use tlog::tree::{MemoryTree, consistency_proof, root};
use tlog::witness::AddCheckpoint;
use tlog::{Checkpoint, Hash, Policy};
use witness::{Witness, router};

/// 2025-11-21T00:00:00Z.
pub const START: i64 = 638_992_800_000_000_000;
pub const START_SECONDS: u64 = ((START - 621_355_968_000_000_000) / 10_000_000) as u64;

/// A clock that stands where it is put.
#[derive(Clone)]
pub struct TestClock(pub Arc<AtomicI64>);

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock(Arc::new(AtomicI64::new(START)))
    }
}

impl TestClock {
    pub fn add_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 10_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ticks(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub const ORIGIN: &str = "vault.example/contoso";

/// A log of which every size can be signed.
pub struct TestLog {
    pub signer: Signer,
    pub tree: MemoryTree,
}

impl TestLog {
    /// Makes a log of 600 entries; another salt makes another history.
    pub fn new(salt: u8) -> TestLog {
        let tree = (0..600u32).map(|number| Hash::leaf(&[&[salt][..], &number.to_be_bytes()].concat())).collect();
        TestLog { signer: Signer::log(ORIGIN, &[1; 32]).expect("a key"), tree }
    }

    pub fn checkpoint(&self, size: u64) -> SignedNote {
        let Ok(root) = root(&self.tree, size);
        SignedNote::sign(Checkpoint { origin: ORIGIN.to_string(), size, root }.text(), &self.signer)
    }

    pub fn request(&self, old: u64, new: u64) -> AddCheckpoint {
        let Ok(proof) = consistency_proof(&self.tree, old, new);
        AddCheckpoint { old, proof, checkpoint: self.checkpoint(new) }
    }

    pub fn policy(&self) -> Policy {
        Policy::parse(&format!("log {}\nquorum none\n", self.signer.verifier())).expect("a policy")
    }
}

pub fn witness_signer() -> Signer {
    Signer::witness("witness.example/w1", &[7; 32]).expect("a key")
}

pub fn open(storage: Arc<dyn Storage>, clock: &TestClock, policy: Policy) -> Witness {
    Witness::open(storage, Arc::new(clock.clone()), witness_signer(), policy).expect("it starts")
}

/// A server that ends when this is dropped.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(witness: Arc<Witness>) -> Server {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (bound, is_bound) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let any = SocketAddr::from(([127, 0, 0, 1], 0));
                let listener = HttpListener::bind(any, HttpOptions::default()).await.expect("a port");
                bound.send(listener.address()).expect("somebody waits");
                let stopped = async {
                    let _ = stopped.await;
                };
                listener.serve(router(witness), stopped).await;
            });
        });
        let address = is_bound.recv().expect("an address");
        Server { address, stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
