//! `.rename column`, `.drop column`, `.alter column`: what is seen of a table's columns. Sealed cells stay as they are.

use crate::args::Args;
use crate::command::{Columns, Command, Family, Rows, Text, text};
use crate::context::Context;
use crate::error::CommandError;
use crate::reader::{Name, Reader};
use crate::tables::{TABLE_SCHEMA, entity_of};
use audit::Operation;
use auth::Action;
use entities::{Change, ColumnEntity, Step};
use ingest::Workspace;
use schema::{Column, KqlType};
use std::collections::BTreeMap;

/// Commands that change columns.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "rename column ...", needs: MANAGE, columns: COLUMN, body: rename },
        Command { syntax: "rename columns ...", needs: MANAGE, columns: COLUMN, body: rename_several },
        Command { syntax: "drop column ...", needs: MANAGE, columns: TABLE_SCHEMA, body: drop_one },
        Command { syntax: "drop table <table> columns ...", needs: MANAGE, columns: TABLE_SCHEMA, body: drop_several },
        Command { syntax: "alter column ...", needs: MANAGE, columns: COLUMN, body: alter },
    ],
    refused: &[],
};

const MANAGE: &[Action] = &[Action::Manage];
const COLUMN: Columns = &[("EntityName", Text), ("DataType", Text), ("Policy", Text)];

/// Reads `Table.Column`.
fn column_of_table(reader: &mut Reader<'_>) -> Result<(Name, Name), CommandError> {
    let table = reader.expect_name("the name of a table")?;
    reader.expect(".")?;
    Ok((table, reader.expect_name("the name of a column")?))
}

/// Changes the columns that are seen of tables, in one act.
fn edit(
    context: &Context<'_>,
    tables: &[&Name],
    edit: impl Fn(&Workspace, &str, &str, &mut Vec<ColumnEntity>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut names: Vec<&str> = tables.iter().map(|name| name.text.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in &names {
        context.table(name)?;
        context.may_hide(name)?;
    }
    let resource = format!("tables/{}", names.first().copied().unwrap_or_default());
    context.change(Operation::WriteTable, &resource, |workspace| {
        let mut steps = Vec::new();
        for name in &names {
            let table = workspace.named_table(name).ok_or_else(|| CommandError::no_table(name))?;
            let mut next = entity_of(&table);
            let (stored, columns) = (next.stored.clone(), next.columns.get_or_insert_default());
            edit(workspace, name, &stored, columns)?;
            steps.push(Step::SetTable(next));
        }
        Ok(Change { event: "ALTER-TABLE".to_string(), steps })
    })
}

fn find<'c>(columns: &'c mut [ColumnEntity], table: &str, column: &Name) -> Result<&'c mut ColumnEntity, CommandError> {
    let unknown =
        || CommandError::semantic(column.span, format!("the table `{table}` has no column `{}`", column.text));
    columns.iter_mut().find(|of| of.name == column.text).ok_or_else(unknown)
}

fn column_row(context: &Context<'_>, table: &str, column: &str) -> Result<Vec<schema::Value>, CommandError> {
    let columns = context.table(table)?.columns();
    let ktype = columns.iter().find(|of| of.name == column).map_or(KqlType::String, |of| of.ktype);
    Ok(vec![text(column), text(ktype.system_name()), text("")])
}

fn rename(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let (table, from) = column_of_table(&mut args.reader)?;
    if !args.reader.word("to") {
        return Err(args.reader.expected("`to`"));
    }
    let to = args.reader.expect_name("the new name of the column")?;
    args.reader.expect_end()?;
    edit(context, &[&table], |_, name, _, columns| {
        find(columns, name, &from)?.name.clone_from(&to.text);
        Ok(())
    })?;
    Ok(vec![column_row(context, &table.text, &to.text)?])
}

/// `New = Table.Old, ...`: names may be swapped.
fn rename_several(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let mut renames = Vec::new();
    loop {
        let to = args.reader.expect_name("the new name of a column")?;
        args.reader.expect("=")?;
        let (table, from) = column_of_table(&mut args.reader)?;
        renames.push((to, table, from));
        if !args.reader.sign(",") {
            break;
        }
    }
    args.reader.expect_end()?;
    let tables: Vec<&Name> = renames.iter().map(|(_, table, _)| table).collect();
    edit(context, &tables, |_, name, _, columns| {
        let mut names = BTreeMap::new();
        for (to, _, from) in renames.iter().filter(|(_, table, _)| table.text == name) {
            let at = find(columns, name, from)?.stored.clone();
            names.insert(at, to.text.clone());
        }
        for column in columns {
            if let Some(to) = names.remove(&column.stored) {
                column.name = to;
            }
        }
        Ok(())
    })?;
    renames.iter().map(|(to, table, _)| column_row(context, &table.text, &to.text)).collect()
}

fn drop_one(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let (table, column) = column_of_table(&mut args.reader)?;
    args.reader.expect_end()?;
    drop_columns(context, &table, &[column])
}

fn drop_several(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let columns = args.reader.list(|reader| reader.expect_name("the name of a column"))?;
    args.reader.expect_end()?;
    drop_columns(context, &args.name("table")?.clone(), &columns)
}

/// Takes columns out of sight.
fn drop_columns(context: &Context<'_>, table: &Name, dropped: &[Name]) -> Result<Rows, CommandError> {
    edit(context, &[table], |_, name, _, columns| {
        for column in dropped {
            find(columns, name, column)?;
        }
        columns.retain(|of| !dropped.iter().any(|name| name.text == of.name));
        Ok(())
    })?;
    context.changed(&table.text)
}

/// `.alter column Table.Column type = long`: cells of before are not seen any more, as in Kusto.
fn alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let (table, column) = column_of_table(&mut args.reader)?;
    if !args.reader.word("type") {
        return Err(args.reader.expected("`type`"));
    }
    args.reader.expect("=")?;
    let ktype = args.reader.ktype()?;
    args.reader.expect_end()?;
    edit(context, &[&table], |workspace, name, stored, columns| {
        let before = columns.clone();
        let found = find(columns, name, &column)?;
        if found.ktype() != ktype {
            let sealed = workspace.free_stored_column(stored, &before, &Column::new(column.text.clone(), ktype));
            *found = ColumnEntity {
                doc_string: found.doc_string.clone(),
                ..ColumnEntity::new(&column.text, &sealed, ktype)
            };
        }
        Ok(())
    })?;
    Ok(vec![column_row(context, &table.text, &column.text)?])
}
