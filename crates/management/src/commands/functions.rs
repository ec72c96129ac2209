//! `.create function` and its kin: functions that are kept, and that queries may call.

use crate::args::Args;
use crate::command::{Columns, Command, Family, Rows, Text, text};
use crate::context::Context;
use crate::error::CommandError;
use crate::reader::Name;
use audit::Operation;
use auth::Action;
use entities::{Change, FunctionEntity, Step};
use kql::syntax::ast::ParameterType;
use kql::{Diagnostic, Span};
use query::Tables;
use schema::Value;

/// Commands about functions.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show functions", needs: READ, columns: FUNCTION, body: show },
        Command { syntax: "show function <function>", needs: READ, columns: FUNCTION, body: show },
        Command {
            syntax: "show function <function> schema as json",
            needs: READ,
            columns: &[("Name", Text), ("Schema", Text), ("DatabaseName", Text), ("Folder", Text), ("DocString", Text)],
            body: schema_as_json,
        },
        Command { syntax: "create function ...", needs: MANAGE, columns: FUNCTION, body: create },
        Command { syntax: "create-or-alter function ...", needs: MANAGE, columns: FUNCTION, body: create_or_alter },
        Command { syntax: "alter function ...", needs: MANAGE, columns: FUNCTION, body: alter },
        Command { syntax: "alter function docstring <function> ...", needs: MANAGE, columns: FUNCTION, body: edit },
        Command { syntax: "alter function <function> docstring ...", needs: MANAGE, columns: FUNCTION, body: edit },
        Command { syntax: "alter function <function> folder ...", needs: MANAGE, columns: FUNCTION, body: edit },
        Command {
            syntax: "drop function <function> [ifexists]",
            needs: MANAGE,
            columns: &[("Name", Text)],
            body: drop_one,
        },
        Command {
            syntax: "drop functions (<functions>) [ifexists]",
            needs: MANAGE,
            columns: FUNCTION,
            body: drop_several,
        },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];
const MANAGE: &[Action] = &[Action::Manage];
const FUNCTION: Columns =
    &[("Name", Text), ("Parameters", Text), ("Body", Text), ("Folder", Text), ("DocString", Text)];

fn row(function: &FunctionEntity) -> Vec<Value> {
    let FunctionEntity { name, parameters, body, folder, doc_string, .. } = function;
    [name, parameters, body, folder, doc_string].into_iter().map(text).collect()
}

fn find(context: &Context<'_>, name: &str) -> Result<std::sync::Arc<FunctionEntity>, CommandError> {
    let unknown = || CommandError::Unknown { kind: "function", name: name.to_string() };
    context.entities()?.function(name).cloned().ok_or_else(unknown)
}

fn show(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    match args.names("function").first() {
        Some(name) => Ok(vec![row(&*find(context, &name.text)?)]),
        None => Ok(context.entities()?.functions().map(|function| row(function)).collect()),
    }
}

fn schema_as_json(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let function = find(context, &args.name("function")?.text)?;
    let document = crate::schema_json::function_document(&function).to_string();
    let FunctionEntity { name, folder, doc_string, .. } = &*function;
    Ok(vec![vec![text(name), text(document), text(context.database()), text(folder), text(doc_string)]])
}

fn create(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let if_not_exists = args.reader.word("ifnotexists");
    set(context, args, |is_there, name| match (is_there, if_not_exists) {
        (true, true) => Ok(false),
        (true, false) => Err(CommandError::Exists { kind: "function", name: name.to_string() }),
        _ => Ok(true),
    })
}

fn create_or_alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    set(context, args, |_, _| Ok(true))
}

fn alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    set(context, args, |is_there, name| match is_there {
        true => Ok(true),
        false => Err(CommandError::Unknown { kind: "function", name: name.to_string() }),
    })
}

/// Reads `with (folder = ..., docstring = ..., view = ..., skipvalidation = ...) Name(parameters) { body }`, and keeps the function where
/// `may` says so of whether there is one.
fn set(
    context: &Context<'_>,
    args: &mut Args<'_>,
    may: impl Fn(bool, &str) -> Result<bool, CommandError>,
) -> Result<Rows, CommandError> {
    let reader = &mut args.reader;
    let at = reader.span();
    let properties = reader.properties()?;
    let name = reader.expect_name("the name of the function")?;
    let (parameters, _) = reader.bracketed("(", ")")?;
    let (body, body_span) = reader.bracketed("{", "}")?;
    reader.expect_end()?;
    let mut function = FunctionEntity {
        name: name.text.clone(),
        parameters: format!("({})", parameters.trim()),
        body: format!("{{{body}}}"),
        folder: String::new(),
        doc_string: String::new(),
        is_view: false,
    };
    let mut validates = true;
    for (property, value) in properties {
        let truth = || match value.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(CommandError::semantic(at, format!("`{property}` is true or false, not `{value}`"))),
        };
        match property.as_str() {
            "folder" => function.folder = value,
            "docstring" => function.doc_string = value,
            "view" => function.is_view = truth()?,
            "skipvalidation" => validates = !truth()?,
            _ => return Err(CommandError::semantic(at, format!("a function has no property `{property}`"))),
        }
    }
    if !may(context.entities()?.function(&name.text).is_some(), &name.text)? {
        return Ok(vec![row(&*find(context, &name.text)?)]);
    }
    if validates {
        validate(context, &function, &name, body_span)?;
    } else {
        parse(&function, &name)?;
    }
    context.change(Operation::WriteFunction, &format!("savedSearches/{}", name.text), |workspace| {
        may(workspace.entities().function(&name.text).is_some(), &name.text)?;
        let steps = vec![Step::SetFunction(function.clone())];
        Ok(Change { event: "CREATE-FUNCTION".to_string(), steps })
    })?;
    Ok(vec![row(&function)])
}

/// Makes sure that the text of a function can be read.
fn parse(function: &FunctionEntity, name: &Name) -> Result<(), CommandError> {
    let (_, mut findings) = kql::syntax::parse_parameters(&function.parameters);
    findings.extend(kql::syntax::parse_body(&function.body).diagnostics);
    let found: Vec<Diagnostic> = findings
        .into_iter()
        .filter(Diagnostic::is_error)
        .map(|found| Diagnostic { span: name.span, ..found })
        .collect();
    if found.is_empty() { Ok(()) } else { Err(CommandError::Wrong(found)) }
}

/// Makes sure that a function can be called: it is bound once with arguments of its parameters' types.
fn validate(context: &Context<'_>, function: &FunctionEntity, name: &Name, body: Span) -> Result<(), CommandError> {
    parse(function, name)?;
    let (parameters, _) = kql::syntax::parse_parameters(&function.parameters);
    let arguments: Vec<String> = parameters
        .iter()
        .map(|parameter| match &parameter.ktype {
            ParameterType::Scalar(ktype) => format!("{ktype}(null)"),
            ParameterType::Table(schema) => {
                let columns =
                    schema.columns.iter().map(|of| format!("{}:{}", crate::csl::written(&of.name.text), of.ktype));
                format!("(datatable({})[])", columns.collect::<Vec<_>>().join(", "))
            }
        })
        .collect();
    // What gets any table is judged when it is called.
    let is_open =
        parameters.iter().any(|of| matches!(&of.ktype, ParameterType::Table(table) if table.columns.is_empty()));
    if is_open {
        return Ok(());
    }
    let call =
        format!("{}({})", crate::csl::written(&function.name), arguments.join(", ").replace("string(null)", "''"));
    let mut tables = context.tables(context.database(), &function.body)?;
    add_function(&mut tables, function);
    let wrong = |text: &str| context.errors_in(&tables, text);
    // A function gives a value or a table, which is not known before.
    let as_table = wrong(&call);
    if as_table.is_empty() {
        return Ok(());
    }
    let as_value = wrong(&format!("print {call}"));
    if as_value.is_empty() {
        return Ok(());
    }
    let is_value = as_table.iter().all(|found| found.code == "KS111");
    let found = if is_value { as_value } else { as_table };
    Err(CommandError::Wrong(found.into_iter().map(|found| Diagnostic { span: body, ..found }).collect()))
}

/// Lets queries call a function.
pub fn add_function(tables: &mut Tables, function: &FunctionEntity) {
    let body = function.body.trim();
    let body = body.strip_prefix('{').and_then(|body| body.strip_suffix('}')).unwrap_or(body);
    tables.add_function(kql::catalog::StoredFunction {
        name: function.name.clone(),
        parameters: function.parameters.clone(),
        body: body.to_string(),
    });
}

/// `.alter function F docstring "..."` and `folder`.
fn edit(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("function")?.text.clone();
    let is_folder = args.is("folder");
    let value = args.reader.expect_string(if is_folder { "the folder" } else { "the documentation" })?;
    args.reader.expect_end()?;
    find(context, &name)?;
    context.change(Operation::WriteFunction, &format!("savedSearches/{name}"), |workspace| {
        let unknown = || CommandError::Unknown { kind: "function", name: name.clone() };
        let mut function = (**workspace.entities().function(&name).ok_or_else(unknown)?).clone();
        *(if is_folder { &mut function.folder } else { &mut function.doc_string }) = value.clone();
        Ok(Change { event: "ALTER-FUNCTION".to_string(), steps: vec![Step::SetFunction(function)] })
    })?;
    Ok(vec![row(&*find(context, &name)?)])
}

fn drop_one(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("function")?.clone();
    drop_functions(context, std::slice::from_ref(&name), args.has("ifexists"))?;
    Ok(vec![vec![text(name.text)]])
}

fn drop_several(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    drop_functions(context, args.names("functions"), args.has("ifexists"))?;
    Ok(context.entities()?.functions().map(|function| row(function)).collect())
}

fn drop_functions(context: &Context<'_>, names: &[Name], if_exists: bool) -> Result<(), CommandError> {
    let mut there: Vec<&Name> = Vec::new();
    for name in names {
        match find(context, &name.text) {
            Ok(_) => there.push(name),
            Err(_) if if_exists => {}
            Err(error) => return Err(error),
        }
    }
    let Some(first) = there.first() else { return Ok(()) };
    context.change(Operation::DropFunction, &format!("savedSearches/{}", first.text), |_| {
        let steps = there.iter().map(|name| Step::DropFunction { name: name.text.clone() }).collect();
        Ok(Change { event: "DROP-FUNCTION".to_string(), steps })
    })
}
