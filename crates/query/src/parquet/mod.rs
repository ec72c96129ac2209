//! Parquet files as a table, scanned by the engine itself: it prunes files, row groups and pages by statistics and filters
//! while it decodes. Columns become KQL's on the way (see [`adapter`]).

mod adapter;
mod conversion;
mod statistics;
#[cfg(test)]
mod tests;

use crate::error::QueryError;
use crate::table::{TableSource, arrow_schema};
use adapter::{Adapters, FileColumn};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use conversion::{Conversion, Converted};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result as EngineResult, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column as PhysicalColumn;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use files::ParquetFile;
use object_store::ObjectMeta;
use object_store::path::Path;
use schema::{Column, KqlType};
use statistics::FileStatistics;
use std::collections::HashMap;
use std::sync::Arc;

/// A table over Parquet files.
pub struct ParquetTable {
    columns: Vec<Column>,
    rows: usize,
    provider: Arc<ParquetProvider>,
}

impl ParquetTable {
    /// Makes a table over files; `None` when they cannot be scanned in place: a column has another name in a file than in
    /// the table, or is nested differently in two files.
    pub fn over(columns: &[Column], files: &[ParquetFile]) -> Option<ParquetTable> {
        let mut fields = Vec::with_capacity(columns.len());
        let mut file_columns = HashMap::new();
        for (i, column) in columns.iter().enumerate() {
            let of_files = files.iter().filter_map(|file| Some(file.schema.field((*file.fields.get(i)?)?)));
            let of_files: Vec<&Field> = of_files.collect();
            if of_files.iter().any(|field| *field.name() != column.name) {
                return None;
            }
            let nested = nested_type(&of_files)?;
            fields.push(Field::new(&column.name, nested.clone().unwrap_or(column.ktype.arrow()), true));
            let metadata = of_files.first().map(|field| field.metadata().clone()).unwrap_or_default();
            let file_column = FileColumn { ktype: column.ktype, nested, metadata, has_nulls: false };
            file_columns.insert(column.name.clone(), file_column);
        }
        let file_schema = Arc::new(Schema::new(fields));
        let mut scanned: Vec<PartitionedFile> = Vec::with_capacity(files.len());
        let mut of_files = Vec::with_capacity(files.len());
        for file in files {
            let found = FileStatistics::of(file, columns, &file_columns);
            for (column, has_nulls) in columns.iter().zip(&found.has_nulls) {
                if let Some(file_column) = file_columns.get_mut(&column.name) {
                    file_column.has_nulls |= *has_nulls;
                }
            }
            let location = Path::from_absolute_path(std::path::absolute(&file.path).ok()?).ok()?;
            let last_modified = std::fs::metadata(&file.path).and_then(|meta| meta.modified()).ok()?.into();
            let meta = ObjectMeta { location, last_modified, size: file.bytes, e_tag: None, version: None };
            of_files.push(found.statistics.clone());
            scanned.push(PartitionedFile::new_from_meta(meta).with_statistics(Arc::new(found.statistics)));
        }
        let statistics = Statistics::try_merge_iter(&of_files, &file_schema).ok()?;
        let rows = files.iter().map(|file| usize::try_from(file.rows).unwrap_or(usize::MAX)).sum();
        let provider = ParquetProvider {
            schema: arrow_schema(columns),
            file_schema,
            files: scanned,
            statistics,
            adapters: Arc::new(Adapters { columns: file_columns }),
        };
        Some(ParquetTable { columns: columns.to_vec(), rows, provider: Arc::new(provider) })
    }
}

impl TableSource for ParquetTable {
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

/// Returns the nested type that a column has in all files, if it is nested; the outer `None` when files disagree.
fn nested_type(fields: &[&Field]) -> Option<Option<DataType>> {
    let mut nested = fields.iter().map(|field| field.data_type()).filter(|t| t.is_nested());
    let Some(first) = nested.next() else { return Some(None) };
    let all_same = fields.iter().all(|field| field.data_type() == first);
    all_same.then(|| Some(first.clone()))
}

#[derive(Debug)]
struct ParquetProvider {
    /// What a query sees.
    schema: SchemaRef,
    /// What a scan gives: the same, but that nested columns are as in the files. The engine cannot filter nested columns
    /// while it decodes, and must know which they are.
    file_schema: SchemaRef,
    files: Vec<PartitionedFile>,
    statistics: Statistics,
    adapters: Arc<Adapters>,
}

#[async_trait]
impl TableProvider for ParquetProvider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Unsupported; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let url = ObjectStoreUrl::local_filesystem();
        let environment = state.runtime_env();
        let store = environment.object_store(&url)?;
        let cache = environment.cache_manager.get_file_metadata_cache();
        let readers = Arc::new(CachedParquetFileReaderFactory::new(store, cache));
        let options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let source = ParquetSource::new(TableSchema::from(self.file_schema.clone()))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(readers);
        let groups = FileGroup::new(self.files.clone()).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(self.statistics.clone())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_expr_adapter(Some(self.adapters.clone()))
            .build();
        self.nested_as_json(DataSourceExec::from_data_source(config), projection)
    }
}

impl ParquetProvider {
    /// Makes JSON text of nested columns.
    fn nested_as_json(
        &self,
        scan: Arc<dyn ExecutionPlan>,
        projection: Option<&Vec<usize>>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let places = projection.unwrap_or(&all);
        if places.iter().all(|i| !self.file_schema.field(*i).data_type().is_nested()) {
            return Ok(scan);
        }
        let exprs = places.iter().enumerate().map(|(position, i)| {
            let field = self.file_schema.field(*i);
            let column: Arc<dyn PhysicalExpr> = Arc::new(PhysicalColumn::new(field.name(), position));
            if !field.data_type().is_nested() {
                return (column, field.name().clone());
            }
            let ktype = self.adapters.columns.get(field.name()).map_or(KqlType::Dynamic, |column| column.ktype);
            let conversion = Conversion::Other(Arc::new(field.clone()), ktype);
            (Arc::new(Converted { column, conversion }) as Arc<dyn PhysicalExpr>, field.name().clone())
        });
        Ok(Arc::new(ProjectionExec::try_new(exprs.collect::<Vec<_>>(), scan)?))
    }
}
