//! The schema of databases as JSON, which editors and drawing tools read.
//!
//! # Source
//! Kusto reference, ".show databases schema"; what Microsoft's editor (monaco-kusto) takes from it.

use crate::tables::{doc_string, folder};
use entities::FunctionEntity;
use ingest::{NamedTable, Workspace};
use kql::syntax::ast::{Parameter, ParameterType};
use schema::Column;
use serde_json::{Map, Value, json};

/// Returns the document of a table.
pub fn table_document(table: &NamedTable, columns: &[Column]) -> Value {
    let column = |column: &Column| {
        let doc_string = table.doc_string(&column.name);
        let mut members = json!({
            "Name": column.name, "Type": column.ktype.system_name(), "CslType": column.ktype.name(),
        });
        if !doc_string.is_empty() {
            members["DocString"] = json!(doc_string);
        }
        members
    };
    let mut document = json!({ "Name": table.name, "EntityType": "Table" });
    for (name, value) in [("Folder", folder(table)), ("DocString", doc_string(table))] {
        if !value.is_empty() {
            document[name] = json!(value);
        }
    }
    document["OrderedColumns"] = columns.iter().map(column).collect();
    document
}

/// Returns the document of a database.
pub fn database_document(name: &str, workspace: &Workspace, columns_of_view: impl Fn(&str) -> Vec<Column>) -> Value {
    let entities = workspace.entities();
    let tables = workspace.named_tables();
    let tables = tables.iter().map(|table| (table.name.clone(), table_document(table, &table.columns())));
    let functions = entities.functions().map(|function| (function.name.clone(), function_document(function)));
    let views = entities.views().map(|view| {
        let document = json!({
            "Name": view.name, "EntityType": "MaterializedViewTable", "Folder": view.folder,
            "DocString": view.doc_string,
            "OrderedColumns": columns_of_view(&view.name).iter().map(plain_column).collect::<Value>(),
        });
        (view.name.clone(), document)
    });
    json!({
        "Name": name,
        "Tables": tables.collect::<Map<String, Value>>(),
        "ExternalTables": {},
        "MaterializedViews": views.collect::<Map<String, Value>>(),
        "EntityGroups": {},
        "MajorVersion": version(workspace),
        "MinorVersion": 0,
        "Functions": functions.collect::<Map<String, Value>>(),
        "DatabaseAccessMode": "ReadWrite",
    })
}

/// Returns the document of several databases.
pub fn databases_document(databases: impl Iterator<Item = (String, Value)>) -> Value {
    json!({ "Plugins": [], "Databases": databases.collect::<Map<String, Value>>() })
}

/// Returns the version of a database's schema: it rises with every change of names, and whenever a stored table gets columns.
pub fn version(workspace: &Workspace) -> u64 {
    let versions = workspace.tables().iter().filter_map(|table| Some(u64::from(table.schema()?.doc().id))).sum::<u64>();
    1 + workspace.entities().version() + versions
}

/// Returns the document of a function.
pub fn function_document(function: &FunctionEntity) -> Value {
    let (parameters, _) = kql::syntax::parse_parameters(&function.parameters);
    json!({
        "Name": function.name,
        "InputParameters": parameters.iter().map(|of| parameter_document(of, &function.parameters)).collect::<Value>(),
        "Body": function.body,
        "Folder": function.folder,
        "DocString": function.doc_string,
        "FunctionKind": if function.is_view { "ViewFunction" } else { "Unknown" },
        "OutputColumns": [],
    })
}

fn plain_column(column: &Column) -> Value {
    json!({ "Name": column.name, "Type": column.ktype.system_name(), "CslType": column.ktype.name() })
}

fn parameter_document(parameter: &Parameter, text: &str) -> Value {
    let mut document = json!({ "Name": parameter.name.text });
    match &parameter.ktype {
        ParameterType::Scalar(ktype) => {
            document["Type"] = json!(ktype.system_name());
            document["CslType"] = json!(ktype.name());
        }
        ParameterType::Table(schema) => {
            let columns = schema.columns.iter().map(|of| plain_column(&Column::new(of.name.text.clone(), of.ktype)));
            document["Columns"] = columns.collect();
        }
    }
    if let Some(default) = &parameter.default {
        document["CslDefaultValue"] = json!(text.get(default.span.start..default.span.end).unwrap_or_default());
    }
    document
}
