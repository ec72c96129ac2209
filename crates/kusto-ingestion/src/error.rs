//! Why records are not taken in.

use crate::format::{DataFormat, MappingKind};
use crate::mapping::MappingError;
use files::Rejection;
use ingest::IngestError;
use sequencer::SubmitError;

/// Why records are not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IngestionError {
    #[error("the format `{name}` is not supported: there are {}", DataFormat::names().join(", "))]
    UnknownFormat { name: String },
    #[error("ingestion from `{what}` is not supported: send the data itself")]
    UnknownSource { what: String },
    #[error("there is no {} mapping `{name}` of the table", kind.name())]
    UnknownMapping { kind: MappingKind, name: String },
    #[error(transparent)]
    Mapping(MappingError),
    #[error("the data is no {} file that can be read: {why}", format.name())]
    Unreadable { format: DataFormat, why: String },
    #[error("the data has more than {max} bytes once it is unpacked")]
    TooLarge { max: usize },
    #[error("there is no record in the data")]
    NoData,
    /// They are in the quarantine.
    #[error("none of the {n_records} records can be taken; the first one: {}: {detail}", reason.name())]
    AllRejected { n_records: usize, reason: Rejection, detail: String },
    #[error(transparent)]
    Store(IngestError),
    /// Ours.
    #[error("files of this format cannot be read now")]
    NoReader(#[source] std::io::Error),
    #[error("as many files of this format are read as may be at the same time; send it again later")]
    Busy { retry_after_ms: u64 },
    /// Ours.
    #[error("the records cannot be put into columns")]
    Columns(#[source] arrow::error::ArrowError),
}

impl IngestionError {
    /// Returns Kusto's code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            IngestionError::UnknownFormat { .. } => "BadRequest_FormatNotSupported",
            IngestionError::UnknownSource { .. } => "BadRequest_OperationNotSupported",
            IngestionError::UnknownMapping { .. } => "BadRequest_MappingReferenceWasNotFound",
            IngestionError::Mapping(_) => "BadRequest_InvalidMapping",
            IngestionError::Unreadable { .. } => "BadRequest_InvalidBlob",
            IngestionError::TooLarge { .. } => "Stream_InputStreamTooLarge",
            IngestionError::NoData => "Stream_NoDataToIngest",
            IngestionError::AllRejected { .. } => "BadRequest_NoRecordsOrWrongFormat",
            IngestionError::Store(error) => match error {
                IngestError::UnknownWorkspace { .. } => "BadRequest_DatabaseNotExist",
                IngestError::UnknownTable { .. } | IngestError::TableName { .. } => "BadRequest_TableNotExist",
                IngestError::OwnTable { .. } => "General_BadRequest",
                IngestError::Submit(SubmitError::TooLarge { .. }) => "Stream_InputStreamTooLarge",
                IngestError::Busy { .. } => "TooManyRequests",
                IngestError::Submit(SubmitError::RequestReused) => "General_BadRequest",
                IngestError::Submit(_) => "General_ServiceUnavailable",
                _ => "General_InternalServerError",
            },
            IngestionError::Busy { .. } => "TooManyRequests",
            IngestionError::NoReader(_) => "General_ServiceUnavailable",
            IngestionError::Columns(_) => "General_InternalServerError",
        }
    }

    /// Returns whether sending the same again is of no use.
    pub fn is_permanent(&self) -> bool {
        !matches!(self.code(), "TooManyRequests" | "General_ServiceUnavailable" | "General_InternalServerError")
    }

    /// Returns after how many milliseconds it may be sent again, where that is known.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            IngestionError::Store(IngestError::Busy { retry_after_ms, .. })
            | IngestionError::Busy { retry_after_ms } => Some(*retry_after_ms),
            _ => None,
        }
    }
}
