//! The sealed log: formats and Merkle arithmetic, without input or output.
//!
//! ```text
//! cells ─ record ─► leaf hash ─ tree ─► batch root ─ entry ─► entry of the log ─ tree, tile ─► checkpoint ─ note ─► signed
//!                                                                                                                    │
//!                    bundle: rows with their salts, paths, entries, checkpoint, cosignatures ◄───────────────────────┘
//! ```
//!
//! Two trees of RFC 6962 stand on each other. The records of one table that are sealed together are the leaves of a batch's
//! tree; its root goes with some 300 bytes, none of them about a person, into an entry; entries are the leaves of the
//! workspace's log, which is served as C2SP tlog-tiles and signed as C2SP checkpoints. A [`bundle`] is what an auditor
//! takes away: it is verified with the keys that the auditor trusts and nothing else.
//!
//! From a record to evidence that it was sealed:
//!
//! ```
//! use tlog::bundle::{BatchRecords, BundleBuilder, Row, verify};
//! use tlog::entry::{BatchEntry, Entry};
//! use tlog::note::{SignedNote, Signer};
//! use tlog::record::{Cell, CellType, LeafHasher, SchemaColumn, SchemaDoc, Seed, SeedTree};
//! use tlog::tree::{MemoryTree, inclusion_proof};
//! use tlog::{Checkpoint, Hash, Policy};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let column = |id, kind, name: &str| SchemaColumn { id, kind, name: name.to_string() };
//! let columns = vec![column(0, CellType::String, "Actor"), column(1, CellType::Long, "Amount")];
//! let schema = SchemaDoc { table: "Payments".to_string(), id: 1, columns };
//! let records = [[Cell::string("ann"), Cell::Long(5)], [Cell::string("ben"), Cell::Long(7)]];
//!
//! // Ingest, on any thread: seeds, leaf hashes, the batch's tree.
//! let seeds = SeedTree::new(Seed([0; 32]), SeedTree::depth_for(2))?; // 32 random bytes in earnest
//! let mut hasher = LeafHasher::new(&schema);
//! let mut batch = MemoryTree::new();
//! for (seed, cells) in seeds.seeds(0..2).zip(&records) {
//!     batch.append(hasher.hash(&seed, cells.iter().cloned())?);
//! }
//!
//! // The sequencer: number the batch, append its entry, sign the log.
//! let entry = BatchEntry {
//!     table: schema.table.clone(),
//!     schema_id: schema.id,
//!     schema_hash: schema.hash(),
//!     first: 0,
//!     count: 2,
//!     time: 639_029_198_450_000_000,
//!     root: batch.root(),
//!     prev: None,
//! };
//! let mut log = MemoryTree::new();
//! log.append(Hash::leaf(&Entry::Batch(entry.clone()).to_bytes()?));
//! let signer = Signer::log("vault.example/contoso", &[1; 32])?;
//! let checkpoint = Checkpoint { origin: "vault.example/contoso".to_string(), size: 1, root: log.root() };
//! let checkpoint = SignedNote::sign(checkpoint.text(), &signer);
//!
//! // Evidence about the second record, without saying who.
//! let seed = seeds.seed(1).ok_or("erased")?;
//! let row = Row::new(1, &schema, &seed, &records[1], |column| column != 0)?;
//! let mut bundle = BundleBuilder::new(&checkpoint)?;
//! let Ok(shown) = BatchRecords::new(&batch, entry.count, vec![row]);
//! let Ok(path) = inclusion_proof(&log, 0, 1);
//! bundle.batch(0, &entry, path, &schema, Some(&shown));
//!
//! // Whoever trusts the log's key, anywhere.
//! let policy = Policy::parse(&format!("log {}\nquorum none\n", signer.verifier()))?;
//! let report = verify(&bundle.finish(), &policy, &[])?;
//! assert!(report.rows[0].to_json().ends_with("\"Amount\":7,\"_hidden\":[\"Actor\"]}"));
//! # Ok(())
//! # }
//! ```
//!
//! This crate has no clock, no files and no randomness: seeds, keys and times come as arguments.

mod block;
pub mod bundle;
mod checkpoint;
pub mod entry;
mod error;
mod hash;
pub mod note;
mod policy;
mod proof;
mod receipt;
pub mod record;
mod text;
pub mod tile;
mod time;
pub mod tree;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use error::{ProofError, TextError};
pub use hash::Hash;
pub use policy::{Policy, PolicyError, PolicyWitness, Sighting, WitnessState, WitnessView};
pub use proof::LogProof;
pub use receipt::Receipt;
pub use time::{seconds_text, ticks_text};
