//! Why a rule is not saved, and why an upload is not taken.

use ingest::IngestError;

use crate::transform::TransformError;

/// Why a rule is refused; its author's fault, but for `Io` and `Damaged`.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("the rule cannot be read: {0}")]
    Malformed(String),
    #[error("the rule has no data flow: nothing would be taken")]
    NoFlow,
    #[error("the stream `{stream}` is neither declared in `streamDeclarations` nor one of the built-in ones")]
    UnknownStream { stream: String },
    #[error("`{name}` names no stream: it begins with `Custom-` or `Microsoft-`")]
    StreamName { name: String },
    #[error(
        "the stream `{stream}` has the column `{column}`: a name is a letter, then letters, digits, `_` and `-`, 45 at most"
    )]
    ColumnName { stream: String, column: String },
    #[error("the stream `{stream}` has the column `{column}`, which is reserved")]
    ReservedColumn { stream: String, column: String },
    #[error("the stream `{stream}` has the column `{column}` twice")]
    ColumnTwice { stream: String, column: String },
    #[error(
        "the column `{column}` of the stream `{stream}` has the type `{ktype}`: there are string, int, long, real, boolean, datetime and dynamic"
    )]
    ColumnType { stream: String, column: String, ktype: String },
    #[error("a data flow names the destination `{name}`, which is not among `destinations.logAnalytics`")]
    UnknownDestination { name: String },
    #[error("the destination `{name}`: there is no workspace `{workspace}`")]
    UnknownWorkspace { name: String, workspace: String },
    #[error("`{what}` is not supported")]
    Unsupported { what: String },
    #[error("the transformation of the stream `{stream}` is refused: {error}")]
    Transform {
        stream: String,
        #[source]
        error: TransformError,
    },
    #[error("what goes to `{table}` has no column `TimeGenerated` of type datetime")]
    NoTime { table: String },
    #[error("the table `{table}` has no column `{column}`")]
    NoColumn { table: String, column: String },
    #[error("the column `{column}` is of type {found}, and in the table `{table}` of type {wanted}")]
    OtherType { table: String, column: String, found: schema::KqlType, wanted: schema::KqlType },
    #[error("the table `{table}` cannot be made or extended")]
    Table {
        table: String,
        #[source]
        source: IngestError,
    },
    #[error("the immutable id `{id}` is that of another rule, or none: `dcr-` and 32 hexadecimal digits")]
    ImmutableId { id: String },
    #[error("somebody else has changed the data collection rule `{id}` meanwhile; read it and try again")]
    Changed { id: String },
    #[error("there is no data collection rule `{id}`")]
    Unknown { id: String },
    #[error("the rule cannot be read or written")]
    Io(#[source] std::io::Error),
    #[error("`{path}` is no rule")]
    Damaged { path: String },
}

/// Why an upload is not taken, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("there is no data collection rule with the immutable id `{id}`")]
    UnknownRule { id: String },
    #[error("the data collection rule takes no stream `{stream}`")]
    UnknownStream { stream: String },
    #[error("the body is no JSON array of records: {0}")]
    Malformed(String),
    #[error("the records have {found} bytes, and may have {max}")]
    TooLarge { found: usize, max: usize },
    #[error("the workspace `{workspace}` of the rule is not there")]
    UnknownWorkspace { workspace: String },
    /// What was said of the stream when the rule was saved does not hold any more.
    #[error("the rule does not fit its table any more: {0}")]
    Rule(#[source] Box<RuleError>),
    #[error("the transformation failed: {0}")]
    Transform(#[source] TransformError),
    #[error("{0}")]
    Ingest(#[source] IngestError),
    #[error("records cannot be put into columns")]
    Columns(#[from] arrow::error::ArrowError),
}
