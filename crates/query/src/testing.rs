//! Small plans by hand, for tests.

use crate::{Engine, EngineOptions, MemoryTable, QueryError, Request, Tables};
use arrow::array::{Array, RecordBatch};
use kql::plan::{BoundQuery, BoundResult, ColumnId, Expr, Field, Node, Plan};
use kql_functions::args::value_at;
use schema::{Column, KqlType, Value};
use std::sync::{Arc, LazyLock};

/// An engine that all tests share.
pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() }).unwrap_or_else(|error| panic!("{error}"))
});

pub fn field(id: u32, name: &str, ktype: KqlType) -> Field {
    Field { id: ColumnId(id), name: name.into(), ktype }
}

pub fn col(id: u32, ktype: KqlType) -> Expr {
    Expr::Column { id: ColumnId(id), ktype }
}

pub fn long(value: i64) -> Expr {
    Expr::Literal(Value::Long(value))
}

pub fn text(value: &str) -> Expr {
    Expr::Literal(Value::String(value.to_string()))
}

pub fn call(function: &'static str, args: Vec<Expr>, ktype: KqlType) -> Expr {
    Expr::call(function, args, ktype)
}

/// Reads a cell: `null`, or what the type's text says.
pub fn cell(ktype: KqlType, text: &str) -> Value {
    if text == "null" { Value::null(ktype) } else { kql_functions::args::parse_as(ktype, text) }
}

/// Makes a datatable of rows whose cells are separated by commas.
pub fn datatable(columns: &[(u32, KqlType)], rows: &[&str]) -> Plan {
    let fields: Vec<Field> = columns.iter().map(|(id, ktype)| field(*id, &format!("k{id}"), *ktype)).collect();
    let rows = rows
        .iter()
        .map(|row| row.split(',').zip(columns).map(|(text, (_, ktype))| cell(*ktype, text)).collect())
        .collect();
    Plan { node: Node::Values { rows }, columns: fields }
}

pub fn filter(input: Plan, predicate: Expr) -> Plan {
    let columns = input.columns.clone();
    Plan { node: Node::Filter { input: Box::new(input), predicate }, columns }
}

pub fn project(input: Plan, exprs: Vec<(u32, Expr)>) -> Plan {
    let columns = exprs.iter().map(|(id, expr)| field(*id, &format!("k{id}"), expr.ktype())).collect();
    Plan {
        node: Node::Project { input: Box::new(input), exprs: exprs.into_iter().map(|(_, expr)| expr).collect() },
        columns,
    }
}

pub fn print(exprs: Vec<Expr>) -> Plan {
    let row = Plan { node: Node::Values { rows: vec![vec![]] }, columns: vec![] };
    project(row, exprs.into_iter().enumerate().map(|(i, expr)| (i as u32, expr)).collect())
}

/// Runs a plan over tables.
pub fn run_over(tables: Tables, plan: &Plan) -> Result<Vec<RecordBatch>, QueryError> {
    let query = BoundQuery {
        results: vec![BoundResult { name: "PrimaryResult".into(), plan: plan.clone(), render: None }],
        options: vec![],
    };
    let session = ENGINE.session(Arc::new(tables), Request::default());
    futures::executor::block_on(async {
        let mut results = session.run(&query).await?;
        match results.pop() {
            Some(result) => result.stream.collect_batches().await,
            None => Ok(vec![]),
        }
    })
}

/// Runs a plan and prints its rows, cells separated by commas.
pub fn rows_over(tables: Tables, plan: &Plan) -> Result<Vec<String>, String> {
    let batches = run_over(tables, plan).map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })?;
    let types: Vec<KqlType> = plan.columns.iter().map(|field| field.ktype).collect();
    Ok(printed(&batches, &types))
}

/// Prints batches' rows, cells separated by commas.
fn printed(batches: &[RecordBatch], types: &[KqlType]) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().zip(types).map(|(column, ktype)| {
                if column.is_null(row) { "null".to_string() } else { value_at(column, *ktype, row).to_text() }
            });
            rows.push(cells.collect::<Vec<_>>().join(","));
        }
    }
    rows
}

pub fn rows(plan: &Plan) -> Result<Vec<String>, String> {
    rows_over(Tables::default(), plan)
}

/// Asserts the rows of a plan, in order.
#[track_caller]
pub fn check(plan: &Plan, expected: &[&str]) {
    assert_eq!(rows(plan), Ok(expected.iter().map(|row| row.to_string()).collect()));
}

/// Asserts the rows of a plan, in any order.
#[track_caller]
pub fn check_unordered(plan: &Plan, expected: &[&str]) {
    let mut rows = rows(plan).unwrap_or_else(|error| panic!("{error}"));
    rows.sort();
    assert_eq!(rows, expected);
}

/// Makes a stored table.
pub fn table(columns: &[(&str, KqlType)], batches: Vec<RecordBatch>) -> Arc<MemoryTable> {
    let columns = columns.iter().map(|(name, ktype)| Column::new(*name, *ktype)).collect();
    Arc::new(MemoryTable::new(columns, batches).unwrap_or_else(|error| panic!("{error}")))
}

/// Binds and runs a query's text; its first result as rows of cells separated by commas, or the first thing that is wrong.
pub fn answer(tables: Tables, text: &str) -> Result<Vec<String>, String> {
    Ok(all_answers(tables, text)?.into_iter().next().unwrap_or_default())
}

/// As [`answer`], with every result.
pub fn all_answers(tables: Tables, text: &str) -> Result<Vec<Vec<String>>, String> {
    let tables = Arc::new(tables);
    let session = ENGINE.session(tables.clone(), Request::default());
    let environment = kql::bind::Environment {
        catalog: tables.as_ref(),
        functions: &*kql_functions::FUNCTIONS,
        host: Some(&session),
        now: session.context().now,
        principal: "",
        parameters: &[],
    };
    let (bound, diagnostics) = kql::bind::bind(text, environment);
    let bound = bound.ok_or_else(|| diagnostics.first().map_or_else(String::new, |d| d.message.clone()))?;
    let results = futures::executor::block_on(async {
        let mut printed_results = Vec::new();
        for result in session.run(&bound).await? {
            let types: Vec<KqlType> = result.columns.iter().map(|column| column.ktype).collect();
            printed_results.push(printed(&result.stream.collect_batches().await?, &types));
        }
        Ok::<_, QueryError>(printed_results)
    });
    results.map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}

/// Asserts the rows of a query, in order.
#[track_caller]
pub fn answers(text: &str, expected: &[&str]) {
    assert_eq!(answer(Tables::default(), text), Ok(expected.iter().map(|row| row.to_string()).collect()), "{text}");
}

/// Asserts the rows of a query, in any order.
#[track_caller]
pub fn answers_unordered(text: &str, expected: &[&str]) {
    let mut rows = answer(Tables::default(), text).unwrap_or_else(|error| panic!("{text}: {error}"));
    rows.sort();
    assert_eq!(rows, expected, "{text}");
}
