//! `vidimus purge`: the end of a table's oldest records.

use super::import::ToServerArgs;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// Destroy the records of a table that were sealed before a moment, whatever its retention says. The log says for ever that they were there.
#[derive(Debug, Args)]
pub struct PurgeArgs {
    /// The table of the records.
    table: String,
    /// Records that were sealed before this moment, such as 2026-01-01.
    #[arg(long, value_name = "DATETIME")]
    before: String,
    /// Why, for whoever reads the log later.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    server: ToServerArgs,
}

/// Runs the command.
pub fn run(args: PurgeArgs) -> anyhow::Result<ExitCode> {
    let body = json!({ "before": args.before, "reason": args.reason });
    let done = args.server.call_json("POST", &format!("/tables/{}/purge", args.table), body)?;
    println!("{} records destroyed, {} files removed", done["records"], done["files"]);
    if let Some(held) = done["held"].as_u64().filter(|held| *held > 0) {
        println!("{held} records stay: a legal hold covers their files");
    }
    Ok(ExitCode::SUCCESS)
}
