//! Where rows come from: the tables that a query may read.

use crate::error::QueryError;
use crate::file_table::{error_text, file_table};
use crate::others::{OtherDatabases, Others};
use crate::scoped_table::{TimeRange, scoped};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use files::{Declared, Layout, Options, Progress, Warnings, open_declared};
use kql::catalog::{Catalog, OtherTable, RECEIVED_COLUMN, RowScope, StoredFunction};
use kql::plan::{ExternalFiles, ExternalFormat};
use schema::{Column, KqlType};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Returns the column that has what `ingestion_time()` gives. It need not be among [`TableSource::columns`].
    fn ingestion_time(&self) -> Option<&str> {
        let received = self.columns().iter().find(|column| column.name == RECEIVED_COLUMN);
        received.filter(|column| column.ktype == KqlType::Datetime).map(|column| column.name.as_str())
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
    row_scope: Option<RowScope>,
    others: Option<Arc<Others>>,
    /// Databases whose tables are read together with those of the same names here.
    joined: Vec<String>,
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

    /// Returns the stored functions, in the order of their names.
    pub fn functions(&self) -> impl Iterator<Item = &StoredFunction> {
        self.functions.values()
    }

    /// Names the database.
    pub fn set_database(&mut self, name: impl Into<String>) {
        self.database = Some(name.into());
    }

    /// Lets queries read files that they name (`externaldata`).
    pub fn allow_files(&mut self, access: FileAccess) {
        self.files = Some(access);
    }

    /// Sets which rows of the tables are seen.
    pub fn set_row_scope(&mut self, scope: RowScope) {
        self.row_scope = Some(scope);
    }

    /// Sets where the tables of other databases are found, which queries may name from then on.
    pub fn set_others(&mut self, others: Arc<dyn OtherDatabases>) {
        self.others = Some(Arc::new(Others::new(others)));
    }

    /// Reads the tables of another database together with those of the same names here.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn join_database(&mut self, name: &str) -> Result<(), String> {
        let others = self.others.as_ref().ok_or_else(|| format!("there is no database `{name}`"))?;
        others.tables(name)?;
        self.joined.push(name.to_string());
        Ok(())
    }

    /// Returns the other databases that were read so far, by the names that [`OtherDatabases`] gave them.
    pub fn others_read(&self) -> Vec<String> {
        self.others.as_ref().map(|others| others.read()).unwrap_or_default()
    }

    /// Leaves the rows of all tables that lie in a range of time.
    pub fn set_time_range(&mut self, range: &TimeRange) {
        for table in self.tables.values_mut() {
            *table = scoped(table.clone(), range);
        }
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
    pub fn get(&self, name: &str) -> Option<Arc<dyn TableSource>> {
        let own = self.tables.get(name).or_else(|| self.known.as_ref()?.get(name));
        own.cloned().or_else(|| self.others.as_ref()?.get(name))
    }

    /// Returns the names of the tables that have rows here.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = &String> {
        self.tables.keys()
    }
}

impl Catalog for Tables {
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        self.get(name).map(|table| table.columns().to_vec())
    }

    fn ingestion_time(&self, table: &str) -> Option<String> {
        self.get(table)?.ingestion_time().map(String::from)
    }

    fn table_names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = self.own_names().cloned().collect();
        if let Some(others) = &self.others {
            names.extend(self.joined.iter().flat_map(|database| others.names(database)));
        }
        names.into_iter().collect()
    }

    fn row_scope(&self) -> Option<&RowScope> {
        self.row_scope.as_ref()
    }

    fn parts(&self, name: &str) -> Vec<String> {
        self.joined.iter().map(|database| Others::known_as(database, name)).collect()
    }

    fn other_database(&self, name: &str) -> Option<Result<Vec<OtherTable>, String>> {
        let others = self.others.as_ref()?;
        Some(others.tables(name).map(|tables| {
            let known = tables.known.iter().flat_map(|known| known.keys());
            let names: BTreeSet<&String> = tables.own_names().chain(known).collect();
            let named = |table: &String| OtherTable { name: table.clone(), known_as: Others::known_as(name, table) };
            names.into_iter().map(named).collect()
        }))
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
