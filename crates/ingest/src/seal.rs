//! Records into a batch that the sequencer can number: seeds, leaf hashes, the batch's root, the columns as bytes.
//!
//! All of it can be done before the batch has a number, on any thread.

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use extents::StoredSchema;
use sequencer::{RequestId, SealedBatch};
use tlog::Hash;
use tlog::record::{Cells, LeafHasher, RecordError, SchemaDoc, Seed, SeedTree, SeedTreeError};
use tlog::tree::MemoryTree;

use crate::cells::ColumnCells;
use crate::seeds::LeafMaterial;

/// Records cannot be sealed; a fault of ours, for they were made to fit their schema.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a column does not fit the table's schema")]
    Column,
    #[error("a record does not fit the table's schema")]
    Record(#[from] RecordError),
    #[error("there are too many records in one batch")]
    Seeds(#[from] SeedTreeError),
    #[error("records cannot be written as bytes")]
    Bytes(#[from] ArrowError),
}

/// Seals records of a table; of its columns they have those in which something is. `seed` is fresh and secret.
///
/// # Errors
/// When columns do not fit the schema.
pub fn seal(
    workspace: &str,
    schema: &StoredSchema,
    rows: &RecordBatch,
    seed: Seed,
    request: Option<RequestId>,
) -> Result<SealedBatch, SealError> {
    let count = rows.num_rows() as u64;
    let seeds = SeedTree::new(seed, SeedTree::depth_for(count))?;
    let material = LeafMaterial { seeds, erased: BTreeMap::new() };
    let root = batch_tree(schema, rows, &material)?.root();
    Ok(SealedBatch {
        workspace: workspace.to_string(),
        table: schema.doc().table.clone(),
        request,
        schema_id: schema.doc().id,
        schema_hash: schema.doc().hash(),
        count,
        root,
        leaf_material: material.seeds.to_bytes(),
        payload: to_payload(rows)?,
    })
}

/// Returns the tree over the records of a batch that is whole.
///
/// # Errors
/// When columns do not fit the schema, or a seed is missing.
pub fn batch_tree(schema: &StoredSchema, rows: &RecordBatch, material: &LeafMaterial) -> Result<MemoryTree, SealError> {
    let mut tree = MemoryTree::new();
    for leaf in leaves(schema, rows, material)? {
        tree.append(leaf);
    }
    Ok(tree)
}

fn leaves(schema: &StoredSchema, rows: &RecordBatch, material: &LeafMaterial) -> Result<Vec<Hash>, SealError> {
    // A column that is not there has no cells, which leave no trace in a leaf.
    let mut doc = SchemaDoc { columns: Vec::new(), ..schema.doc().clone() };
    let mut columns = Vec::with_capacity(rows.num_columns());
    for (stored, column) in schema.doc().columns.iter().zip(schema.columns()) {
        if let Some(array) = rows.column_by_name(&column.name) {
            columns.push(ColumnCells::new(array, column.ktype).ok_or(SealError::Column)?);
            doc.columns.push(stored.clone());
        }
    }
    let columns: Vec<&dyn Cells> = columns.iter().map(|column| column as &dyn Cells).collect();
    let mut leaves = Vec::new();
    material.leaves(&doc, &mut LeafHasher::new(&doc), &columns, 0..rows.num_rows(), 0, &mut leaves)?;
    Ok(leaves)
}

/// Writes records as an Arrow stream.
fn to_payload(rows: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut payload = Vec::with_capacity(rows.get_array_memory_size());
    let mut writer = StreamWriter::try_new(&mut payload, &rows.schema())?;
    writer.write(rows)?;
    writer.finish()?;
    drop(writer);
    Ok(payload)
}

/// Reads what [`seal`] wrote.
///
/// # Errors
/// When it is no Arrow stream of one batch.
pub fn from_payload(payload: &[u8]) -> Result<RecordBatch, ArrowError> {
    let mut reader = StreamReader::try_new(Cursor::new(payload), None)?;
    match (reader.next().transpose()?, reader.next()) {
        (Some(rows), None) => Ok(rows),
        _ => Err(ArrowError::IpcError("a payload is one batch of records".to_string())),
    }
}
