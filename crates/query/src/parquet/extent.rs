//! Extents as the engine's scan reads them: through the checks of [`ExtentFile`], with the footer that was verified when the
//! file was opened.

use crate::store_table::{LOG_ENTRY_COLUMN, LOG_POSITION_COLUMN};
use bytes::Bytes;
use datafusion::common::{Result as EngineResult, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetFileReaderFactory, ParquetRowSelection};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use extents::{BATCH_COLUMN, ExtentFile, POSITION_COLUMN};
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, RowSelection, RowSelector};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;
use std::sync::Arc;
use terms::Predicate;

/// Returns the name of a table's column in an extent.
pub fn file_name(column: &str) -> &str {
    match column {
        LOG_ENTRY_COLUMN => BATCH_COLUMN,
        LOG_POSITION_COLUMN => POSITION_COLUMN,
        other => other,
    }
}

/// The extent that a file of a scan is.
#[derive(Debug, Clone)]
pub struct ExtentRef(pub Arc<ExtentFile>);

/// Opens extents for a scan.
#[derive(Debug)]
pub struct ExtentReaders;

impl ParquetFileReaderFactory for ExtentReaders {
    fn create_reader(
        &self,
        _partition_index: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> EngineResult<Box<dyn AsyncFileReader + Send>> {
        let extent = file.extensions.get::<ExtentRef>();
        let extent = extent.ok_or_else(|| internal_datafusion_err!("a file of the scan is no extent"))?;
        Ok(Box::new(ExtentReader(extent.0.clone())))
    }
}

/// Returns files with the blocks of rows that may match, by their indexes of terms; files without such blocks are left out.
pub fn with_blocks(files: &[PartitionedFile], predicate: &Predicate) -> Vec<PartitionedFile> {
    if predicate.is_all() {
        return files.to_vec();
    }
    let mut kept = Vec::with_capacity(files.len());
    for file in files {
        let index = file.extensions.get::<ExtentRef>().and_then(|extent| extent.0.terms());
        let Some(index) = index else {
            kept.push(file.clone());
            continue;
        };
        let blocks = index.blocks(predicate);
        if blocks.is_empty() {
            continue;
        }
        let mut file = file.clone();
        if !blocks.is_all() {
            let mut selectors = Vec::new();
            let mut at = 0;
            for range in blocks.row_ranges() {
                selectors.push(RowSelector::skip((range.start - at) as usize));
                selectors.push(RowSelector::select((range.end - range.start) as usize));
                at = range.end;
            }
            selectors.push(RowSelector::skip(index.rows().saturating_sub(at) as usize));
            selectors.retain(|selector| selector.row_count > 0);
            file.extensions.insert(ParquetRowSelection::new(RowSelection::from(selectors)));
        }
        kept.push(file);
    }
    kept
}

struct ExtentReader(Arc<ExtentFile>);

impl AsyncFileReader for ExtentReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        // What is read is in the page cache or comes from a local disk: a short wait, as any of the decoder's work.
        let read = self.0.read(range).map_err(|error| ParquetError::External(Box::new(error)));
        futures::future::ready(read).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        futures::future::ready(Ok(self.0.metadata().metadata().clone())).boxed()
    }
}
