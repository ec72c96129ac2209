//! `.show tables` and `.show table`: what is there, how large it is, which columns it has.

use crate::args::Args;
use crate::command::{Columns, Command, Datetime, Family, Guid, Long, Real, Rows, Text, count, id_of, text};
use crate::context::Context;
use crate::error::CommandError;
use crate::tables::{TABLE_LIST, TABLE_SCHEMA, list_row, schema_row};
use auth::Action;
use ingest::NamedTable;
use lifecycle::Rules;
use schema::Value;

/// Commands that show tables.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show tables", needs: READ, columns: TABLE_LIST, body: tables },
        Command { syntax: "show tables (<tables>)", needs: READ, columns: TABLE_LIST, body: tables },
        Command { syntax: "show tables details", needs: READ, columns: DETAILS, body: details },
        Command { syntax: "show tables (<tables>) details", needs: READ, columns: DETAILS, body: details },
        Command { syntax: "show table <table> details", needs: READ, columns: DETAILS, body: details },
        Command { syntax: "show table <table>", needs: READ, columns: ATTRIBUTES, body: attributes },
        Command { syntax: "show table <table> cslschema", needs: READ, columns: TABLE_SCHEMA, body: csl_schema },
        Command { syntax: "show table <table> schema as csl", needs: READ, columns: TABLE_SCHEMA, body: csl_schema },
        Command { syntax: "show table <table> schema as json", needs: READ, columns: TABLE_SCHEMA, body: json_schema },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];

const ATTRIBUTES: Columns = &[
    ("AttributeName", Text),
    ("AttributeType", Text),
    ("ExtentSize", Long),
    ("CompressionRatio", Real),
    ("IndexSize", Long),
    ("IndexSizePercent", Real),
    ("OriginalSize", Long),
    ("AttributeId", Guid),
    ("SharedIndexSize", Long),
    ("StorageEngineVersion", Text),
];

const DETAILS: Columns = &[
    ("TableName", Text),
    ("DatabaseName", Text),
    ("Folder", Text),
    ("DocString", Text),
    ("TotalExtents", Long),
    ("TotalExtentSize", Real),
    ("TotalOriginalSize", Real),
    ("TotalRowCount", Long),
    ("HotExtents", Long),
    ("HotExtentSize", Real),
    ("HotOriginalSize", Real),
    ("HotRowCount", Long),
    ("AuthorizedPrincipals", Text),
    ("RetentionPolicy", Text),
    ("CachingPolicy", Text),
    ("ShardingPolicy", Text),
    ("MergePolicy", Text),
    ("StreamingIngestionPolicy", Text),
    ("IngestionBatchingPolicy", Text),
    ("MinExtentsCreationTime", Datetime),
    ("MaxExtentsCreationTime", Datetime),
    ("RowOrderPolicy", Text),
    ("TableId", Guid),
];

/// Returns the tables that a command names, or all.
pub fn wanted(context: &Context<'_>, args: &Args<'_>) -> Result<Vec<NamedTable>, CommandError> {
    let names: Vec<_> = args.names("tables").iter().chain(args.names("table")).collect();
    if names.is_empty() {
        return Ok(context.workspace()?.named_tables());
    }
    names.into_iter().map(|name| context.table(&name.text)).collect()
}

fn tables(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(wanted(context, args)?.iter().map(|table| list_row(table, context.database())).collect())
}

fn csl_schema(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(vec![schema_row(&context.table(&args.name("table")?.text)?, context.database(), false)])
}

fn json_schema(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(vec![schema_row(&context.table(&args.name("table")?.text)?, context.database(), true)])
}

/// The columns; how large each is by itself is not known.
fn attributes(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let table = context.table(&args.name("table")?.text)?;
    let row = |column: &schema::Column| {
        let kinds = [Long, Real, Long, Real, Long, Guid, Long];
        let mut row = vec![text(&column.name), text(column.ktype.system_name())];
        row.extend(kinds.map(Value::null));
        row.push(text(""));
        row
    };
    Ok(table.columns().iter().map(row).collect())
}

fn details(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let rules = context.manager.vault.rules(context.database())?;
    let tables = wanted(context, args)?;
    Ok(tables.iter().map(|table| details_row(context, table, &rules)).collect())
}

/// Kusto counts what is in files and what is in the cache; here all records can be queried at once, and those in memory count as one extent.
fn details_row(context: &Context<'_>, table: &NamedTable, rules: &Rules) -> Vec<Value> {
    let status = table.table.status();
    let rows = table.table.snapshot().map(|snapshot| snapshot.n_rows());
    let rows = rows.map_or(Value::null(Long), count);
    let extents = count(status.n_files as u64 + u64::from(status.n_hot_rows > 0));
    let size = Value::Real(status.file_bytes as f64 + status.n_hot_bytes as f64);
    let mut row = list_row(table, context.database());
    let original = Value::null(Real);
    for _ in 0..2 {
        row.extend([extents.clone(), size.clone(), original.clone(), rows.clone()]);
    }
    let retention = super::retention::document(rules, table.table.name()).to_string();
    row.extend([text(""), text(retention), text(""), text(""), text(""), text(""), text("")]);
    row.extend([Value::null(Datetime), Value::null(Datetime), text(""), id(context, table)]);
    row
}

/// Returns the id of a table: that of what is sealed, made of its name.
fn id(context: &Context<'_>, table: &NamedTable) -> Value {
    id_of(&format!("{}/{}", context.database(), table.table.name()))
}
