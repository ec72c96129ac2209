//! Following what others publish: feeds of audit records and containers of log files, each from a saved position, each piece exactly once.
//!
//! ```text
//! Feed::next ─► Piece ─► spool (durable) ─► Deliver ─ acknowledged ─► State (durable) ─► spool removed
//!    ▲                                                                  │
//!    └──────────────────────────── position ◄───────────────────────────┘
//! ```
//!
//! A [`Feed`] says what comes next behind a position: a [`Piece`], bytes of one log format under a name that follows from where they
//! stand and what they are. What a piece moves in the position is kept with it. [`follow`] keeps a piece before it is delivered, so
//! that after any interruption the same bytes are delivered under the same name, which a server takes once; the position moves when
//! the delivery was acknowledged, and never before.
//!
//! One file or folder each: [`Office`] (the Office 365 Management Activity API), [`Graph`] (collections of Microsoft Graph), [`Objects`]
//! (blobs of Azure and objects of S3, also those that grow), [`Files`] (files of this machine as they grow), [`Kafka`] (topics). `reached` says how far
//! something that grows was taken, `growth` which of its bytes are whole records, `events` how records of no known format are handed
//! on. [`Client`] asks over HTTP: what is busy is asked again when it says, bodies
//! are bounded, and a token goes to the host that it is meant for. [`SignIn`] gets tokens.

mod client;
mod error;
mod events;
mod feed;
mod files;
mod follow;
mod graph;
mod growth;
mod kafka;
mod objects;
mod office;
mod problems;
mod reached;
mod secret;
mod sign_in;
mod spool;
mod state;
mod store;

pub use client::Client;
pub use error::PullError;
pub use feed::{Content, Feed, Next, Piece};
pub use files::{Files, FilesOptions};
pub use follow::{Deliver, Delivered, Round, follow};
pub use graph::{Collection, Graph};
#[doc(hidden)]
pub use kafka::read_as_answers;
pub use kafka::{Kafka, KafkaOptions, Login, Mechanism};
pub use objects::Objects;
pub use office::{Office, OfficeOptions};
pub use secret::read_secret;
pub use sign_in::SignIn;
pub use spool::{Header, Pending};
pub use state::{Change, State};
pub use store::{AzureKey, azure, s3};
