//! `.set`, `.append`, `.set-or-append`, `.set-or-replace`: the rows that a query gives become records of a table.
//!
//! Columns match by their place, and have to be of the same type. `.set-or-replace` puts the new records where nobody sees them and shows
//! them in one act, so that queries see the old ones or the new ones.

use crate::answer::AnswerTable;
use crate::args::Args;
use crate::command::{Columns, Command, Family, Guid, Long, Rows, count};
use crate::commands::create_tables::set_properties;
use crate::context::Context;
use crate::error::CommandError;
use crate::ingestion_properties::{all_known, is_set};
use crate::inner::blanked;
use crate::reader::Properties;
use crate::tables::{columns_of, entity_of};
use arrow::array::{RecordBatch, RecordBatchOptions};
use audit::Operation;
use auth::Action;
use entities::{Change, Step, TableEntity};
use futures::executor::block_on;
use query::arrow_schema;
use schema::{Column, Value};

/// Commands that hand in what a query gives.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "set <table> ...", needs: MAKES, columns: RESULT, body: set },
        Command { syntax: "append <table> ...", needs: ADDS, columns: RESULT, body: append },
        Command { syntax: "set-or-append <table> ...", needs: ADDS, columns: RESULT, body: set_or_append },
        Command { syntax: "set-or-replace <table> ...", needs: MAKES, columns: RESULT, body: set_or_replace },
        Command { syntax: "set async <table> ...", needs: MAKES, columns: OPERATION, body: set },
        Command { syntax: "append async <table> ...", needs: ADDS, columns: OPERATION, body: append },
        Command { syntax: "set-or-append async <table> ...", needs: ADDS, columns: OPERATION, body: set_or_append },
        Command { syntax: "set-or-replace async <table> ...", needs: MAKES, columns: OPERATION, body: set_or_replace },
    ],
    refused: &[],
};

const ADDS: &[Action] = &[Action::Read, Action::Ingest];
const MAKES: &[Action] = &[Action::Read, Action::Ingest, Action::Manage];

const RESULT: Columns = &[
    ("ExtentId", Guid),
    ("OriginalSize", Long),
    ("ExtentSize", Long),
    ("ColumnSize", Long),
    ("IndexSize", Long),
    ("RowCount", Long),
];
/// What is to be done later is done at once; the operation is over when its id is known.
const OPERATION: Columns = &[("OperationId", Guid)];

/// What the commands act on.
const DESCRIBES: [&str; 2] = ["folder", "docstring"];
const EXTENDS: [&str; 3] = ["folder", "docstring", "extend_schema"];
const RECREATES: [&str; 4] = ["folder", "docstring", "extend_schema", "recreate_schema"];

/// What a command says of its table, and what its query gave.
struct Given {
    name: String,
    properties: Properties,
    extends_schema: bool,
    recreates_schema: bool,
    result: AnswerTable,
    is_async: bool,
}

/// Reads a command that acts on the properties `known`, and runs its query.
fn read(context: &Context<'_>, args: &mut Args<'_>, known: &[&str]) -> Result<Given, CommandError> {
    let name = args.name("table")?.text.clone();
    let at = args.reader.span();
    let properties = args.reader.properties()?;
    all_known(at, &properties, known)?;
    let extends_schema = is_set(at, &properties, "extend_schema")?;
    let recreates_schema = is_set(at, &properties, "recreate_schema")?;
    let (_, start) = args.reader.data()?;
    let text = blanked(&context.request.text, start, "")?;
    let tables = context.tables(context.database(), &text)?;
    let found = context.query(&text, tables)?;
    let mut results = found.tables;
    if results.len() != 1 {
        return Err(CommandError::Refused(format!("the query gives {} tables, and one is needed", results.len())));
    }
    let result = results.pop().ok_or_else(|| CommandError::Internal("no result".to_string()))?;
    Ok(Given { name, properties, extends_schema, recreates_schema, result, is_async: args.is("async") })
}

/// A new table, which must not be there.
fn set(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let given = read(context, args, &DESCRIBES)?;
    if context.table(&given.name).is_ok() {
        return Err(CommandError::Exists { kind: "table", name: given.name });
    }
    make(context, &given)?;
    add(context, &given)
}

fn append(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let given = read(context, args, &EXTENDS)?;
    alter(context, &given)?;
    add(context, &given)
}

fn set_or_append(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let given = read(context, args, &EXTENDS)?;
    if context.table(&given.name).is_ok() {
        alter(context, &given)?;
    } else {
        context.require(Action::Manage, context.database())?;
        make(context, &given)?;
    }
    add(context, &given)
}

/// Makes the table that a query's columns describe.
fn make(context: &Context<'_>, given: &Given) -> Result<(), CommandError> {
    context.may_hide(&given.name)?;
    context.change(Operation::WriteTable, &format!("tables/{}", given.name), |workspace| {
        if workspace.named_table(&given.name).is_some() {
            return Err(CommandError::Exists { kind: "table", name: given.name.clone() });
        }
        let stored = workspace.free_stored_name(&given.name);
        let columns = Some(columns_of(workspace, &stored, &[], &given.result.columns)?);
        let mut table = TableEntity { columns, ..TableEntity::plain(&given.name, &stored) };
        set_properties(&mut table, &given.properties);
        Ok(Change { event: "CREATE-TABLE".to_string(), steps: vec![Step::SetTable(table)] })
    })
}

/// Adds the rows to the table.
fn add(context: &Context<'_>, given: &Given) -> Result<Rows, CommandError> {
    let columns = context.table(&given.name)?.columns();
    fits(&given.result.columns, &columns)?;
    let vault = &context.manager.vault;
    for batch in given.result.batches.iter().filter(|batch| batch.num_rows() > 0) {
        let rows = named(batch, &columns)?;
        block_on(vault.take_rows(context.database(), &given.name, rows)?.finish())?;
    }
    Ok(answer(given))
}

/// Gives a table that is there the folder and description that the command has, and, where it may, the columns that the query has beyond
/// the table's own.
fn alter(context: &Context<'_>, given: &Given) -> Result<(), CommandError> {
    let table = context.table(&given.name)?;
    let columns = table.columns();
    let (same, more) = match given.result.columns.split_at_checked(columns.len()) {
        Some((same, more)) if given.extends_schema => (same, more),
        _ => (given.result.columns.as_slice(), [].as_slice()),
    };
    let before = entity_of(&table);
    let mut next = before.clone();
    set_properties(&mut next, &given.properties);
    if next == before && more.is_empty() {
        return Ok(());
    }
    context.require(Action::Manage, context.database())?;
    fits(same, &columns)?;
    context.change(Operation::WriteTable, &format!("tables/{}", given.name), |workspace| {
        let seen = next.columns.clone().unwrap_or_default();
        let more = columns_of(workspace, &next.stored, &seen, more)?;
        next.columns.get_or_insert_default().extend(more);
        Ok(Change { event: "ALTER-TABLE".to_string(), steps: vec![Step::SetTable(next)] })
    })
}

/// Shows the rows in place of the table's records so far.
fn set_or_replace(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let given = read(context, args, &RECREATES)?;
    let Ok(before) = context.table(&given.name) else {
        make(context, &given)?;
        return add(context, &given);
    };
    context.may_hide(&given.name)?;
    let recreates = given.recreates_schema;
    if !recreates && !given.extends_schema {
        fits(&given.result.columns, &before.columns())?;
    }
    let vault = &context.manager.vault;
    context.act(Operation::ClearTable, &format!("tables/{}", given.name), |asked| {
        // The records come where nobody sees them yet.
        let mut next = entity_of(&before);
        set_properties(&mut next, &given.properties);
        vault.change(context.database(), asked, |workspace| -> Result<Change, CommandError> {
            next.stored = workspace.free_stored_name(&given.name);
            let seen = if recreates { Vec::new() } else { next.columns.clone().unwrap_or_default() };
            let columns = match recreates {
                true => given.result.columns.clone(),
                false => {
                    let mut columns = before.columns();
                    columns.extend(given.result.columns.iter().skip(columns.len()).cloned());
                    columns
                }
            };
            next.columns = Some(columns_of(workspace, &next.stored, &seen, &columns)?);
            Ok(Change { event: "RESERVE-TABLE".to_string(), steps: vec![Step::ReserveTable(next.clone())] })
        })?;
        let columns: Vec<Column> = next.columns.iter().flatten().map(entities::ColumnEntity::seen).collect();
        fits(&given.result.columns, &columns)?;
        for batch in given.result.batches.iter().filter(|batch| batch.num_rows() > 0) {
            let rows = named(batch, &columns)?;
            block_on(vault.take_reserved(context.database(), &next, rows)?.finish())?;
        }
        vault.change(context.database(), asked, |_| -> Result<Change, CommandError> {
            Ok(Change { event: "REPLACE-TABLE-DATA".to_string(), steps: vec![Step::SetTable(next.clone())] })
        })?;
        Ok(())
    })?;
    Ok(answer(&given))
}

/// Makes sure that rows of some columns can go into others by their place.
fn fits(found: &[Column], wanted: &[Column]) -> Result<(), CommandError> {
    if found.len() != wanted.len() {
        let message = format!("the query gives {} columns, and the table has {}", found.len(), wanted.len());
        return Err(CommandError::Refused(message));
    }
    match found.iter().zip(wanted).find(|(found, wanted)| found.ktype != wanted.ktype) {
        None => Ok(()),
        Some((found, wanted)) => Err(CommandError::Refused(format!(
            "the query's column `{}` is of type {}, and the table's column `{}` at its place of type {}",
            found.name, found.ktype, wanted.name, wanted.ktype
        ))),
    }
}

/// Gives a query's columns the names of a table's.
fn named(batch: &RecordBatch, columns: &[Column]) -> Result<RecordBatch, CommandError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(arrow_schema(columns), batch.columns().to_vec(), &options)
        .map_err(|error| CommandError::Internal(error.to_string()))
}

fn answer(given: &Given) -> Rows {
    let id = Value::Guid(uuid::Uuid::new_v4().to_string());
    if given.is_async {
        return vec![vec![id]];
    }
    let n_bytes: usize = given.result.batches.iter().map(RecordBatch::get_array_memory_size).sum();
    let unknown = Value::null(Long);
    let rows = count(given.result.n_rows());
    vec![vec![id, count(n_bytes as u64), unknown.clone(), unknown.clone(), unknown, rows]]
}
