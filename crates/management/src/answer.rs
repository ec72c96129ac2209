//! What a command answers.

use crate::command::Rows;
use crate::error::CommandError;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringViewArray};
use kql::render::Render;
use kql_functions::args::array_of;
use query::arrow_schema;
use schema::{Column, KqlType, Value};
use std::sync::Arc;

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
            if column.ktype != KqlType::String {
                return array_of(column.ktype, cells);
            }
            // Unlike in queries, a text that a command does not say is null.
            let texts = cells.map(|cell| if let Value::String(text) = cell { Some(text) } else { None });
            Arc::new(texts.collect::<StringViewArray>())
        };
        let arrays: Vec<ArrayRef> = columns.iter().enumerate().map(column).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(arrow_schema(&columns), arrays, &options);
        let batch = batch.map_err(|error| CommandError::Internal(error.to_string()))?;
        Ok(AnswerTable { name: "Table_0".to_string(), columns, batches: vec![batch] })
    }

    /// Puts the empty text where a command says none, as queries have it.
    ///
    /// # Errors
    /// When arrays cannot be made, a fault of ours.
    pub(crate) fn for_queries(self) -> Result<AnswerTable, CommandError> {
        let filled = |array: &ArrayRef| -> ArrayRef {
            match array.as_string_view_opt().filter(|texts| texts.null_count() > 0) {
                Some(texts) => {
                    let texts = texts.iter().map(Option::unwrap_or_default);
                    Arc::new(StringViewArray::from_iter_values(texts))
                }
                None => array.clone(),
            }
        };
        let is_text = |idx: usize| self.columns.get(idx).is_some_and(|column| column.ktype == KqlType::String);
        let batch = |batch: &RecordBatch| {
            let columns = batch.columns().iter().enumerate();
            let columns =
                columns.map(|(idx, array)| if is_text(idx) { filled(array) } else { array.clone() }).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            RecordBatch::try_new_with_options(batch.schema(), columns, &options)
        };
        let batches = self.batches.iter().map(batch).collect::<Result<_, _>>();
        let batches = batches.map_err(|error| CommandError::Internal(error.to_string()))?;
        Ok(AnswerTable { batches, ..self })
    }

    /// Returns the number of rows.
    pub fn n_rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }
}
