//! Kusto's management commands: text that begins with a dot, told apart, judged, done, answered with a table.
//!
//! ```text
//! text ─ lexer ─► Reader ─ grammar ─► Command (one of `commands/`) + Args ─ may they? ─► body ─► Rows
//!                                                                                          │ `| where ...`
//!                                                                                          └──► the query engine, over the rows
//! ```
//!
//! What changes something is an act: it is written down as activity before it is done, and sealed in the workspace's log. A command that
//! Kusto has and this product has not is refused by its name, with the reason.
//!
//! # Source
//! Kusto reference, "Management commands overview" and the pages of the commands; columns as Microsoft's own parser declares them.

mod answer;
mod args;
mod command;
mod commands;
mod context;
mod csl;
mod error;
mod grammar;
mod ingestion_properties;
mod inner;
mod reader;
mod run;
mod schema_json;
mod tables;

pub use answer::{Answer, AnswerTable};
pub use commands::functions::add_function;
pub use commands::views::add_view;
pub use context::{Activities, CommandRequest, Manager, QueryInfo, RunningQueries, World};
pub use error::CommandError;
pub use run::{STACK_BYTES, form_of};
