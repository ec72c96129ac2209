//! What can go wrong while a query runs, in the words of the person who wrote it.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use kql_functions::EvalError;
use std::sync::Arc;

/// Why a query failed. The text never names the engine or a Rust type; what the engine said is kept as the source.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueryError {
    /// A function refused its arguments.
    #[error("{0}")]
    Evaluation(String),
    #[error("there is no table `{name}`")]
    UnknownTable { name: String },
    #[error("there is no function `{name}` that the engine can run")]
    UnknownFunction { name: String },
    #[error("{what} needs a value that is known before the query runs")]
    NotConstant { what: String },
    /// A file or stream could not be read.
    #[error("{0}")]
    Read(String),
    #[error(
        "the query needs more memory than the limit of {}; filter or summarize earlier, project fewer columns, or raise the limit",
        bytes_text(*max_bytes)
    )]
    MemoryExceeded { max_bytes: u64 },
    #[error(
        "the query needs more temporary disk space than there is; filter or summarize earlier, or raise the memory limit"
    )]
    DiskExceeded,
    #[error("the query ran longer than its limit of {seconds} s")]
    Timeout { seconds: f64 },
    #[error("the query was cancelled")]
    Cancelled,
    #[error("the result has more than {max} rows; add `| take {max}`, filter or summarize, or raise the limit")]
    TooManyRows { max: u64 },
    #[error("the result is larger than {}; project fewer columns, filter or summarize, or raise the limit", bytes_text(*max_bytes))]
    TooManyBytes { max_bytes: u64 },
    #[error("`{operator}` {text}")]
    Limit { operator: &'static str, text: String },
    /// Our fault: a plan or a column that the engine does not take.
    #[error("internal error while {step}")]
    Internal { step: &'static str, source: Arc<dyn std::error::Error + Send + Sync> },
}

impl QueryError {
    /// Makes an internal error from a text that only the log shows.
    pub(crate) fn internal(step: &'static str, detail: impl Into<String>) -> QueryError {
        QueryError::Internal { step, source: Arc::new(Detail(detail.into())) }
    }

    /// Says in the user's words what the engine reports. `max_memory` is the limit in force.
    pub(crate) fn from_engine(error: DataFusionError, step: &'static str, max_memory: u64) -> QueryError {
        // A cause of our own may lie under any number of the engine's wrappings.
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if let Some(known) = known_cause(inner, max_memory) {
                return known;
            }
            cause = inner.source();
        }
        QueryError::Internal { step, source: Arc::new(error) }
    }
}

impl From<EvalError> for QueryError {
    fn from(error: EvalError) -> QueryError {
        QueryError::Evaluation(error.0)
    }
}

impl From<QueryError> for DataFusionError {
    fn from(error: QueryError) -> DataFusionError {
        DataFusionError::External(Box::new(error))
    }
}

/// Carries a function's error through the engine.
pub(crate) fn eval_error(error: EvalError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn known_cause(error: &(dyn std::error::Error + 'static), max_memory: u64) -> Option<QueryError> {
    if let Some(error) = error.downcast_ref::<QueryError>() {
        return Some(error.clone());
    }
    if let Some(error) = error.downcast_ref::<EvalError>() {
        return Some(QueryError::Evaluation(error.0.clone()));
    }
    match error.downcast_ref::<DataFusionError>()? {
        DataFusionError::External(inner) => known_cause(inner.as_ref(), max_memory),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(inner) => known_cause(inner.as_ref(), max_memory),
            ArrowError::IoError(_, inner) => Some(QueryError::Read(io_text(inner))),
            _ => None,
        },
        DataFusionError::ParquetError(inner) => match inner.as_ref() {
            parquet::errors::ParquetError::External(inner) => known_cause(inner.as_ref(), max_memory),
            _ => Some(QueryError::Read("a Parquet file is damaged or not a Parquet file".to_string())),
        },
        DataFusionError::ObjectStore(inner) => Some(QueryError::Read(match inner.as_ref() {
            object_store::Error::NotFound { path, .. } => format!("there is no file `{path}`"),
            object_store::Error::PermissionDenied { path, .. } => format!("reading `{path}` is not allowed"),
            _ => "a file could not be read".to_string(),
        })),
        DataFusionError::IoError(inner) => Some(QueryError::Read(io_text(inner))),
        DataFusionError::ResourcesExhausted(text) => Some(if text.contains("disk") {
            QueryError::DiskExceeded
        } else {
            QueryError::MemoryExceeded { max_bytes: max_memory }
        }),
        DataFusionError::Shared(inner) => known_cause(inner.as_ref(), max_memory),
        _ => None,
    }
}

fn io_text(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return "the disk is full".to_string();
    }
    format!("a file could not be read: {}", error.kind())
}

/// Prints a number of bytes in the largest unit that keeps it above one.
fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value.fract() == 0.0 { format!("{value} {}", UNITS[unit]) } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Detail(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_under_wrappings() {
        let eval = || eval_error(EvalError::new("`x` is bad"));
        let cases: Vec<(DataFusionError, &str)> = vec![
            (eval(), "`x` is bad"),
            (DataFusionError::Context("while".into(), Box::new(eval())), "`x` is bad"),
            (DataFusionError::Shared(Arc::new(eval())), "`x` is bad"),
            (DataFusionError::ArrowError(Box::new(ArrowError::ExternalError(Box::new(eval()))), None), "`x` is bad"),
            (
                DataFusionError::ResourcesExhausted("pool".into()),
                "the query needs more memory than the limit of 1.5 GiB; filter or summarize earlier, project fewer columns, or raise the limit",
            ),
            (DataFusionError::Plan("Utf8View".into()), "internal error while testing"),
            (QueryError::Cancelled.into(), "the query was cancelled"),
        ];
        for (error, expected) in cases {
            assert_eq!(QueryError::from_engine(error, "testing", 3 << 29).to_string(), expected);
        }
    }
}
