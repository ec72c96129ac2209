//! What a command answers.

use crate::command::Rows;
use crate::error::CommandError;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use kql::render::Render;
use kql_functions::args::array_of;
use query::arrow_schema;
use schema::{Column, Value};

/// The answer to a command.
pub struct Answer {
    /// One, or those of the query that the command was piped into.
    pub tables: Vec<AnswerTable>,
    /// Whether it is a query's.
    pub is_query: bool,
    /// What `render` asked for.
    pub render: Option<Render>,
}

/// A table of an answer.
pub struct AnswerTable {
    pub name: String,
    pub columns: Vec<Column>,
    pub batches: Vec<RecordBatch>,
}

impl AnswerTable {
    /// Makes a table of rows.
    ///
    /// # Errors
    /// When arrays cannot be made, a fault of ours.
    pub fn of_rows(columns: Vec<Column>, rows: &Rows) -> Result<AnswerTable, CommandError> {
        let column = |(idx, column): (usize, &Column)| -> ArrayRef {
            let cells = rows.iter().map(|row| row.get(idx).cloned().unwrap_or(Value::null(column.ktype)));
            array_of(column.ktype, cells)
        };
        let arrays: Vec<ArrayRef> = columns.iter().enumerate().map(column).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(arrow_schema(&columns), arrays, &options);
        let batch = batch.map_err(|error| CommandError::Internal(error.to_string()))?;
        Ok(AnswerTable { name: "Table_0".to_string(), columns, batches: vec![batch] })
    }

    /// Returns the number of rows.
    pub fn n_rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }
}
