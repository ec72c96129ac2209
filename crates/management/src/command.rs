//! What a command is: how it is written, what it needs, what columns its answer has, what it does.

use crate::args::Args;
use crate::context::Context;
use crate::error::CommandError;
use auth::Action;
use schema::{KqlType, Value};
use sha2::{Digest, Sha256};

/// Commands that belong together: one file under `commands/`.
pub struct Family {
    pub commands: &'static [Command],
    pub refused: &'static [Refused],
}

/// Columns of an answer.
pub type Columns = &'static [(&'static str, KqlType)];
/// Rows of an answer.
pub type Rows = Vec<Vec<Value>>;
/// What a command does.
pub type Body = fn(&Context<'_>, &mut Args<'_>) -> Result<Rows, CommandError>;

/// A command that is done.
pub struct Command {
    /// How it is written, without the dot; see [`crate::grammar`].
    pub syntax: &'static str,
    /// What one has to be allowed in the database.
    pub needs: &'static [Action],
    pub columns: Columns,
    pub body: Body,
}

/// Commands that Kusto has and that are not done here.
pub struct Refused {
    /// How they begin, without the dot.
    pub syntax: &'static str,
    pub why: &'static str,
}

pub use KqlType::{Bool, Datetime, Dynamic, Guid, Long, Real, String as Text, Timespan};

/// Makes a text.
pub fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

/// Makes a number of a count.
pub fn count(count: u64) -> Value {
    Value::Long(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Makes an id of a name: always the same.
pub fn id_of(name: &str) -> Value {
    let hash = Sha256::digest(name.as_bytes());
    let bytes = hash.first_chunk::<16>().copied().unwrap_or_default();
    Value::Guid(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
}

/// Does nothing: of what the command shows there is none here.
pub fn nothing(_: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(Vec::new())
}
