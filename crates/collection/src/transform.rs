//! `transformKql`: KQL over the records of one upload, which gives at most one row for each.
//!
//! ```text
//! text ─ names against the allow-list ─ bind against `source` ─ only row-wise nodes ─► plan
//!     + a column that says which record a row was ─► query::Session ─► rows, and their records
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field as ArrowField, Int64Type, Schema};
use futures::executor::block_on;
use kql::bind::Environment;
use kql::diagnostic::nearest;
use kql::plan::{BoundQuery, BoundResult, ColumnId, Expr, Field, Node, Plan};
use kql::syntax::{self, lexer::TokenKind};
use kql_functions::FUNCTIONS;
use query::{Engine, MemoryTable, QueryError, Request, Tables, arrow_schema};
use schema::{Column, KqlType};

use crate::allowed;
use crate::special;

/// The virtual table of what comes in.
const SOURCE: &str = "source";
/// The column that says which record a row was. No column of a stream can be called so.
const RECORD: &str = "\u{1f}record";
/// Its id in plans: ids of a query's own columns count from 1, those of the engine from the other end.
const RECORD_ID: ColumnId = ColumnId(2_000_000_000);
/// Bytes of a transformation's text at most.
const TEXT_BYTES_MAX: usize = 15_360;

/// Why a transformation is refused, or has failed.
#[derive(Debug, thiserror::Error)]
pub enum TransformError {
    #[error("it has {found} bytes, and may have {max}")]
    TooLong { found: usize, max: usize },
    #[error("{0}")]
    Wrong(String),
    #[error("the operator `{name}` is not for transformations: there are {}", allowed::OPERATORS.join(", "))]
    Operator { name: String },
    #[error("the function `{name}` is not for transformations{}", nearest_text(.near))]
    Function { name: String, near: Option<String> },
    #[error("`geo_location` needs a database of places, which this server does not have")]
    NoPlaces,
    #[error("it does not work on each record of `source` by itself")]
    NotRowWise,
    #[error("it gives {0} tables, and has to give one")]
    Tables(usize),
    #[error("it gives the column `{0}` twice")]
    ColumnTwice(String),
    #[error("{0}")]
    Run(#[source] QueryError),
    #[error("its rows cannot be read")]
    Rows(#[from] arrow::error::ArrowError),
}

fn nearest_text(near: &Option<String>) -> String {
    near.as_ref().map_or_else(String::new, |near| format!("; is it `{near}`?"))
}

/// A transformation that was found to be one.
#[derive(Debug, Clone, PartialEq)]
pub struct Transform {
    text: String,
    columns: Vec<Column>,
    output: Vec<Column>,
}

impl Transform {
    /// Checks a transformation of a stream with these columns. `has_places` says whether addresses can be looked up.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(text: &str, columns: &[Column], has_places: bool) -> Result<Transform, TransformError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(TransformError::TooLong { found: text.len(), max: TEXT_BYTES_MAX });
        }
        check_names(text, has_places)?;
        let tables = source(columns, Vec::new())?;
        let plan = bind(text, &tables, 0)?;
        let output: Vec<Column> =
            plan.columns.iter().map(|field| Column::new(field.name.as_str(), field.ktype)).collect();
        for (i, column) in output.iter().enumerate() {
            if output.iter().take(i).any(|before| before.name == column.name) {
                return Err(TransformError::ColumnTwice(column.name.clone()));
            }
        }
        Ok(Transform { text: text.to_string(), columns: columns.to_vec(), output })
    }

    /// Returns the columns that come out.
    pub fn output(&self) -> &[Column] {
        &self.output
    }

    /// Transforms records, which have all columns of the stream in their order. Returns the rows, as the columns of `wanted` that come
    /// out, and for each row its record.
    ///
    /// # Errors
    /// When a function fails on a record; when an output column cannot become what is wanted.
    pub fn run(
        &self,
        engine: &Engine,
        records: &RecordBatch,
        wanted: &[Column],
        now: i64,
    ) -> Result<(RecordBatch, Vec<usize>), TransformError> {
        let numbers: Int64Array = (0..records.num_rows() as i64).collect();
        let mut arrays = records.columns().to_vec();
        arrays.push(Arc::new(numbers));
        let mut columns = self.columns.clone();
        columns.push(Column::new(RECORD, KqlType::Long));
        let rows = RecordBatch::try_new(arrow_schema(&columns), arrays)?;
        let visible = source(&self.columns, Vec::new())?;
        let mut plan = bind(&self.text, &visible, now)?;
        if !carry_record(&mut plan) {
            return Err(TransformError::NotRowWise);
        }
        let plan = converted(plan, wanted);
        let tables = Arc::new(source(&columns, vec![rows])?);
        let request = Request { now: Some(now), ..Request::default() };
        let session = engine.session(tables, request);
        let results = vec![BoundResult { name: "PrimaryResult".to_string(), plan, render: None }];
        let query = BoundQuery { results, options: Vec::new() };
        let mut results = block_on(session.run(&query)).map_err(TransformError::Run)?;
        let result = results.first_mut().ok_or(TransformError::Tables(0))?;
        let mut batches = Vec::new();
        while let Some(batch) = result.stream.next_blocking() {
            batches.push(batch.map_err(TransformError::Run)?);
        }
        let schema = match batches.first() {
            Some(batch) => batch.schema(),
            None => return Ok((RecordBatch::new_empty(Arc::new(Schema::empty())), Vec::new())),
        };
        let batch = concat_batches(&schema, &batches)?;
        let n_columns = batch.num_columns().saturating_sub(1);
        let numbers = batch.columns().last().and_then(|array| array.as_primitive_opt::<Int64Type>());
        let numbers = numbers.ok_or(TransformError::NotRowWise)?;
        let numbers = numbers.iter().map(|number| number.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX));
        let kept: Vec<(ArrowField, ArrayRef)> = batch
            .schema_ref()
            .fields()
            .iter()
            .zip(batch.columns())
            .take(n_columns)
            .map(|(field, array)| (field.as_ref().clone(), array.clone()))
            .collect();
        let (fields, arrays): (Vec<ArrowField>, Vec<ArrayRef>) = kept.into_iter().unzip();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let rows = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?;
        Ok((rows, numbers.collect()))
    }
}

/// Returns whether a value of one type may become one of another on its way into a table, by a conversion that loses nothing.
pub(crate) fn converts(from: KqlType, to: KqlType) -> bool {
    use KqlType as K;
    matches!(
        (from, to),
        (K::Int, K::Long | K::Real | K::Decimal)
            | (K::Long, K::Real | K::Decimal)
            | (K::String, K::Guid)
            | (K::Guid, K::String)
    ) || from == to
}

/// Returns the tables of a transformation: the records alone.
fn source(columns: &[Column], batches: Vec<RecordBatch>) -> Result<Tables, TransformError> {
    let mut tables = Tables::default();
    let table = MemoryTable::new(columns.to_vec(), batches).map_err(TransformError::Run)?;
    tables.add(SOURCE, Arc::new(table));
    special::functions().into_iter().for_each(|function| tables.add_function(function));
    Ok(tables)
}

/// Checks the names of operators and functions against the allow-list.
fn check_names(text: &str, has_places: bool) -> Result<(), TransformError> {
    let parse = syntax::parse(text);
    let tokens: Vec<(TokenKind, &str)> = parse
        .tokens
        .iter()
        .filter(|token| !token.kind.is_trivia())
        .map(|token| (token.kind, text.get(token.span.start..token.span.end).unwrap_or_default()))
        .collect();
    let mut own = Vec::new();
    for (i, (kind, word)) in tokens.iter().enumerate() {
        if *kind != TokenKind::Word {
            continue;
        }
        let before = i.checked_sub(1).and_then(|i| tokens.get(i)).map(|(_, text)| *text);
        let after = tokens.get(i + 1).map(|(_, text)| *text);
        if before == Some("let") {
            own.push(*word);
        }
        if before == Some("|") && !allowed::OPERATORS.contains(word) {
            return Err(TransformError::Operator { name: (*word).to_string() });
        }
        let is_called = after == Some("(") && before != Some("|") && before != Some("let");
        let is_known = allowed::FUNCTIONS.contains(word) || allowed::WORDS.contains(word) || own.contains(word);
        if is_called && !is_known && !allowed::OPERATORS.contains(word) {
            let near = nearest(word, allowed::FUNCTIONS.iter().copied()).map(str::to_string);
            return Err(TransformError::Function { name: (*word).to_string(), near });
        }
        if is_called && *word == "geo_location" && !has_places {
            return Err(TransformError::NoPlaces);
        }
    }
    Ok(())
}

/// Returns the text with functions by the names that they have in queries.
fn respelt(text: &str) -> String {
    let parse = syntax::parse(text);
    let words = parse.tokens.iter().map(|token| text.get(token.span.start..token.span.end).unwrap_or_default());
    let respelt = words.zip(&parse.tokens).map(|(word, token)| match (token.kind, word) {
        (TokenKind::Word, "columnifexists") => "column_ifexists",
        (TokenKind::Word, "base64_decodestring") => "base64_decode_tostring",
        (TokenKind::Word, "base64_encodestring") => "base64_encode_tostring",
        _ => word,
    });
    respelt.collect()
}

/// Binds a transformation; returns its plan, which is row-wise.
fn bind(text: &str, tables: &Tables, now: i64) -> Result<Plan, TransformError> {
    let text = respelt(text);
    let environment =
        Environment { catalog: tables, functions: &*FUNCTIONS, host: None, now, principal: "", parameters: &[] };
    let (bound, findings) = kql::bind::bind(&text, environment);
    let wrong = || {
        let first = findings.iter().find(|finding| finding.is_error());
        let text = first.map(|finding| {
            let help = finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}: {}{help}", finding.code, finding.message)
        });
        TransformError::Wrong(text.unwrap_or_else(|| "it cannot be understood".to_string()))
    };
    let bound = bound.ok_or_else(wrong)?;
    let n_tables = bound.results.len();
    let mut results = bound.results.into_iter();
    match (results.next(), results.next()) {
        (Some(result), None) if is_row_wise(&result.plan) => Ok(result.plan),
        (Some(_), None) => Err(TransformError::NotRowWise),
        _ => Err(TransformError::Tables(n_tables)),
    }
}

/// Returns whether a plan reads `source` and gives at most one row for each of its rows, of that row alone.
fn is_row_wise(plan: &Plan) -> bool {
    match &plan.node {
        Node::Table { table, .. } => table == SOURCE,
        Node::Filter { input, predicate } => is_row_wise(input) && is_alone(predicate),
        Node::Project { input, exprs } => is_row_wise(input) && exprs.iter().all(is_alone),
        Node::Parse { input, subject, .. } => is_row_wise(input) && is_alone(subject),
        _ => false,
    }
}

/// Returns whether an expression reads its row alone: tables in it hold what the text says.
fn is_alone(expr: &Expr) -> bool {
    let mut alone = true;
    expr.walk(&mut |expr| {
        if let Expr::Subquery { plan, .. } | Expr::InTable { plan, .. } = expr {
            alone &= is_written(plan);
        }
    });
    alone
}

fn is_written(plan: &Plan) -> bool {
    match &plan.node {
        Node::Values { .. } => true,
        Node::Filter { input, .. } | Node::Project { input, .. } => is_written(input),
        _ => false,
    }
}

/// Adds the number of its record to every row of a row-wise plan.
fn carry_record(plan: &mut Plan) -> bool {
    let field = Field { id: RECORD_ID, name: RECORD.into(), ktype: KqlType::Long };
    let carried = match &mut plan.node {
        Node::Table { source, .. } => {
            source.push(RECORD.to_string());
            true
        }
        Node::Filter { input, .. } | Node::Parse { input, .. } => carry_record(input),
        Node::Project { input, exprs } => {
            exprs.push(Expr::column(&field));
            carry_record(input)
        }
        _ => false,
    };
    plan.columns.push(field);
    carried
}

/// Keeps the columns that are wanted, in that order and of those types, and the record's number.
fn converted(plan: Plan, wanted: &[Column]) -> Plan {
    let mut columns = Vec::new();
    let mut exprs = Vec::new();
    for (i, column) in wanted.iter().enumerate() {
        let Some(found) = plan.columns.iter().find(|field| field.name == column.name) else { continue };
        let expr = Expr::column(found);
        exprs.push(if found.ktype == column.ktype {
            expr
        } else {
            Expr::call(function(column.ktype), vec![expr], column.ktype)
        });
        let id = ColumnId(RECORD_ID.0.saturating_add(1).saturating_add(u32::try_from(i).unwrap_or(u32::MAX / 4)));
        columns.push(Field { id, name: column.name.as_str().into(), ktype: column.ktype });
    }
    let record = Field { id: RECORD_ID, name: RECORD.into(), ktype: KqlType::Long };
    exprs.push(Expr::column(&record));
    columns.push(record);
    Plan { node: Node::Project { input: Box::new(plan), exprs }, columns }
}

/// Returns the function that converts to a type, for those that [`converts`] allows.
fn function(to: KqlType) -> &'static str {
    match to {
        KqlType::Long => "tolong",
        KqlType::Real => "toreal",
        KqlType::Decimal => "todecimal",
        KqlType::Guid => "toguid",
        _ => "tostring",
    }
}
