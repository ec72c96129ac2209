//! `.drop table`, `.undo drop table`, `.rename table`, `.clear table`: tables come out of sight, back, and under other names. No record is
//! destroyed by it: records end when their retention does.

use crate::args::Args;
use crate::command::{Columns, Command, Family, Guid, Long, Rows, Text, count, text};
use crate::context::Context;
use crate::csl::twice;
use crate::error::CommandError;
use crate::reader::Name;
use crate::tables::{TABLE_LIST, entity_of, list_row};
use audit::Operation;
use auth::Action;
use entities::{Change, Rename, Step, TableEntity};
use ingest::Workspace;
use schema::Value;

/// Commands that take tables out of sight, and bring them back.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "drop table <table> [ifexists]", needs: MANAGE, columns: DROPPED, body: drop_one },
        Command { syntax: "drop tables (<tables>) [ifexists]", needs: MANAGE, columns: DROPPED, body: drop_several },
        Command { syntax: "undo drop table <table> ...", needs: MANAGE, columns: UNDONE, body: undo_drop },
        Command { syntax: "rename table <table> to <to>", needs: MANAGE, columns: TABLE_LIST, body: rename },
        Command { syntax: "rename tables ...", needs: MANAGE, columns: TABLE_LIST, body: rename_several },
        Command { syntax: "clear table <table> data", needs: MANAGE, columns: &[("Status", Text)], body: clear },
    ],
    refused: &[],
};

const MANAGE: &[Action] = &[Action::Manage];
const DROPPED: Columns = &[("TableName", Text), ("DatabaseName", Text)];
const UNDONE: Columns = &[("ExtentId", Guid), ("NumberOfRecords", Long), ("Status", Text), ("FailureReason", Text)];

fn drop_one(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("table")?.clone();
    drop_tables(context, &[name], args.has("ifexists"))
}

fn drop_several(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    if let Some(name) = twice(args.names("tables")) {
        return Err(CommandError::semantic(name.span, format!("the table `{}` is there twice", name.text)));
    }
    drop_tables(context, args.names("tables"), args.has("ifexists"))
}

/// Drops tables, all or none of them, and shows those that are left.
fn drop_tables(context: &Context<'_>, names: &[Name], if_exists: bool) -> Result<Rows, CommandError> {
    let there: Vec<&Name> = names.iter().filter(|name| context.table(&name.text).is_ok()).collect();
    if let Some(missing) = names.iter().find(|name| !if_exists && context.table(&name.text).is_err()) {
        return Err(CommandError::no_table(&missing.text));
    }
    for name in &there {
        context.may_hide(&name.text)?;
    }
    if let Some(first) = there.first() {
        context.change(Operation::DropTable, &format!("tables/{}", first.text), |workspace| {
            let step = |name: &&Name| {
                let table = workspace.named_table(&name.text).ok_or_else(|| CommandError::no_table(&name.text))?;
                Ok(Step::DropTable { name: name.text.clone(), stored: table.table.name().to_string() })
            };
            let steps = there.iter().map(step).collect::<Result<_, CommandError>>()?;
            Ok(Change { event: "DROP-TABLE".to_string(), steps })
        })?;
    }
    let left = context.workspace()?.named_tables();
    Ok(left.iter().map(|table| vec![text(&table.name), text(context.database())]).collect())
}

/// `.undo drop table T [as U] version = v24.3`: the version is that of the schema before the table was dropped, as `.show dropped tables`
/// and `.show journal` have it.
fn undo_drop(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let dropped = args.name("table")?.text.clone();
    let name = match args.reader.word("as") {
        true => args.reader.expect_name("the name that the table gets")?.text,
        false => dropped.clone(),
    };
    let mut version = None;
    if args.reader.word("version") {
        args.reader.expect("=")?;
        version = Some(super::journal::version_of(&mut args.reader)?);
    }
    args.reader.word("internal");
    args.reader.expect_end()?;
    context.change(Operation::WriteTable, &format!("tables/{name}"), |workspace| {
        if workspace.named_table(&name).is_some() {
            return Err(CommandError::Exists { kind: "table", name: name.clone() });
        }
        let entities = workspace.entities();
        let is_it =
            |of: &&entities::Dropped| of.table.name == dropped && version.is_none_or(|version| of.version == version);
        let found = entities.dropped().iter().rev().find(is_it);
        let found = found.ok_or_else(|| CommandError::Unknown { kind: "dropped table", name: dropped.clone() })?;
        let table = TableEntity { name: name.clone(), ..(*found.table).clone() };
        Ok(Change { event: "UNDO-DROP-TABLE".to_string(), steps: vec![Step::SetTable(table)] })
    })?;
    let rows = context.table(&name)?.table.snapshot().map(|snapshot| snapshot.n_rows());
    let row = |rows: u64| vec![Value::null(Guid), count(rows), text("Recovered"), text("")];
    Ok(vec![row(rows.unwrap_or_default())])
}

fn rename(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    rename_tables(context, &[(args.name("table")?.clone(), args.name("to")?.clone())])
}

/// `New = Old, ...`: names may be swapped.
fn rename_several(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let mut renames = Vec::new();
    loop {
        let to = args.reader.expect_name("the new name of a table")?;
        args.reader.expect("=")?;
        renames.push((args.reader.expect_name("the name of a table")?, to));
        if !args.reader.sign(",") {
            break;
        }
    }
    args.reader.expect_end()?;
    rename_tables(context, &renames)
}

fn rename_tables(context: &Context<'_>, renames: &[(Name, Name)]) -> Result<Rows, CommandError> {
    for (from, to) in renames {
        context.table(&from.text)?;
        if from.text == to.text {
            return Err(CommandError::semantic(to.span, format!("the table is called `{}` already", to.text)));
        }
        context.may_hide(&from.text)?;
        // Records of the store's own come into the table of that name.
        context.may_hide(&to.text)?;
    }
    let resource = format!("tables/{}", renames.first().map_or("", |(from, _)| from.text.as_str()));
    context.change(Operation::RenameTable, &resource, |workspace| {
        Ok(Change { event: "RENAME-TABLE".to_string(), steps: vec![rename_step(workspace, renames)?] })
    })?;
    let row = |(_, to): &(Name, Name)| Ok(list_row(&context.table(&to.text)?, context.database()));
    renames.iter().map(row).collect()
}

fn rename_step(workspace: &Workspace, renames: &[(Name, Name)]) -> Result<Step, CommandError> {
    let is_leaving = |name: &str| renames.iter().any(|(from, _)| from.text == name);
    let mut steps = Vec::new();
    for (from, to) in renames {
        let table = workspace.named_table(&from.text).ok_or_else(|| CommandError::no_table(&from.text))?;
        if workspace.named_table(&to.text).is_some() && !is_leaving(&to.text) {
            return Err(CommandError::Exists { kind: "table", name: to.text.clone() });
        }
        let stored = table.table.name().to_string();
        steps.push(Rename { from: from.text.clone(), to: to.text.clone(), stored });
    }
    Ok(Step::RenameTables(steps))
}

/// The table shows what comes from now on.
fn clear(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("table")?.text.clone();
    context.table(&name)?;
    context.may_hide(&name)?;
    context.change(Operation::ClearTable, &format!("tables/{name}"), |workspace| {
        let table = workspace.named_table(&name).ok_or_else(|| CommandError::no_table(&name))?;
        let next = TableEntity { stored: workspace.free_stored_name(&name), ..entity_of(&table) };
        Ok(Change { event: "CLEAR-TABLE-DATA".to_string(), steps: vec![Step::SetTable(next)] })
    })?;
    Ok(vec![vec![text("Succeeded")]])
}
