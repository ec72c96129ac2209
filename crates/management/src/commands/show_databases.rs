//! `.show databases` and `.show database`: the workspaces that the caller may read.

use crate::args::Args;
use crate::command::{Bool, Columns, Command, Dynamic, Family, Guid, Real, Rows, Text, id_of, text};
use crate::context::Context;
use crate::csl;
use crate::error::CommandError;
use crate::schema_json;
use crate::tables::{doc_string, folder};
use auth::Action;
use ingest::Workspace;
use schema::{Dynamic as Tree, KqlType, Value};

/// Commands about databases.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show databases", needs: &[], columns: DATABASES, body: databases },
        Command { syntax: "show databases (<databases>)", needs: &[], columns: DATABASES, body: databases },
        Command { syntax: "show cluster databases", needs: &[], columns: DATABASES, body: databases },
        Command { syntax: "show cluster databases (<databases>)", needs: &[], columns: DATABASES, body: databases },
        Command { syntax: "show database", needs: &[Action::Read], columns: DATABASES, body: database },
        Command { syntax: "show databases details", needs: &[], columns: DETAILS, body: details },
        Command { syntax: "show databases (<databases>) details", needs: &[], columns: DETAILS, body: details },
        Command { syntax: "show cluster databases details", needs: &[], columns: DETAILS, body: details },
        Command { syntax: "show database details", needs: &[Action::Read], columns: DETAILS, body: database_details },
        Command { syntax: "show database <database> details", needs: &[], columns: DETAILS, body: database_details },
        Command { syntax: "show databases identity", needs: &[], columns: IDENTITY, body: identity },
        Command { syntax: "show cluster databases identity", needs: &[], columns: IDENTITY, body: identity },
        Command { syntax: "show database identity", needs: &[Action::Read], columns: IDENTITY, body: identity },
        Command { syntax: "show database <database> identity", needs: &[], columns: IDENTITY, body: identity },
        Command { syntax: "show databases entities ...", needs: &[], columns: ENTITIES, body: entities },
        Command { syntax: "show databases (<databases>) entities ...", needs: &[], columns: ENTITIES, body: entities },
        Command { syntax: "show database entities ...", needs: &[Action::Read], columns: ENTITIES, body: entities },
        Command { syntax: "show database <database> entities ...", needs: &[], columns: ENTITIES, body: entities },
    ],
    refused: &[],
};

const DATABASES: Columns = &[
    ("DatabaseName", Text),
    ("PersistentStorage", Text),
    ("Version", Text),
    ("IsCurrent", Bool),
    ("DatabaseAccessMode", Text),
    ("PrettyName", Text),
    ("ReservedSlot1", Bool),
    ("DatabaseId", Guid),
    ("InTransitionTo", Text),
    ("SuspensionState", Text),
];

const DETAILS: Columns = &[
    ("DatabaseName", Text),
    ("PersistentStorage", Text),
    ("Version", Text),
    ("IsCurrent", Bool),
    ("DatabaseAccessMode", Text),
    ("PrettyName", Text),
    ("AuthorizedPrincipals", Text),
    ("RetentionPolicy", Text),
    ("MergePolicy", Text),
    ("ReservedSlot1", Text),
    ("CachingPolicy", Text),
    ("ShardingPolicy", Text),
    ("StreamingIngestionPolicy", Text),
    ("IngestionBatchingPolicy", Text),
    ("TotalSize", Real),
    ("DatabaseId", Guid),
    ("InTransitionTo", Text),
];

const IDENTITY: Columns = &[
    ("DatabaseName", Text),
    ("PersistentStorage", Text),
    ("Version", Text),
    ("IsCurrent", Bool),
    ("DatabaseAccessMode", Text),
    ("PrettyName", Text),
    ("CurrentUserIsUnrestrictedViewer", Bool),
    ("DatabaseId", Guid),
    ("InTransitionTo", Text),
];

const ENTITIES: Columns = &[
    ("DatabaseName", Text),
    ("EntityType", Text),
    ("EntityName", Text),
    ("DocString", Text),
    ("Folder", Text),
    ("CslInputSchema", Text),
    ("Content", Text),
    ("CslOutputSchema", Text),
    ("Properties", Dynamic),
];

impl Context<'_> {
    /// Returns the databases that a command is about: those that it names, the one that it names, the request's own where `database` alone
    /// is said, else all that the caller may read.
    ///
    /// # Errors
    /// When one that is named is not there, or may not be read.
    pub fn databases_of(&self, args: &Args<'_>) -> Result<Vec<String>, CommandError> {
        let named = args.names("databases").iter().chain(args.names("database"));
        let mut named: Vec<String> = named.map(|name| name.text.clone()).collect();
        if named.is_empty() {
            if !args.is("database") {
                return Ok(self.databases());
            }
            named.push(self.database().to_string());
        }
        for name in &named {
            self.workspace_of(name)?;
        }
        Ok(named)
    }
}

/// Returns what all rows about a database begin with.
fn begin(context: &Context<'_>, name: &str, workspace: &Workspace) -> Vec<Value> {
    vec![
        text(name),
        text(""),
        text(format!("v{}.0", schema_json::version(workspace))),
        Value::Bool(name == context.database()),
        text("ReadWrite"),
        text(""),
    ]
}

/// Returns the id of a database: there is none but its name, so it is made of that.
fn id(workspace: &Workspace) -> Value {
    id_of(workspace.name())
}

fn rows_of(
    context: &Context<'_>,
    names: Vec<String>,
    more: impl Fn(&Workspace) -> Vec<Value>,
) -> Result<Rows, CommandError> {
    let mut rows = Rows::new();
    for name in names {
        let workspace = context.workspace_of(&name)?;
        let mut row = begin(context, &name, &workspace);
        row.extend(more(&workspace));
        rows.push(row);
    }
    Ok(rows)
}

fn databases(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    rows_of(context, context.databases_of(args)?, |of| vec![Value::null(KqlType::Bool), id(of), text(""), text("")])
}

fn database(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    databases(context, args)
}

fn details(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    rows_of(context, context.databases_of(args)?, |workspace| {
        let n_bytes: u64 = workspace.tables().iter().map(|table| table.status().file_bytes).sum();
        let none = || text("");
        vec![
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            Value::Real(n_bytes as f64),
            id(workspace),
            none(),
        ]
    })
}

fn database_details(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    details(context, args)
}

fn identity(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    rows_of(context, context.databases_of(args)?, |of| vec![Value::Bool(true), id(of), text("")])
}

/// All that has a name, with its schema. Properties that are asked for are passed over.
fn entities(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    args.reader.properties()?;
    args.reader.expect_end()?;
    let mut rows = Rows::new();
    for name in context.databases_of(args)? {
        let workspace = context.workspace_of(&name)?;
        let row = |kind: &str, entity: &str, doc: &str, folder: &str, input: &str, content: &str, output: String| {
            let (kind, entity, doc, folder) = (text(kind), text(entity), text(doc), text(folder));
            let properties = Value::Dynamic(Tree::Bag(Vec::new()));
            vec![text(&name), kind, entity, doc, folder, text(input), text(content), text(output), properties]
        };
        for table in workspace.named_tables() {
            let columns = csl::columns(&table.columns());
            rows.push(row("Table", &table.name, doc_string(&table), folder(&table), "", "", columns));
        }
        let entities = workspace.entities();
        for function in entities.functions() {
            let (input, body) = (&function.parameters, &function.body);
            let (doc, folder) = (&function.doc_string, &function.folder);
            rows.push(row("Function", &function.name, doc, folder, input, body, String::new()));
        }
        for view in entities.views() {
            let columns = csl::columns(&context.columns_of_view(&name, &view.name));
            let (doc, folder) = (&view.doc_string, &view.folder);
            rows.push(row("MaterializedView", &view.name, doc, folder, "", &view.query, columns));
        }
    }
    Ok(rows)
}
