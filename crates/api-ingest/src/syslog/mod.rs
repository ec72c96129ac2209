//! Syslog: messages that listeners received become records of Syslog and CommonSecurityLog.
//!
//! ```text
//! Inlet ─ gather: 50 ms or 1 MB ─ records ─► Vault::take, again until taken ─► room for the next
//!                                     └► rejected ─► quarantine
//! ```
//!
//! Syslog knows no answers: nobody can be told that a message was not taken. So none is let go of until it is, and while the store has no
//! room, senders have none either.

mod intake;
mod records;

pub use intake::{Intake, IntakeReport};
