//! Records that are handed in: a format, a mapping, a table.
//!
//! ```text
//! bytes ─ text │ JSON │ columnar ─► cells ─ Plan (a mapping over the table's columns) ─► rows ─► ingest::Vault
//!                                      └► rejected, with the reason ─► the store's quarantine
//! ```
//!
//! What single records have wrong stops nothing. A body of which nothing could be taken is an error, and so is one whose format, mapping or
//! table there is not; its records are in the quarantine where there were any.
//!
//! # Source
//! Kusto reference, "Ingestion mappings", "Data formats supported for ingestion", "Streaming ingestion HTTP request".

mod columnar;
mod error;
mod format;
mod isolated;
mod mapping;
mod plan;
mod text;

pub use columnar::{ColumnarFile, ColumnarReader, FileError, InProcess};
pub use error::IngestionError;
pub use format::{DataFormat, MappingKind};
pub use isolated::{Isolated, read_in_isolation};
pub use mapping::{Element, Mapping, MappingError, Source, Transform};

use entities::MappingKey;
use extents::BAG_COLUMN;
use files::{RecordShape, Records, RowBuilder};
use futures::executor::block_on;
use ingest::{Answer, Pending, Vault};
use plan::Plan;
use schema::{Column, KqlType};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use text::TextOptions;

/// Bytes that the records of a packed file may have as text.
const FILE_BYTES_MAX: usize = 256 << 20;

/// Which mapping is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingChoice<'a> {
    /// None: by the order of the cells, or by the names of the members.
    Identity,
    Named(&'a str),
    /// The mapping's text.
    Inline(&'a str),
}

/// Records that are handed in.
#[derive(Debug, Clone, Copy)]
pub struct IngestionRequest<'a> {
    pub database: &'a str,
    pub table: &'a str,
    pub format: DataFormat,
    pub mapping: MappingChoice<'a>,
    pub data: &'a [u8],
    /// Whether the first record is a header. For formats of cells.
    pub ignores_first: bool,
    /// What the sender calls the request: sent again with the same data, nothing is taken twice.
    pub name: Option<&'a str>,
}

/// Takes records in.
#[derive(Clone)]
pub struct Ingestion {
    vault: Arc<Vault>,
    columnar: Arc<dyn ColumnarReader>,
}

impl Ingestion {
    /// Takes records into a store. `columnar` reads files of typed columns.
    pub fn new(vault: Arc<Vault>, columnar: Arc<dyn ColumnarReader>) -> Ingestion {
        Ingestion { vault, columnar }
    }

    /// Reads records, has them sealed, and waits until they are durable and visible. Takes a while: not for a thread of a runtime.
    ///
    /// # Errors
    /// When the format, the mapping or the table is none, there is no room, or nothing could be taken.
    pub fn ingest(&self, request: &IngestionRequest<'_>) -> Result<Answer, IngestionError> {
        let answer = block_on(self.begin(request)?.finish()).map_err(IngestionError::Store)?;
        outcome(answer)
    }

    /// Reads records and hands them to the store; the rest is told by what this returns.
    fn begin(&self, request: &IngestionRequest<'_>) -> Result<Pending, IngestionError> {
        let mut columns = self.vault.seen_columns(request.database, request.table).map_err(IngestionError::Store)?;
        // What has no column is kept all the same, whether people see where or not.
        if !columns.iter().any(|column| column.name == BAG_COLUMN) {
            columns.push(Column::new(BAG_COLUMN, KqlType::Dynamic));
        }
        let records = self.read(request, &columns)?;
        if records.batch.num_rows() == 0 && records.rejected.is_empty() {
            return Err(IngestionError::NoData);
        }
        let content = Sha256::digest(request.data);
        // A name that comes again with other data is another request, as clients that reuse names mean it.
        let hex: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = request.name.map(|name| format!("{name};{hex}"));
        let named = name.as_deref().map(|name| (name, content.as_slice()));
        self.vault.take_records(request.database, request.table, records, named).map_err(IngestionError::Store)
    }

    fn read(&self, request: &IngestionRequest<'_>, columns: &[Column]) -> Result<Records, IngestionError> {
        let plan = self.plan(request, columns)?;
        let is_exact =
            request.mapping == MappingChoice::Identity && !matches!(request.format, DataFormat::Txt | DataFormat::Raw);
        let options = TextOptions { ignores_first: request.ignores_first, is_exact };
        let record_bytes_max = self.vault.record_bytes_max();
        let data = (request.format, request.data);
        read_planned(data, columns, plan.as_ref(), options, record_bytes_max, &*self.columnar)
    }

    /// Returns what goes where; `None` for objects whose members go by their names, and what has no column into the bag.
    fn plan(&self, request: &IngestionRequest<'_>, columns: &[Column]) -> Result<Option<Plan>, IngestionError> {
        let kind = request.format.mapping_kind();
        let text = match request.mapping {
            MappingChoice::Inline(text) => text.to_string(),
            MappingChoice::Named(name) => {
                let found = self.mapping(request.database, request.table, kind, name);
                found.ok_or_else(|| IngestionError::UnknownMapping { kind, name: name.to_string() })?
            }
            MappingChoice::Identity => {
                return Ok(match kind {
                    MappingKind::Json => None,
                    MappingKind::Csv => Some(Plan::by_order(&order(columns))),
                    _ => Some(Plan::by_name(columns)),
                });
            }
        };
        let mapping = Mapping::parse(kind, &text).map_err(IngestionError::Mapping)?;
        Ok(Some(Plan::of_mapping(mapping, columns, "").map_err(IngestionError::Mapping)?))
    }

    /// Returns the text of a mapping that the table has, or else its database. What
    /// `apacheavro` reads may be mapped as `avro` is.
    fn mapping(&self, database: &str, table: &str, kind: MappingKind, name: &str) -> Option<String> {
        let entities = self.vault.workspace(database)?.entities();
        let older = (kind == MappingKind::ApacheAvro).then_some(MappingKind::Avro);
        let kinds = || [Some(kind), older].into_iter().flatten();
        let keys = [Some(table), None].into_iter().flat_map(|table| kinds().map(move |kind| (table, kind)));
        let mut found = keys.filter_map(|(table, kind)| {
            let table = table.map(str::to_string);
            entities.mapping(&MappingKey { table, kind: kind.name().to_string(), name: name.to_string() })
        });
        found.next().map(|(mapping, _)| mapping.mapping.clone())
    }
}

/// Returns the places of the columns in the order of cells without names.
fn order(columns: &[Column]) -> Vec<usize> {
    let columns = columns.iter().zip(0..);
    columns.filter(|(column, _)| column.name != BAG_COLUMN).map(|(_, place)| place).collect()
}

/// Reads records into columns, without a store: by a mapping, or without one by the order of the columns or their names.
///
/// # Errors
/// When the mapping names other columns, or a file cannot be read. What single records have wrong is no error.
pub fn read_records(
    format: DataFormat,
    mapping: Option<Mapping>,
    data: &[u8],
    columns: &[Column],
    record_bytes_max: usize,
) -> Result<Records, IngestionError> {
    let is_exact = mapping.is_none() && !matches!(format, DataFormat::Txt | DataFormat::Raw);
    let plan = match (mapping, format.mapping_kind()) {
        (Some(mapping), _) => Some(Plan::of_mapping(mapping, columns, "").map_err(IngestionError::Mapping)?),
        (None, MappingKind::Json) => None,
        (None, MappingKind::Csv) => Some(Plan::by_order(&(0..columns.len()).collect::<Vec<_>>())),
        (None, _) => Some(Plan::by_name(columns)),
    };
    let options = TextOptions { ignores_first: false, is_exact };
    read_planned((format, data), columns, plan.as_ref(), options, record_bytes_max, &InProcess)
}

fn read_planned(
    (format, data): (DataFormat, &[u8]),
    columns: &[Column],
    plan: Option<&Plan>,
    options: TextOptions,
    record_bytes_max: usize,
    columnar: &dyn ColumnarReader,
) -> Result<Records, IngestionError> {
    let failed = IngestionError::Columns;
    let Some(plan) = plan else {
        return RecordShape::new(columns, Some(BAG_COLUMN), record_bytes_max).read(data).map_err(failed);
    };
    let mut rows = RowBuilder::new(columns, record_bytes_max);
    match format.mapping_kind() {
        MappingKind::Json => rows.read_objects(data, |rows, json| plan.put_object(rows, json)).map_err(failed)?,
        MappingKind::Csv | MappingKind::W3cLogFile => {
            text::read(format, data, plan, options, &mut rows).map_err(failed)?;
        }
        MappingKind::Avro | MappingKind::ApacheAvro | MappingKind::Parquet | MappingKind::Orc => {
            let names_of_bytes = plan.names_of_bytes().map(str::to_string).collect();
            let file = ColumnarFile { format, body: data, names_of_bytes, bytes_max: FILE_BYTES_MAX };
            let mut take = |objects: &[u8]| Ok(rows.read_objects(objects, |rows, json| plan.put_object(rows, json))?);
            columnar.read(&file, &mut take).map_err(|error| match error {
                FileError::Unreadable(why) => IngestionError::Unreadable { format, why },
                FileError::TooLarge { max } => IngestionError::TooLarge { max },
                FileError::Columns(error) => IngestionError::Columns(error),
                FileError::NoReader(error) => IngestionError::NoReader(error),
                FileError::Busy { retry_after_ms } => IngestionError::Busy { retry_after_ms },
            })?;
        }
    }
    rows.finish().map_err(failed)
}

/// Makes an error of an answer that says that nothing was taken.
fn outcome(answer: Answer) -> Result<Answer, IngestionError> {
    match answer.rejected.first() {
        Some(first) if answer.taken == 0 => Err(IngestionError::AllRejected {
            n_records: answer.rejected.len(),
            reason: first.reason,
            detail: first.detail.clone(),
        }),
        _ => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entities::{Change, MappingEntity, Step};
    use ingest::{ChangeError, VaultOptions};
    use stdx::FixedClock;

    #[test]
    fn mappings_are_found_by_kind_and_the_table_goes_before_its_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(FixedClock(639_000_000_000_000_000));
        let vault = Vault::open(folder.path(), clock, VaultOptions::default()).expect("a store");
        vault.create_workspace("w").expect("a workspace");
        vault.ensure_table("w", "T", &[Column::new("A", KqlType::Long)]).expect("a table");
        let all = [
            (Some("T"), "avro", "both"),
            (None, "apacheavro", "both"),
            (Some("T"), "avro", "old"),
            (Some("T"), "apacheavro", "new"),
            (Some("T"), "avro", "new"),
            (None, "json", "shared"),
        ];
        let steps = all.map(|(table, kind, name)| {
            let mapping = format!("{table:?} {kind}");
            let (table, kind, name) = (table.map(str::to_string), kind.to_string(), name.to_string());
            Step::SetMapping(MappingEntity { table, kind, name, mapping })
        });
        let change = Change { event: "SET-INGESTION-MAPPING".to_string(), steps: steps.to_vec() };
        vault.change("w", &["request/1".to_string()], |_| Ok::<_, ChangeError>(change)).expect("changed");
        let ingestion = Ingestion::new(Arc::new(vault), Arc::new(InProcess));
        let cases = [
            (MappingKind::ApacheAvro, "both", Some("Some(\"T\") avro")),
            (MappingKind::ApacheAvro, "old", Some("Some(\"T\") avro")),
            (MappingKind::ApacheAvro, "new", Some("Some(\"T\") apacheavro")),
            (MappingKind::Avro, "new", Some("Some(\"T\") avro")),
            (MappingKind::Json, "shared", Some("None json")),
            (MappingKind::Json, "new", None),
        ];
        for (kind, name, expected) in cases {
            assert_eq!(ingestion.mapping("w", "T", kind, name).as_deref(), expected, "{kind:?} {name}");
        }
        assert_eq!(ingestion.mapping("elsewhere", "T", MappingKind::Json, "shared"), None);
    }
}
