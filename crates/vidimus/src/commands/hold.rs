//! `vidimus hold`: legal holds.

use super::import::ToServerArgs;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Set, lift and list legal holds: what they cover is neither destroyed nor erased.
#[derive(Debug, Args)]
pub struct HoldArgs {
    #[command(subcommand)]
    command: HoldCommand,
}

#[derive(Debug, Subcommand)]
enum HoldCommand {
    /// List the holds in force.
    List {
        #[command(flatten)]
        server: ToServerArgs,
    },
    /// Set a hold.
    Set {
        name: String,
        /// A table whose records are held; all tables when none is given.
        #[arg(long = "table", value_name = "NAME")]
        tables: Vec<String>,
        /// The first moment that is held, such as 2026-01-01.
        #[arg(long, value_name = "DATETIME")]
        from: Option<String>,
        /// The first moment that is not held any more.
        #[arg(long, value_name = "DATETIME")]
        to: Option<String>,
        /// Why, for whoever reads the log later.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        server: ToServerArgs,
    },
    /// Lift a hold.
    Lift {
        name: String,
        /// Why, for whoever reads the log later.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        server: ToServerArgs,
    },
}

/// Runs the command.
pub fn run(args: HoldArgs) -> anyhow::Result<ExitCode> {
    let done = match args.command {
        HoldCommand::List { server } => {
            let shown = server.call_json("GET", "/holds", Value::Null)?;
            for hold in shown["holds"].as_array().into_iter().flatten() {
                println!("{}", to_line(hold));
            }
            return Ok(ExitCode::SUCCESS);
        }
        HoldCommand::Set { name, tables, from, to, reason, server } => {
            let body = json!({ "tables": tables, "from": from, "to": to, "reason": reason });
            server.call_json("PUT", &format!("/holds/{name}"), body)?
        }
        HoldCommand::Lift { name, reason, server } => {
            server.call_json("DELETE", &format!("/holds/{name}"), json!({ "reason": reason }))?
        }
    };
    println!("sealed as entry {} of the log", done["entry"]);
    Ok(ExitCode::SUCCESS)
}

fn to_line(hold: &Value) -> String {
    let text = |key: &str| hold[key].as_str().unwrap_or_default().to_string();
    let tables: Vec<&str> = hold["tables"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let tables = if tables.is_empty() { "all tables".to_string() } else { tables.join(", ") };
    let bound = |word: &str, key: &str| hold[key].as_str().map_or(String::new(), |time| format!(" {word} {time}"));
    format!("{}: {tables}{}{}: {}", text("name"), bound("from", "from"), bound("before", "to"), text("reason"))
}
