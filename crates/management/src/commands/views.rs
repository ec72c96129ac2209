//! `.create materialized-view` and its kin. A view is its query over all records of its source, evaluated when it is asked: always up to
//! date, and as fast as the query. What else Kusto's views do is refused.

use crate::args::Args;
use crate::command::{Columns, Command, Datetime, Family, Rows, Text, Timespan, text};
use crate::context::Context;
use crate::error::CommandError;
use crate::inner::blanked;
use audit::Operation;
use auth::Action;
use entities::{Change, Step, ViewEntity};
use query::Tables;
use schema::Value;

/// Commands about views.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show materialized-views", needs: READ, columns: VIEW, body: show },
        Command { syntax: "show materialized-view <view>", needs: READ, columns: VIEW, body: show },
        Command {
            syntax: "show materialized-view <view> cslschema",
            needs: READ,
            columns: crate::tables::TABLE_SCHEMA,
            body: csl_schema,
        },
        Command { syntax: "create materialized-view ...", needs: MANAGE, columns: VIEW, body: create },
        Command { syntax: "create async materialized-view ...", needs: MANAGE, columns: VIEW, body: create },
        Command {
            syntax: "create-or-alter materialized-view ...",
            needs: MANAGE,
            columns: VIEW,
            body: create_or_alter,
        },
        Command { syntax: "drop materialized-view <view> [ifexists]", needs: MANAGE, columns: VIEW, body: remove },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];
const MANAGE: &[Action] = &[Action::Manage];

const VIEW: Columns = &[
    ("Name", Text),
    ("SourceTable", Text),
    ("Query", Text),
    ("MaterializedTo", Datetime),
    ("LastRun", Datetime),
    ("LastRunResult", Text),
    ("IsHealthy", crate::command::Bool),
    ("IsEnabled", crate::command::Bool),
    ("Folder", Text),
    ("DocString", Text),
    ("AutoUpdateSchema", crate::command::Bool),
    ("EffectiveDateTime", Datetime),
    ("Lookback", Timespan),
];

fn row(context: &Context<'_>, view: &ViewEntity) -> Vec<Value> {
    let now = Value::Datetime(context.request.now);
    vec![
        text(&view.name),
        text(&view.source),
        text(&view.query),
        now.clone(),
        now,
        text("Completed"),
        Value::Bool(!context.columns_of_view(context.database(), &view.name).is_empty()),
        Value::Bool(true),
        text(&view.folder),
        text(&view.doc_string),
        Value::Bool(true),
        Value::null(Datetime),
        Value::null(Timespan),
    ]
}

fn find(context: &Context<'_>, name: &str) -> Result<std::sync::Arc<ViewEntity>, CommandError> {
    let unknown = || CommandError::Unknown { kind: "materialized view", name: name.to_string() };
    context.entities()?.view(name).cloned().ok_or_else(unknown)
}

fn show(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    match args.names("view").first() {
        Some(name) => Ok(vec![row(context, &*find(context, &name.text)?)]),
        None => Ok(context.entities()?.views().map(|view| row(context, view)).collect()),
    }
}

fn csl_schema(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let view = find(context, &args.name("view")?.text)?;
    let columns = crate::csl::columns(&context.columns_of_view(context.database(), &view.name));
    Ok(vec![vec![
        text(&view.name),
        text(columns),
        text(context.database()),
        text(&view.folder),
        text(&view.doc_string),
    ]])
}

fn create(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    set(context, args, false)
}

fn create_or_alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    set(context, args, true)
}

/// `[ifnotexists] with (backfill = true, folder = ..., docstring = ...) Name on table Source { query }`
fn set(context: &Context<'_>, args: &mut Args<'_>, may_alter: bool) -> Result<Rows, CommandError> {
    let reader = &mut args.reader;
    let if_not_exists = reader.word("ifnotexists");
    let at = reader.span();
    let properties = reader.properties()?;
    let name = reader.expect_name("the name of the view")?;
    if !reader.word("on") || !reader.word("table") {
        return Err(reader.expected("`on table` and the source of the view"));
    }
    let source = reader.expect_name("the name of a table")?;
    let (query, body) = reader.bracketed("{", "}")?;
    reader.expect_end()?;
    let mut view = ViewEntity {
        name: name.text.clone(),
        source: source.text.clone(),
        query: query.trim().to_string(),
        folder: String::new(),
        doc_string: String::new(),
    };
    let mut covers_all = may_alter && context.entities()?.view(&name.text).is_some();
    for (property, value) in properties {
        match property.as_str() {
            "backfill" => covers_all = value.eq_ignore_ascii_case("true"),
            "folder" => view.folder = value,
            "docstring" => view.doc_string = value,
            // How fast it keeps up means nothing here.
            "autoupdateschema" | "updateextentscreationtime" | "maxsourcerecordsforsingleingest" | "concurrency" => {}
            _ => return Err(CommandError::semantic(at, format!("a view here has no property `{property}`"))),
        }
    }
    if !covers_all {
        let message = "a view here always covers all records of its source: say so by `with (backfill = true)`";
        return Err(CommandError::semantic(at, message));
    }
    let entities = context.entities()?;
    if let Some(there) = entities.view(&name.text).filter(|_| !may_alter) {
        return match if_not_exists {
            true => Ok(vec![row(context, there)]),
            false => Err(CommandError::Exists { kind: "materialized view", name: name.text }),
        };
    }
    context.table(&source.text)?;
    if context.table(&name.text).is_ok() || entities.function(&name.text).is_some() {
        return Err(CommandError::Exists { kind: "table or function", name: name.text });
    }
    validate(context, body)?;
    context.change(Operation::WriteFunction, &format!("savedSearches/{}", name.text), |_| {
        let steps = vec![Step::SetView(view.clone())];
        Ok(Change { event: "CREATE-MATERIALIZED-VIEW".to_string(), steps })
    })?;
    Ok(vec![row(context, &view)])
}

/// Makes sure that the query of a view is one.
fn validate(context: &Context<'_>, body: kql::Span) -> Result<(), CommandError> {
    let whole = blanked(&context.request.text, body.start, "")?;
    let text = whole.get(..body.end).unwrap_or(&whole);
    let tables = context.tables(context.database(), text)?;
    let found = context.errors_in(&tables, text);
    if found.is_empty() { Ok(()) } else { Err(CommandError::Wrong(found)) }
}

/// Lets queries read a view.
pub fn add_view(tables: &mut Tables, view: &ViewEntity) {
    let (name, body) = (view.name.clone(), view.query.clone());
    tables.add_function(kql::catalog::StoredFunction { name, parameters: "()".to_string(), body });
}

fn remove(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("view")?.text.clone();
    match find(context, &name) {
        Ok(_) => context.change(Operation::DropFunction, &format!("savedSearches/{name}"), |_| {
            let steps = vec![Step::DropView { name: name.clone() }];
            Ok(Change { event: "DROP-MATERIALIZED-VIEW".to_string(), steps })
        })?,
        Err(_) if args.has("ifexists") => {}
        Err(error) => return Err(error),
    }
    Ok(context.entities()?.views().map(|view| row(context, view)).collect())
}
