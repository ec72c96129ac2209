//! What a query sees of a table: files and the rows that are in none yet, as they were at one moment.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::reader::ExtentFile;
use crate::seal_times::SealTimes;
use crate::table_schema::StoredSchema;

/// A table at one moment. Every record that was acknowledged before is in exactly one place.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub schema: Arc<StoredSchema>,
    /// Ascending by their first record.
    pub files: Vec<Arc<ExtentFile>>,
    /// Rows that are in no file: those of the schema's columns in which something is, in KQL's physical types, then `_batch` and `_pos`.
    pub hot: Vec<RecordBatch>,
    /// When the batches were sealed that the rows are of.
    pub seal_times: Arc<SealTimes>,
}

impl Snapshot {
    /// Returns the number of rows.
    pub fn n_rows(&self) -> u64 {
        let in_files: u64 = self.files.iter().map(|file| file.extent().rows).sum();
        in_files + self.hot.iter().map(|rows| rows.num_rows() as u64).sum::<u64>()
    }
}
