//! `.show schema` in all its forms: databases with their tables and columns, as rows, as JSON, as a script.

use crate::args::Args;
use crate::command::{Bool, Columns, Command, Family, Rows, Text, text};
use crate::context::Context;
use crate::csl;
use crate::error::CommandError;
use crate::schema_json::{database_document, databases_document, version};
use crate::tables::{TABLE_SCHEMA, doc_string, folder, schema_row};
use auth::Action;
use schema::{KqlType, Value};

/// Commands that show schemas.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show schema", needs: &[], columns: SCHEMA, body: rows },
        Command { syntax: "show databases schema", needs: &[], columns: SCHEMA, body: rows },
        Command { syntax: "show databases (<databases>) schema", needs: &[], columns: SCHEMA, body: rows },
        Command { syntax: "show database schema", needs: &[Action::Read], columns: SCHEMA, body: rows },
        Command { syntax: "show database <database> schema", needs: &[], columns: SCHEMA, body: rows },
        Command { syntax: "show database schema details", needs: &[Action::Read], columns: SCHEMA, body: rows },
        Command { syntax: "show database <database> schema details", needs: &[], columns: SCHEMA, body: rows },
        Command {
            syntax: "show database <database> schema if_later_than ...",
            needs: &[],
            columns: SCHEMA,
            body: later,
        },
        Command { syntax: "show schema as json", needs: &[], columns: JSON, body: json },
        Command { syntax: "show cluster schema as json", needs: &[], columns: JSON, body: json },
        Command { syntax: "show databases schema as json ...", needs: &[], columns: JSON, body: json },
        Command { syntax: "show databases (<databases>) schema as json ...", needs: &[], columns: JSON, body: json },
        Command { syntax: "show database schema as json ...", needs: &[Action::Read], columns: JSON, body: json },
        Command { syntax: "show database <database> schema as json ...", needs: &[], columns: JSON, body: json },
        Command {
            syntax: "show database schema as csl script ...",
            needs: &[Action::Read],
            columns: SCRIPT,
            body: script,
        },
        Command {
            syntax: "show database <database> schema as csl script ...",
            needs: &[],
            columns: SCRIPT,
            body: script,
        },
        Command { syntax: "show database cslschema", needs: &[Action::Read], columns: TABLE_SCHEMA, body: csl_schema },
        Command { syntax: "show database <database> cslschema", needs: &[], columns: TABLE_SCHEMA, body: csl_schema },
        Command {
            syntax: "show database schema violations",
            needs: &[Action::Read],
            columns: &[("EntityKind", Text), ("EntityName", Text), ("Property", Text), ("Reason", Text)],
            body: crate::command::nothing,
        },
    ],
    refused: &[],
};

const SCHEMA: Columns = &[
    ("DatabaseName", Text),
    ("TableName", Text),
    ("ColumnName", Text),
    ("ColumnType", Text),
    ("IsDefaultTable", Bool),
    ("IsDefaultColumn", Bool),
    ("PrettyName", Text),
    ("Version", Text),
    ("Folder", Text),
    ("DocString", Text),
];
const JSON: Columns = &[("DatabaseSchema", Text)];
const SCRIPT: Columns = &[("DatabaseSchemaScript", Text)];

/// A row for each database, one for each of its tables, and one for each of their columns.
fn rows(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let mut rows = Rows::new();
    for database in context.databases_of(args)? {
        let workspace = context.workspace_of(&database)?;
        let mut row = |table: &str, column: &str, ktype: &str, version: String, folder: &str, doc_string: &str| {
            let is_default = Value::Bool(false);
            // What a row is not about it does not say.
            let said = |of: &str| if of.is_empty() { Value::Null(Text) } else { text(of) };
            rows.push(vec![
                text(&database),
                said(table),
                said(column),
                said(ktype),
                is_default.clone(),
                is_default,
                Value::Null(Text),
                said(&version),
                said(folder),
                said(doc_string),
            ]);
        };
        row("", "", "", format!("v{}.0", version(&workspace)), "", "");
        for table in workspace.named_tables() {
            row(&table.name, "", "", String::new(), folder(&table), doc_string(&table));
            for column in table.columns() {
                let doc_string = table.doc_string(&column.name);
                row(&table.name, &column.name, column.ktype.system_name(), String::new(), "", doc_string);
            }
        }
    }
    Ok(rows)
}

/// The same, unless the caller has it already.
fn later(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let known = args.reader.expect_string("a version, such as \"v1.0\"")?;
    args.reader.expect_end()?;
    let known = known.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u64>().ok());
    let workspace = context.workspace_of(&args.name("database")?.text)?;
    match known.is_some_and(|known| known >= version(&workspace)) {
        true => Ok(Rows::new()),
        false => rows(context, args),
    }
}

fn json(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    args.reader.properties()?;
    args.reader.expect_end()?;
    let mut documents = Vec::new();
    for database in context.databases_of(args)? {
        let workspace = context.workspace_of(&database)?;
        let document = database_document(&database, &workspace, |view| context.columns_of_view(&database, view));
        documents.push((database, document));
    }
    Ok(vec![vec![text(databases_document(documents.into_iter()).to_string())]])
}

/// The commands that make the same tables, functions and mappings elsewhere.
fn script(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    args.reader.properties()?;
    args.reader.expect_end()?;
    let mut rows = Rows::new();
    for database in context.databases_of(args)? {
        let workspace = context.workspace_of(&database)?;
        for table in workspace.named_tables() {
            let (name, columns) = (csl::written(&table.name), csl::columns(&table.columns()));
            let with = properties(folder(&table), doc_string(&table));
            rows.push(vec![text(format!(".create-merge table {name} ({columns}){with}"))]);
        }
        let entities = workspace.entities();
        for (mapping, _) in entities.mappings() {
            let owner = match &mapping.table {
                Some(table) => format!("table {}", csl::written(table)),
                None => format!("database {}", csl::written(&database)),
            };
            let (kind, name, body) = (&mapping.kind, quoted(&mapping.name), quoted(&mapping.mapping));
            rows.push(vec![text(format!(".create-or-alter {owner} ingestion {kind} mapping {name} {body}"))]);
        }
        for function in entities.functions() {
            let with = properties(&function.folder, &function.doc_string);
            let (name, parameters, body) = (csl::written(&function.name), &function.parameters, &function.body);
            rows.push(vec![text(format!(".create-or-alter function{with} {name}{parameters} {body}"))]);
        }
    }
    Ok(rows)
}

fn properties(folder: &str, doc_string: &str) -> String {
    let members = [("folder", folder), ("docstring", doc_string)];
    let members = members.iter().filter(|(_, value)| !value.is_empty());
    let members: Vec<String> = members.map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
    if members.is_empty() { String::new() } else { format!(" with ({})", members.join(", ")) }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

fn csl_schema(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let mut rows = Rows::new();
    for database in context.databases_of(args)? {
        let tables = context.workspace_of(&database)?.named_tables();
        rows.extend(tables.iter().map(|table| schema_row(table, &database, false)));
    }
    Ok(rows)
}

impl Context<'_> {
    /// Returns the columns of a view as queries see them; none when its query is wrong by now.
    pub fn columns_of_view(&self, database: &str, view: &str) -> Vec<schema::Column> {
        let query = csl::written(view);
        let Ok(tables) = self.tables(database, &query) else { return Vec::new() };
        let environment = kql::bind::Environment {
            catalog: &tables,
            functions: &*kql_functions::FUNCTIONS,
            host: None,
            now: self.request.now,
            principal: "",
            parameters: &[],
        };
        let (bound, _) = kql::bind::bind(&query, environment);
        let columns = bound.into_iter().flat_map(|bound| bound.results).flat_map(|result| result.plan.columns);
        columns.map(|field| schema::Column::new(field.name.to_string(), KqlType::clone(&field.ktype))).collect()
    }
}
