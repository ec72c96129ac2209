//! What is submitted and what comes back.

use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tlog::Hash;
use tlog::entry::{BatchEntry, Entry};
use tlog::note::SignedNote;

/// Names a submission, so that it can be repeated without being taken twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    pub id: [u8; 16],
    /// What was sent under the id, as part of a hash. A repetition is sealed with other seeds and perhaps at another time, so that its
    /// root says nothing.
    pub content: [u8; 16],
}

/// Records of one table, hashed and ready to be numbered.
#[derive(Debug, Clone)]
pub struct SealedBatch {
    pub workspace: String,
    pub table: String,
    pub request: Option<RequestId>,
    pub schema_id: u32,
    pub schema_hash: Hash,
    /// How many records.
    pub count: u64,
    /// The root of the tree over the records.
    pub root: Hash,
    /// What the leaves were made with besides the columns, such as the tree of seeds; only kept.
    pub leaf_material: Vec<u8>,
    /// The records' columns; only kept.
    pub payload: Vec<u8>,
}

impl SealedBatch {
    /// Returns the hash of what is only kept.
    pub(crate) fn data_hash(&self) -> Hash {
        data_hash(&self.leaf_material, &self.payload)
    }
}

pub(crate) fn data_hash(leaf_material: &[u8], payload: &[u8]) -> Hash {
    Hash(Sha256::new_with_prefix(leaf_material).chain_update(payload).finalize().into())
}

/// Something to append to a log.
#[derive(Debug, Clone)]
pub enum Request {
    Batch(SealedBatch),
    /// An entry that is neither a batch nor a heartbeat nor about a key; it gets its time here.
    Entry {
        workspace: String,
        entry: Entry,
    },
    /// A sign of life.
    Heartbeat {
        workspace: String,
    },
    /// Signs with the keys that the workspace has now and says so in the log. At least one key of before has to be among them; it can
    /// go with a second rotation.
    RotateKeys {
        workspace: String,
        authorities: Vec<String>,
    },
}

impl Request {
    /// Returns the workspace to whose log it goes.
    pub fn workspace(&self) -> &str {
        match self {
            Request::Batch(batch) => &batch.workspace,
            Request::Entry { workspace, .. }
            | Request::Heartbeat { workspace }
            | Request::RotateKeys { workspace, .. } => workspace,
        }
    }

    /// Returns how many bytes it keeps in memory while it waits, about.
    pub(crate) fn n_bytes(&self) -> u64 {
        match self {
            Request::Batch(batch) => (batch.leaf_material.len() + batch.payload.len()) as u64 + 1024,
            _ => 1024,
        }
    }
}

/// A request and the hash of its data, which is made by the thread that submits.
pub(crate) struct Prepared {
    pub request: Request,
    pub data_hash: Hash,
}

impl Prepared {
    pub fn new(request: Request) -> Prepared {
        let data_hash = match &request {
            Request::Batch(batch) => batch.data_hash(),
            _ => Hash::EMPTY_ROOT,
        };
        Prepared { request, data_hash }
    }
}

/// How far the acknowledged has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// It is durable and covered by a signed checkpoint that is durable with it.
    Committed,
    /// Besides, a quorum of witnesses has cosigned the checkpoint.
    Witnessed,
}

/// What whoever submitted gets back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub level: Level,
    /// The index in the workspace's log; of the last one, when there are several.
    pub entry: u64,
    /// The numbers of the records in their table; none for what is not a batch.
    pub records: Range<u64>,
    /// The time of the entry, in ticks. `None` in the answer to a repetition of a request that the files of the write-ahead log have no more.
    pub time: Option<i64>,
    pub checkpoint: Arc<SignedNote>,
}

impl Receipt {
    /// Returns the receipt for a sender about `count` of the batch's records from position `first` on.
    pub fn to_sender(&self, first: u64, count: u64) -> tlog::Receipt {
        tlog::Receipt { entry: self.entry, first, count, checkpoint: SignedNote::clone(&self.checkpoint) }
    }
}

/// A batch as it is in the write-ahead log, for those who keep it elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBatch {
    pub workspace: String,
    /// The index in the workspace's log.
    pub entry: u64,
    pub batch: BatchEntry,
    pub request: Option<RequestId>,
    pub leaf_material: Vec<u8>,
    pub payload: Vec<u8>,
}
