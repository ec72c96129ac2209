//! `.create table`, `.create-merge table`, `.alter table` and their kin: tables and their columns.
//!
//! A table that is there stays as it is when it is created again. Its columns are those that the command names: the time of arrival and what
//! fits no column are kept with each record all the same.

use crate::args::Args;
use crate::command::{Command, Family, Rows};
use crate::context::Context;
use crate::error::CommandError;
use crate::reader::{Properties, Reader};
use crate::tables::{TABLE_LIST, TABLE_SCHEMA, columns_of, entity_of, list_row};
use audit::Operation;
use auth::Action;
use entities::{Change, Step, TableEntity};
use ingest::Workspace;
use schema::Column;

/// Commands that make tables and give them columns.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "create table <table> ...", needs: MANAGE, columns: TABLE_SCHEMA, body: create },
        Command {
            syntax: "create-or-alter table <table> ...",
            needs: MANAGE,
            columns: TABLE_SCHEMA,
            body: create_or_alter,
        },
        Command { syntax: "create-merge table <table> ...", needs: MANAGE, columns: TABLE_SCHEMA, body: create_merge },
        Command { syntax: "alter table <table> ...", needs: MANAGE, columns: TABLE_SCHEMA, body: alter },
        Command { syntax: "alter-merge table <table> ...", needs: MANAGE, columns: TABLE_SCHEMA, body: alter_merge },
        Command { syntax: "create tables ...", needs: MANAGE, columns: TABLE_LIST, body: create_several },
        Command { syntax: "create-merge tables ...", needs: MANAGE, columns: TABLE_LIST, body: merge_several },
        Command { syntax: "alter table <table> docstring ...", needs: MANAGE, columns: TABLE_SCHEMA, body: doc_string },
        Command { syntax: "alter table <table> folder ...", needs: MANAGE, columns: TABLE_SCHEMA, body: folder },
        Command {
            syntax: "alter|alter-merge table <table> column-docstrings ...",
            needs: MANAGE,
            columns: TABLE_SCHEMA,
            body: column_doc_strings,
        },
    ],
    refused: &[],
};

const MANAGE: &[Action] = &[Action::Manage];

/// How a table comes to the columns that a command names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// It must be new; one that is there stays as it is.
    Create,
    /// It has these columns from now on, in this order; others get out of sight.
    Alter { may_create: bool },
    /// It gets those that it has not.
    Merge { may_create: bool },
}

/// A table as a command describes it.
struct Wanted {
    name: String,
    columns: Vec<Column>,
}

fn create(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    if args.reader.word("based-on") {
        return based_on(context, args);
    }
    one(context, args, How::Create)
}

fn create_or_alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    one(context, args, How::Alter { may_create: true })
}

fn create_merge(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    one(context, args, How::Merge { may_create: true })
}

fn alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    one(context, args, How::Alter { may_create: false })
}

fn alter_merge(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    one(context, args, How::Merge { may_create: false })
}

/// Reads `with (folder = "...", docstring = "...")`.
pub fn table_properties(reader: &mut Reader<'_>) -> Result<Properties, CommandError> {
    let at = reader.span();
    let properties = reader.properties()?;
    match properties.iter().find(|(name, _)| !matches!(name.as_str(), "folder" | "docstring")) {
        Some((name, _)) => Err(CommandError::semantic(at, format!("a table has no property `{name}`"))),
        None => Ok(properties),
    }
}

/// Gives a table the folder and the documentation that are among a command's properties.
pub fn set_properties(table: &mut TableEntity, properties: &Properties) {
    for (name, value) in properties {
        match name.as_str() {
            "folder" => table.folder.clone_from(value),
            "docstring" => table.doc_string.clone_from(value),
            _ => {}
        }
    }
}

fn one(context: &Context<'_>, args: &mut Args<'_>, how: How) -> Result<Rows, CommandError> {
    let name = args.name("table")?.text.clone();
    let columns = args.reader.columns()?;
    let properties = table_properties(&mut args.reader)?;
    args.reader.expect_end()?;
    set(context, &[Wanted { name: name.clone(), columns }], &properties, how)?;
    context.changed(&name)
}

fn create_several(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    several(context, args, How::Create)
}

fn merge_several(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    several(context, args, How::Merge { may_create: true })
}

fn several(context: &Context<'_>, args: &mut Args<'_>, how: How) -> Result<Rows, CommandError> {
    let mut wanted = Vec::new();
    loop {
        let name = args.reader.expect_name("the name of a table")?.text;
        wanted.push(Wanted { name, columns: args.reader.columns()? });
        if !args.reader.sign(",") {
            break;
        }
    }
    let properties = table_properties(&mut args.reader)?;
    args.reader.expect_end()?;
    set(context, &wanted, &properties, how)?;
    wanted.iter().map(|of| Ok(list_row(&context.table(&of.name)?, context.database()))).collect()
}

/// Makes or changes tables in one act; does nothing where nothing would be another.
fn set(context: &Context<'_>, wanted: &[Wanted], properties: &Properties, how: How) -> Result<(), CommandError> {
    let steps = |workspace: &Workspace| -> Result<Vec<Step>, CommandError> {
        let mut steps: Vec<Step> = Vec::new();
        for of in wanted {
            steps.extend(step(workspace, of, properties, how)?.map(Step::SetTable));
        }
        Ok(steps)
    };
    if steps(&*context.workspace()?)?.is_empty() {
        return Ok(());
    }
    for of in wanted {
        context.may_hide(&of.name)?;
    }
    let resource = format!("tables/{}", wanted.first().map_or("", |of| of.name.as_str()));
    context.change(Operation::WriteTable, &resource, |workspace| {
        let is_new = wanted.iter().any(|of| workspace.named_table(&of.name).is_none());
        let event = if is_new { "CREATE-TABLE" } else { "ALTER-TABLE" };
        Ok(Change { event: event.to_string(), steps: steps(workspace)? })
    })
}

fn step(
    workspace: &Workspace,
    wanted: &Wanted,
    properties: &Properties,
    how: How,
) -> Result<Option<TableEntity>, CommandError> {
    let Some(table) = workspace.named_table(&wanted.name) else {
        if matches!(how, How::Alter { may_create: false } | How::Merge { may_create: false }) {
            return Err(CommandError::no_table(&wanted.name));
        }
        if workspace.entities().view(&wanted.name).is_some() {
            return Err(CommandError::Exists { kind: "materialized view", name: wanted.name.clone() });
        }
        let stored = workspace.free_stored_name(&wanted.name);
        let columns = Some(columns_of(workspace, &stored, &[], &wanted.columns)?);
        let mut next = TableEntity { columns, ..TableEntity::plain(&wanted.name, &stored) };
        set_properties(&mut next, properties);
        return Ok(Some(next));
    };
    let before = entity_of(&table);
    let mut next = before.clone();
    let seen = before.columns.as_deref().unwrap_or_default();
    let named = columns_of(workspace, &before.stored, seen, &wanted.columns);
    match how {
        How::Create => return Ok(None),
        How::Alter { .. } => next.columns = Some(named?),
        How::Merge { .. } => {
            let mut columns = seen.to_vec();
            columns.extend(named?.into_iter().filter(|of| !seen.iter().any(|before| before.name == of.name)));
            next.columns = Some(columns);
        }
    }
    set_properties(&mut next, properties);
    Ok((next != before).then_some(next))
}

/// `.create table T based-on Other`: the columns, folder and documentation of another table.
fn based_on(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("table")?.text.clone();
    let other = args.reader.expect_name("the name of a table")?.text;
    let if_not_exists = args.reader.word("ifnotexists");
    let properties = table_properties(&mut args.reader)?;
    args.reader.expect_end()?;
    let is_there = context.table(&name).is_ok();
    if is_there && !if_not_exists {
        return Err(CommandError::Exists { kind: "table", name });
    }
    let other = context.table(&other)?;
    let before = entity_of(&other);
    let own = [("folder", &before.folder), ("docstring", &before.doc_string)];
    let mut all: Properties = own.into_iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    all.extend(properties);
    set(context, &[Wanted { name: name.clone(), columns: other.columns() }], &all, How::Create)?;
    context.changed(&name)
}

/// Changes what is said of a table.
fn edit(
    context: &Context<'_>,
    name: &str,
    edit: impl Fn(&mut TableEntity) -> Result<(), CommandError>,
) -> Result<Rows, CommandError> {
    context.table(name)?;
    context.change(Operation::WriteTable, &format!("tables/{name}"), |workspace| {
        let table = workspace.named_table(name).ok_or_else(|| CommandError::no_table(name))?;
        let mut next = match &table.entity {
            Some(entity) => (**entity).clone(),
            None => TableEntity::plain(name, table.table.name()),
        };
        edit(&mut next)?;
        Ok(Change { event: "ALTER-TABLE".to_string(), steps: vec![Step::SetTable(next)] })
    })?;
    context.changed(name)
}

fn doc_string(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let doc_string = args.reader.expect_string("the documentation of the table")?;
    args.reader.expect_end()?;
    edit(context, &args.name("table")?.text, |table| {
        table.doc_string.clone_from(&doc_string);
        Ok(())
    })
}

fn folder(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let folder = args.reader.expect_string("the folder of the table")?;
    args.reader.expect_end()?;
    edit(context, &args.name("table")?.text, |table| {
        table.folder.clone_from(&folder);
        Ok(())
    })
}

/// `(Column: "what it is", ...)`. `.alter` takes the documentation of the columns that are not named away, `.alter-merge` does not.
fn column_doc_strings(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("table")?.text.clone();
    let docs = args.reader.list(|reader| {
        let column = reader.expect_name("the name of a column")?;
        reader.expect(":")?;
        Ok((column, reader.expect_string("the documentation of the column")?))
    })?;
    args.reader.expect_end()?;
    let table = context.table(&name)?;
    let columns = table.columns();
    if let Some((column, _)) = docs.iter().find(|(column, _)| !columns.iter().any(|of| of.name == column.text)) {
        let message = format!("the table `{name}` has no column `{}`", column.text);
        return Err(CommandError::semantic(column.span, message));
    }
    let merges = args.is("alter-merge");
    let spelled_out = entity_of(&table).columns;
    edit(context, &name, |table| {
        for column in table.columns.get_or_insert_with(|| spelled_out.clone().unwrap_or_default()) {
            match docs.iter().find(|(of, _)| of.text == column.name) {
                Some((_, doc)) => column.doc_string.clone_from(doc),
                None if !merges => column.doc_string.clear(),
                None => {}
            }
        }
        Ok(())
    })
}
