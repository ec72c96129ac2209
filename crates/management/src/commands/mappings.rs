//! `.create ingestion mapping` and its kin: how data become columns.

use crate::args::Args;
use crate::command::{Columns, Command, Datetime, Family, Rows, Text, text};
use crate::context::Context;
use crate::error::CommandError;
use audit::Operation;
use auth::Action;
use entities::{Change, MappingEntity, MappingKey, Step};
use kusto_ingestion::{Mapping, MappingKind};
use schema::Value;

/// Commands about mappings.
pub static FAMILY: Family = Family {
    commands: &[
        Command {
            syntax: "create|create-or-alter|alter table <table> ingestion <kind> mapping <mapping> ...",
            needs: MANAGE,
            columns: OF_TABLE,
            body: set,
        },
        Command {
            syntax: "create|create-or-alter|alter database <database> ingestion <kind> mapping <mapping> ...",
            needs: MANAGE,
            columns: OF_DATABASE,
            body: set,
        },
        Command { syntax: "show table <table> ingestion mappings", needs: READ, columns: OF_TABLE, body: show },
        Command { syntax: "show table <table> ingestion <kind> mappings", needs: READ, columns: OF_TABLE, body: show },
        Command {
            syntax: "show table <table> ingestion <kind> mapping <mapping>",
            needs: READ,
            columns: OF_TABLE,
            body: show,
        },
        Command { syntax: "show ingestion mappings", needs: READ, columns: OF_TABLE, body: show },
        Command { syntax: "show database ingestion mappings", needs: READ, columns: OF_DATABASE, body: show },
        Command {
            syntax: "show database <database> ingestion mappings",
            needs: READ,
            columns: OF_DATABASE,
            body: show,
        },
        Command {
            syntax: "show database <database> ingestion <kind> mapping <mapping>",
            needs: READ,
            columns: OF_DATABASE,
            body: show,
        },
        Command {
            syntax: "drop table <table> ingestion <kind> mapping <mapping>",
            needs: MANAGE,
            columns: OF_TABLE,
            body: remove,
        },
        Command {
            syntax: "drop database <database> ingestion <kind> mapping <mapping>",
            needs: MANAGE,
            columns: OF_DATABASE,
            body: remove,
        },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];
const MANAGE: &[Action] = &[Action::Manage];

const OF_TABLE: Columns = &[
    ("Name", Text),
    ("Kind", Text),
    ("Mapping", Text),
    ("LastUpdatedOn", Datetime),
    ("Database", Text),
    ("Table", Text),
];
const OF_DATABASE: Columns =
    &[("Name", Text), ("Kind", Text), ("Mapping", Text), ("LastUpdatedOn", Datetime), ("Database", Text)];

/// Returns what a command's mapping is found by.
fn key(context: &Context<'_>, args: &Args<'_>) -> Result<(MappingKey, MappingKind), CommandError> {
    let table = args.names("table").first().map(|name| name.text.clone());
    if let Some(table) = &table {
        context.table(table)?;
    }
    of_request(context, args)?;
    let kind = args.name("kind")?;
    let known = MappingKind::from_name(&kind.text).ok_or_else(|| {
        let kinds = MappingKind::ALL.map(MappingKind::name).join(", ");
        CommandError::semantic(kind.span, format!("`{}` is no kind of mapping: {kinds}", kind.text))
    })?;
    let name = args.name("mapping")?.text.clone();
    Ok((MappingKey { table, kind: known.name().to_string(), name }, known))
}

/// Makes sure that a database that is named is the one of the request.
pub fn of_request(context: &Context<'_>, args: &Args<'_>) -> Result<(), CommandError> {
    match args.names("database").first().filter(|name| !name.text.eq_ignore_ascii_case(context.database())) {
        None => Ok(()),
        Some(other) => {
            let message = format!("the request is for the database `{}`, not `{}`", context.database(), other.text);
            Err(CommandError::semantic(other.span, message))
        }
    }
}

fn row(context: &Context<'_>, mapping: &MappingEntity, updated: i64) -> Vec<Value> {
    let kind = MappingKind::from_name(&mapping.kind).map_or(mapping.kind.as_str(), |kind| kind.shown());
    let mut row = vec![text(&mapping.name), text(kind), text(&mapping.mapping), Value::Datetime(updated)];
    row.push(text(context.database()));
    row.extend(mapping.table.iter().map(text));
    row
}

fn set(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let (key, kind) = key(context, args)?;
    let at = args.reader.span();
    let mapping = args.reader.expect_string("the mapping, a text that holds a JSON array")?;
    // `with (removeOldestIfRequired = ...)`: there is no limit to them.
    args.reader.properties()?;
    args.reader.expect_end()?;
    Mapping::parse(kind, &mapping).map_err(|error| CommandError::semantic(at, error.to_string()))?;
    let only_new = args.is("create");
    let only_old = args.is("alter");
    let resource = match &key.table {
        Some(table) => format!("tables/{table}/mappings/{}", key.name),
        None => format!("mappings/{}", key.name),
    };
    context.change(Operation::WriteMapping, &resource, |workspace| {
        let is_there = workspace.entities().mapping(&key).is_some();
        match is_there {
            true if only_new => return Err(CommandError::Exists { kind: "mapping", name: key.name.clone() }),
            false if only_old => return Err(CommandError::Unknown { kind: "mapping", name: key.name.clone() }),
            _ => {}
        }
        let MappingKey { table, kind, name } = key.clone();
        let steps = vec![Step::SetMapping(MappingEntity { table, kind, name, mapping: mapping.clone() })];
        Ok(Change { event: "SET-INGESTION-MAPPING".to_string(), steps })
    })?;
    let entities = context.entities()?;
    let unknown = || CommandError::Unknown { kind: "mapping", name: key.name.clone() };
    let (mapping, updated) = entities.mapping(&key).ok_or_else(unknown)?;
    Ok(vec![row(context, mapping, *updated)])
}

fn show(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    of_request(context, args)?;
    let table = args.names("table").first().map(|name| name.text.as_str());
    if let Some(table) = table {
        context.table(table)?;
    }
    let kind = args.names("kind").first().map(|name| name.text.to_ascii_lowercase());
    let name = args.names("mapping").first().map(|name| name.text.as_str());
    let of_database = args.is("database");
    let entities = context.entities()?;
    let is_wanted = |mapping: &MappingEntity| {
        let owner = match table {
            Some(table) => mapping.table.as_deref() == Some(table),
            None => mapping.table.is_none() == of_database,
        };
        owner && kind.as_ref().is_none_or(|kind| mapping.kind == *kind) && name.is_none_or(|name| mapping.name == name)
    };
    let wanted = entities.mappings().filter(|(mapping, _)| is_wanted(mapping));
    let rows: Rows = wanted.map(|(mapping, updated)| row(context, mapping, *updated)).collect();
    match name.filter(|_| rows.is_empty()) {
        Some(name) => Err(CommandError::Unknown { kind: "mapping", name: name.to_string() }),
        None => Ok(rows),
    }
}

fn remove(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let (key, _) = key(context, args)?;
    let entities = context.entities()?;
    let unknown = || CommandError::Unknown { kind: "mapping", name: key.name.clone() };
    let (mapping, updated) = entities.mapping(&key).ok_or_else(unknown)?;
    context.change(Operation::DropMapping, &format!("mappings/{}", key.name), |_| {
        Ok(Change { event: "DROP-INGESTION-MAPPING".to_string(), steps: vec![Step::DropMapping(key.clone())] })
    })?;
    Ok(vec![row(context, mapping, *updated)])
}
