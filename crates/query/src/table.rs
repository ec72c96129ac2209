//! Where rows come from: the tables that a query may read.

use crate::error::QueryError;
use crate::file_table::{error_text, file_table};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use files::{Declared, Layout, Options, Progress, Warnings, open_declared};
use kql::catalog::{Catalog, StoredFunction};
use kql::plan::{ExternalFiles, ExternalFormat};
use schema::Column;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table: its columns, and a provider of its rows for the engine.
pub trait TableSource: Send + Sync {
    /// Returns the columns in order.
    fn columns(&self) -> &[Column];
    /// Returns the engine's view of the table: one field per column, of the column's name and `KqlType::arrow()` type.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError>;
    /// Returns the name that a column has in the engine's view.
    fn engine_name<'a>(&'a self, column: &'a str) -> &'a str {
        column
    }
    /// Returns the number of rows when it is known at no cost.
    fn row_count(&self) -> Option<usize> {
        None
    }
}

/// Returns the engine's schema for columns.
pub fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let field = |column: &Column| Field::new(&column.name, column.ktype.arrow(), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// A table held in memory.
pub struct MemoryTable {
    columns: Vec<Column>,
    rows: usize,
    provider: Arc<MemTable>,
}

impl MemoryTable {
    /// Makes a table of batches whose columns have the types of `columns`, in order.
    ///
    /// # Errors
    /// When a batch has other columns.
    pub fn new(columns: Vec<Column>, batches: Vec<RecordBatch>) -> Result<MemoryTable, QueryError> {
        let schema = arrow_schema(&columns);
        let types: Vec<DataType> = columns.iter().map(|column| column.ktype.arrow()).collect();
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let batches = batches
            .into_iter()
            .map(|batch| {
                if batch.num_columns() != types.len()
                    || batch.columns().iter().zip(&types).any(|(c, t)| c.data_type() != t)
                {
                    return Err(QueryError::internal("reading a table in memory", "columns do not fit the table's"));
                }
                rename(batch, &schema)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let provider =
            MemTable::try_new(schema, vec![batches]).map_err(|e| QueryError::from_engine(e, "making a table", 0))?;
        Ok(MemoryTable { columns, rows, provider: Arc::new(provider) })
    }
}

impl TableSource for MemoryTable {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        Ok(self.provider.clone())
    }

    fn row_count(&self) -> Option<usize> {
        Some(self.rows)
    }
}

/// Gives a batch's columns the names of a schema.
pub(crate) fn rename(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, QueryError> {
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)
        .map_err(|error| QueryError::internal("naming columns", error.to_string()))
}

/// The tables and stored functions that a query sees, both for the binder and for the engine.
#[derive(Default, Clone)]
pub struct Tables {
    database: Option<String>,
    tables: BTreeMap<String, Arc<dyn TableSource>>,
    /// Tables that are found by their names only.
    known: Option<Arc<BTreeMap<String, Arc<dyn TableSource>>>>,
    functions: BTreeMap<String, StoredFunction>,
    files: Option<FileAccess>,
}

/// Leave to read files that queries name.
#[derive(Default, Clone)]
pub struct FileAccess {
    pub warnings: Warnings,
    pub progress: Arc<Progress>,
}

impl Tables {
    /// Adds a table, replacing one of the same name.
    pub fn add(&mut self, name: impl Into<String>, table: Arc<dyn TableSource>) {
        self.tables.insert(name.into(), table);
    }

    /// Sets tables that a query can name, and that are not among those which `*` or `search` stand for: those without rows.
    pub fn set_known(&mut self, known: Arc<BTreeMap<String, Arc<dyn TableSource>>>) {
        self.known = Some(known);
    }

    /// Adds a stored function, replacing one of the same name.
    pub fn add_function(&mut self, function: StoredFunction) {
        self.functions.insert(function.name.clone(), function);
    }

    /// Names the database.
    pub fn set_database(&mut self, name: impl Into<String>) {
        self.database = Some(name.into());
    }

    /// Lets queries read files that they name (`externaldata`).
    pub fn allow_files(&mut self, access: FileAccess) {
        self.files = Some(access);
    }

    /// Opens files that a query names.
    pub(crate) fn external(&self, files: &ExternalFiles) -> Result<Arc<dyn TableSource>, QueryError> {
        let Some(access) = &self.files else {
            return Err(QueryError::Read("queries may not name files here".to_string()));
        };
        let layout = files.format.map(|format| match format {
            ExternalFormat::Delimited(delimiter) => Layout::Delimited(delimiter),
            ExternalFormat::Json => Layout::Json,
            ExternalFormat::Parquet => Layout::Parquet,
            ExternalFormat::Lines => Layout::Lines,
            ExternalFormat::Raw => Layout::Raw,
        });
        let declared = Declared {
            columns: files.columns.clone(),
            layout,
            skip_first: files.skip_first,
            prefix: files.prefix.clone(),
            suffix: files.suffix.clone(),
        };
        let table = open_declared(&files.paths, &declared, &Options::default(), &access.warnings)
            .map_err(|error| QueryError::Read(error_text(&error)))?;
        Ok(file_table(table, access.progress.clone()))
    }

    /// Returns a table by its exact name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn TableSource>> {
        self.tables.get(name).or_else(|| self.known.as_ref()?.get(name))
    }
}

impl Catalog for Tables {
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        self.get(name).map(|table| table.columns().to_vec())
    }

    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    fn function(&self, name: &str) -> Option<StoredFunction> {
        self.functions.get(name).cloned()
    }

    fn database(&self) -> String {
        self.database.clone().unwrap_or_else(|| "NetDefaultDB".to_string())
    }

    fn reads_files(&self) -> bool {
        self.files.is_some()
    }
}
