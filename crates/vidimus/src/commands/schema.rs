//! `vidimus schema`: the built-in table schemas.

use clap::Args;
use schema::Column;
use std::process::ExitCode;

/// Print the built-in schema of a table, or the names of all tables.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The table's name.
    table: Option<String>,
}

/// Runs the command.
pub fn run(args: SchemaArgs) -> anyhow::Result<ExitCode> {
    let Some(name) = args.table else {
        for name in schema::tables::names() {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    };
    match schema::tables::builtin(&name) {
        Some(table) => {
            println!("{}", text(&table.name, &table.columns));
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let names: Vec<&str> = schema::tables::names().collect();
            let near = kql::diagnostic::nearest(&name, names);
            let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            anyhow::bail!("there is no built-in table `{name}`{help}")
        }
    }
}

/// Returns a table's columns as text: `Name`, then a line per column.
pub fn text(name: &str, columns: &[Column]) -> String {
    let width = columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0);
    let mut out = name.to_string();
    for column in columns {
        out.push_str(&format!("\n  {:<width$}  {}", column.name, column.ktype));
    }
    out
}
