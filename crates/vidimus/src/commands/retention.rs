//! `vidimus retention`: how long a table's records are kept.

use super::import::ToServerArgs;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Show or set how long a table's records are kept. Without a policy they are kept for ever.
#[derive(Debug, Args)]
pub struct RetentionArgs {
    #[command(subcommand)]
    command: RetentionCommand,
}

#[derive(Debug, Subcommand)]
enum RetentionCommand {
    /// Show the policy of a table.
    Show {
        table: String,
        #[command(flatten)]
        server: ToServerArgs,
    },
    /// Set the policy of a table. Records that a shorter one no longer keeps are destroyed 30 days later.
    Set {
        table: String,
        /// Days: 4 to 730.
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
        /// Days after which records are destroyed: 4 to 730, or 1095 and so on to 4383; as long as --days when it is not given.
        #[arg(long, value_name = "DAYS")]
        total_days: Option<u32>,
        /// Why, for whoever reads the log later.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        server: ToServerArgs,
    },
}

/// Runs the command.
pub fn run(args: RetentionArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        RetentionCommand::Show { table, server } => {
            let shown = server.call_json("GET", &format!("/tables/{table}/retention"), Value::Null)?;
            let days = |key: &str| shown[key].as_u64().map_or("for ever".to_string(), |days| format!("{days} days"));
            println!("{table}: kept {}", days("totalRetentionInDays"));
            if let Some(reason) = shown["reason"].as_str() {
                println!("reason: {reason} (entry {} of the log)", shown["entry"]);
            }
        }
        RetentionCommand::Set { table, days, total_days, reason, server } => {
            let body = json!({ "retentionInDays": days, "totalRetentionInDays": total_days, "reason": reason });
            let done = server.call_json("PUT", &format!("/tables/{table}/retention"), body)?;
            println!("sealed as entry {} of the log", done["entry"]);
        }
    }
    Ok(ExitCode::SUCCESS)
}
