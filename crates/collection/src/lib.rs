//! Data collection rules: which records of a stream go to which table, and what is made of them on the way.
//!
//! ```text
//! rule (JSON, as in Azure) ─ Rule::parse ─► Rule ─ Rules::put ─► rules/<immutable id>.json
//! upload ─ body ─ Upload::read ─► columns of the stream ─ Transform ─► columns of the table ─► Vault ─► receipts, quarantine
//! ```
//!
//! A rule is validated when it is saved: its streams and destinations are there, and its transformations are KQL that works on each
//! record by itself and gives what the table takes. `suffix` is the older scheme, by which columns are named after what is in them; `plain` names them after
//! the fields, of records that come by protocols without a scheme.
//!
//! # Source
//! Azure Monitor documentation, "Structure of a data collection rule", "Logs Ingestion API", "Supported KQL features in Azure Monitor
//! transformations", "HTTP Data Collector API".

mod allowed;
mod cut;
mod error;
mod plain;
mod rule;
mod rules;
mod special;
mod stream;
mod suffix;
mod transform;
mod upload;

pub use error::{CollectError, RuleError};
pub use plain::{Fields, Plain, plain, push_member};
pub use rule::{Flow, Rule, resource_id};
pub use rules::{Rules, Saved};
pub use stream::table_of;
pub use suffix::{Said, Suffixed, guid, suffixed};
pub use transform::{Transform, TransformError};
pub use upload::{BYTES_MAX, Collected, Collector};
