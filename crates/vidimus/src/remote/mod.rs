//! Asking a server: the query goes to Kusto's `/v2/rest/query`, and its frames become the pieces of a result.
//!
//! ```text
//! Question ─ POST ─► server ─ status ─► Refusal
//!                           └ frames (a thread of their own) ─ events, a few at a time ─► Answer ─► show
//! ```

mod cells;
mod frames;
mod refusal;
mod server;

pub use refusal::Refusal;
pub use server::{Called, Question, Server, token};
