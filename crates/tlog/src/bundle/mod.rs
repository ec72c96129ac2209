//! Evidence to take away: verified with the keys that one trusts, without the vault and without a network.
//!
//! | file | contents |
//! |---|---|
//! | `claim` | what the bundle claims: records of tables as they were sealed, whole runs of them, or that there were none for a while |
//! | `checkpoint` | the signed checkpoint, with cosignatures |
//! | `batch-<entry>.tlog-proof` | a batch's entry and its path to the checkpoint, as a C2SP tlog-proof |
//! | `batch-<entry>.records` | records of the batch, and hashes for those that are not shown |
//! | `schema-<sha256>` | what the column ids of a batch mean |
//! | `heartbeat-<entry>.tlog-proof` | a heartbeat, in the same form: how far each table had come at a time |
//! | `consistency-<size>` | an earlier checkpoint and the proof that the log only grew since |
//! | `verify.py` | a verifier that needs Python's standard library only |
//! | `README.txt` | how to use it |
//!
//! The claim is not signed by anyone: it says what there is to verify, and [`verify`] holds everything else against it. Every file
//! has one form, so that a changed byte is either refused or was never looked at, which the report then says.

mod build;
mod claim;
mod consistency;
mod records;
mod report;
mod show;
mod silence;
mod verify;

use std::collections::BTreeMap;

pub use build::{BuildError, BundleBuilder};
pub use claim::{Claim, ClaimKind, TableClaim};
pub use consistency::Consistency;
pub use records::{BatchRecords, Row, RowCell};
pub use report::{Report, ShownCell, ShownRow};
pub use verify::{Pin, Refusal, verify};

/// The files of a bundle by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The verifier that is put into every bundle. It verifies what [`verify`] does, and prints the same report.
pub const VERIFY_PY: &str = include_str!("verify.py");

const README: &str = include_str!("README.txt");

const CLAIM: &str = "claim";
const CHECKPOINT: &str = "checkpoint";
const VERIFY_PY_NAME: &str = "verify.py";
const README_NAME: &str = "README.txt";

fn proof_name(entry: u64) -> String {
    format!("batch-{entry}.tlog-proof")
}

fn heartbeat_name(entry: u64) -> String {
    format!("heartbeat-{entry}.tlog-proof")
}

fn records_name(entry: u64) -> String {
    format!("batch-{entry}.records")
}

fn schema_name(hash: &crate::Hash) -> String {
    format!("schema-{hash}")
}

fn consistency_name(size: u64) -> String {
    format!("consistency-{size}")
}
