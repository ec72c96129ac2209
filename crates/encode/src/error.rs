//! Why a result cannot be written in a format.

use schema::KqlType;

/// A fault of writing a result.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The destination refused.
    #[error("cannot write the result")]
    Write(#[from] std::io::Error),
    /// The format holds one table, the result has more.
    #[error("{format} holds one table, the result has more")]
    OneTable { format: &'static str },
    /// A sheet of Excel holds no more.
    #[error("xlsx holds at most {max} {what} a sheet")]
    SheetLimit { what: &'static str, max: u64 },
    /// A cell of Excel holds no more.
    #[error("xlsx holds at most {max} characters a cell; row {row} of column `{column}` has {found}")]
    CellLimit { max: usize, row: u64, column: String, found: usize },
    /// The value cannot be written without loss.
    #[error("the {ktype} {value} of column `{column}` cannot be written to {format} without loss")]
    Loss { format: &'static str, column: String, ktype: KqlType, value: String },
    /// A batch's array is not what its column's type says: ours.
    #[error("column `{column}` does not hold {ktype} values")]
    Batch { column: String, ktype: KqlType },
    #[error("cannot build the Arrow data")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("cannot build the Parquet data")]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("cannot build the Excel data")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}
