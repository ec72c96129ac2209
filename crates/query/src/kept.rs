//! Results that are computed once and read many times: `materialize()`, `as`, what the binder asked for.
//!
//! They are kept in the query's memory while it lasts, then in a temporary file.

use crate::error::QueryError;
use crate::table::{TableSource, arrow_schema};
use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::Result as EngineResult;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, SpillFile, SpillWriter, TaskContext};
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::TryStreamExt;
use schema::{Column, KqlType};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The kept results of one query.
#[derive(Default)]
pub struct Kept(Mutex<Tables>);

#[derive(Default)]
struct Tables {
    shared: HashMap<u32, Arc<KeptTable>>,
    handles: Vec<Arc<KeptTable>>,
}

impl Kept {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the result of a shared plan, when it has been computed.
    pub fn shared(&self, id: u32) -> Option<Arc<KeptTable>> {
        self.tables().shared.get(&id).cloned()
    }

    /// Keeps the result of a shared plan.
    pub fn set_shared(&self, id: u32, table: Arc<KeptTable>) {
        self.tables().shared.insert(id, table);
    }

    /// Returns a kept result.
    pub fn handle(&self, handle: u64) -> Option<Arc<KeptTable>> {
        self.tables().handles.get(usize::try_from(handle).ok()?).cloned()
    }

    /// Keeps a result and returns its handle.
    pub fn add(&self, table: Arc<KeptTable>) -> u64 {
        let mut tables = self.tables();
        tables.handles.push(table);
        tables.handles.len() as u64 - 1
    }
}

/// A kept result. Its columns' names are made up (`0`, `1`, …): several columns of a query may share a name.
pub struct KeptTable {
    columns: Vec<Column>,
    schema: SchemaRef,
    rows: usize,
    content: Content,
    /// Freed with the table.
    _memory: MemoryReservation,
}

enum Content {
    Memory(Vec<RecordBatch>),
    File(Arc<SpilledRows>),
}

impl KeptTable {
    /// Reads all rows.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub async fn read(&self) -> EngineResult<Vec<RecordBatch>> {
        match &self.content {
            Content::Memory(batches) => Ok(batches.clone()),
            Content::File(rows) => rows.read()?.try_collect().await,
        }
    }
}

impl TableSource for KeptTable {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        let failed = |error| QueryError::from_engine(error, "reading a kept result", 0);
        Ok(match &self.content {
            Content::Memory(batches) => {
                Arc::new(MemTable::try_new(self.schema.clone(), vec![batches.clone()]).map_err(failed)?)
            }
            Content::File(rows) => {
                let rows: Arc<dyn PartitionStream> = rows.clone();
                Arc::new(StreamingTable::try_new(self.schema.clone(), vec![rows]).map_err(failed)?)
            }
        })
    }

    fn row_count(&self) -> Option<usize> {
        Some(self.rows)
    }
}

/// Rows in a temporary file, as a stream of Arrow's interprocess format.
struct SpilledRows {
    schema: SchemaRef,
    file: Arc<dyn SpillFile>,
}

impl std::fmt::Debug for SpilledRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpilledRows")
    }
}

impl SpilledRows {
    fn read(&self) -> EngineResult<SendableRecordBatchStream> {
        let chunks = self.file.read_stream()?;
        let state = (StreamDecoder::new(), chunks, Buffer::from(Vec::<u8>::new()));
        let batches = futures::stream::try_unfold(state, |(mut decoder, mut chunks, mut rest)| async move {
            loop {
                if let Some(batch) = decoder.decode(&mut rest)? {
                    return Ok(Some((batch, (decoder, chunks, rest))));
                }
                match chunks.try_next().await? {
                    Some(chunk) => rest = Buffer::from(chunk),
                    None => return Ok(None),
                }
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches)))
    }
}

impl PartitionStream for SpilledRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.read();
        let stream = futures::stream::once(async move { rows }).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream))
    }
}

/// A temporary file that is being written.
struct Spilling {
    file: Arc<dyn SpillFile>,
    writer: StreamWriter<Box<dyn SpillWriter>>,
}

/// Keeps rows as they come.
pub struct Keeper {
    columns: Vec<Column>,
    schema: SchemaRef,
    environment: Arc<RuntimeEnv>,
    memory: MemoryReservation,
    batches: Vec<RecordBatch>,
    file: Option<Spilling>,
    rows: usize,
}

impl Keeper {
    /// Starts to keep rows of columns of the given types.
    pub fn new(types: &[KqlType], task: &TaskContext) -> Keeper {
        let columns: Vec<Column> =
            types.iter().enumerate().map(|(i, ktype)| Column::new(i.to_string(), *ktype)).collect();
        let schema = arrow_schema(&columns);
        let memory = MemoryConsumer::new("kept result").with_can_spill(true).register(task.memory_pool());
        Keeper { columns, schema, environment: task.runtime_env(), memory, batches: vec![], file: None, rows: 0 }
    }

    /// Keeps a batch's columns.
    ///
    /// # Errors
    /// When there is neither memory nor disk for it.
    pub fn add(&mut self, columns: Vec<ArrayRef>, rows: usize) -> EngineResult<()> {
        let columns = columns.into_iter().map(compact).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?;
        self.rows += rows;
        if self.file.is_none() {
            if self.memory.try_grow(get_record_batch_memory_size(&batch)).is_ok() {
                self.batches.push(batch);
                return Ok(());
            }
            let file = self.environment.disk_manager.create_tmp_file("kept result")?;
            let mut writer = StreamWriter::try_new(file.open_writer()?, &self.schema)?;
            for kept in self.batches.drain(..) {
                writer.write(&kept)?;
            }
            self.memory.free();
            self.file = Some(Spilling { file, writer });
        }
        if let Some(spilling) = &mut self.file {
            spilling.writer.write(&batch)?;
        }
        Ok(())
    }

    /// Returns the kept rows as a table.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn finish(self) -> EngineResult<KeptTable> {
        let content = match self.file {
            None => Content::Memory(self.batches),
            Some(Spilling { file, mut writer }) => {
                writer.finish()?;
                writer.into_inner()?.finish()?;
                Content::File(Arc::new(SpilledRows { schema: self.schema.clone(), file }))
            }
        };
        Ok(KeptTable { columns: self.columns, schema: self.schema, rows: self.rows, content, _memory: self.memory })
    }
}

/// Returns a column that holds no more than about its own values: a filtered text column may hold its whole source.
pub fn compact(column: ArrayRef) -> ArrayRef {
    let Some(texts) = column.as_string_view_opt() else { return column };
    let held: usize = texts.data_buffers().iter().map(|buffer| buffer.len()).sum();
    if held > 2 * texts.total_buffer_bytes_used() + 4096 { Arc::new(texts.gc()) } else { column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;

    fn keep(max_memory: usize) -> KeptTable {
        let environment =
            RuntimeEnvBuilder::new().with_memory_limit(max_memory, 1.0).build_arc().unwrap_or_else(|e| panic!("{e}"));
        let task = TaskContext::default().with_runtime(environment);
        let mut keeper = Keeper::new(&[KqlType::Long, KqlType::String], &task);
        for i in 0..10 {
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(i * 1000..(i + 1) * 1000));
            let texts: ArrayRef =
                Arc::new(StringViewArray::from_iter_values((0..1000).map(|n| format!("a text of row {n}"))));
            keeper.add(vec![numbers, texts], 1000).unwrap_or_else(|e| panic!("{e}"));
        }
        keeper.finish().unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn rows_are_the_same_from_memory_and_from_disk() {
        let (memory, file) = (keep(1 << 30), keep(100_000));
        assert!(matches!(memory.content, Content::Memory(_)) && matches!(file.content, Content::File(_)));
        let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|e| panic!("{e}"));
        let read = |table: &KeptTable| {
            let batches = runtime.block_on(table.read()).unwrap_or_else(|e| panic!("{e}"));
            arrow::compute::concat_batches(&table.schema, &batches).unwrap_or_else(|e| panic!("{e}"))
        };
        assert_eq!(read(&memory), read(&file));
        assert_eq!((memory.rows, file.rows), (10_000, 10_000));
    }

    #[test]
    fn compact_lets_go_of_other_rows() {
        let texts: ArrayRef =
            Arc::new(StringViewArray::from_iter_values((0..5000).map(|n| format!("a text of row {n}"))));
        let one = compact(texts.slice(7, 1));
        assert!(one.get_array_memory_size() < 1000, "{}", one.get_array_memory_size());
        assert_eq!(one.as_ref(), texts.slice(7, 1).as_ref());
    }
}
