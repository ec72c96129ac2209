//! `.show extents`: the files that hold records.

use crate::args::Args;
use crate::command::{Columns, Command, Datetime, Family, Guid, Long, Real, Rows, Text, count, id_of, text};
use crate::context::Context;
use crate::error::CommandError;
use auth::Action;
use ingest::NamedTable;
use schema::Value;

/// Commands that show files of records.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show extents", needs: READ, columns: EXTENTS, body: extents },
        Command { syntax: "show cluster extents", needs: READ, columns: EXTENTS, body: extents },
        Command { syntax: "show database extents", needs: READ, columns: EXTENTS, body: extents },
        Command { syntax: "show database <database> extents", needs: READ, columns: EXTENTS, body: extents },
        Command { syntax: "show table <table> extents", needs: READ, columns: EXTENTS, body: extents },
        Command { syntax: "show tables (<tables>) extents", needs: READ, columns: EXTENTS, body: extents },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];

const EXTENTS: Columns = &[
    ("ExtentId", Guid),
    ("DatabaseName", Text),
    ("TableName", Text),
    ("MaxCreatedOn", Datetime),
    ("OriginalSize", Real),
    ("ExtentSize", Real),
    ("CompressedSize", Real),
    ("IndexSize", Real),
    ("Blocks", Long),
    ("Segments", Long),
    ("ExtentContainerId", Text),
    ("RowCount", Long),
    ("MinCreatedOn", Datetime),
    ("Tags", Text),
    ("Kind", Text),
    ("DeletedRowCount", Long),
];

fn extents(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    super::mappings::of_request(context, args)?;
    let mut rows = Rows::new();
    for table in super::show_tables::wanted(context, args)? {
        rows.extend(rows_of(context, &table)?);
    }
    Ok(rows)
}

/// A file's id is made of its path, which has its hash in it.
fn rows_of(context: &Context<'_>, table: &NamedTable) -> Result<Rows, CommandError> {
    let snapshot = table.table.snapshot()?;
    let row = |file: &std::sync::Arc<extents::ExtentFile>| {
        let extent = file.extent();
        let size = Value::Real(extent.bytes as f64);
        vec![
            id_of(&extent.path),
            text(context.database()),
            text(&table.name),
            Value::null(Datetime),
            Value::null(Real),
            size.clone(),
            size,
            Value::null(Real),
            Value::null(Long),
            Value::null(Long),
            text(&extent.path),
            count(extent.rows),
            Value::null(Datetime),
            text(""),
            text("Parquet"),
            count(0),
        ]
    };
    Ok(snapshot.files.iter().map(row).collect())
}
