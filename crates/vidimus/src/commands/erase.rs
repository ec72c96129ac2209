//! `vidimus erase`: cells of a subject's records.

use super::import::ToServerArgs;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use std::io::Read;
use std::process::ExitCode;

/// Erase columns of a subject's records for good. Every proof stays valid, and the log says which cells went, not what was in them.
///
/// vidimus erase SigninLogs --where UserPrincipalName=ann@contoso.example --column UserPrincipalName --column IPAddress --reason 'request 81'
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// The table of the records.
    table: String,
    /// The records: those with exactly this text in a column. With `-` as the text it is read from the standard input.
    #[arg(long = "where", value_name = "COLUMN=TEXT", required_unless_present = "row", conflicts_with = "row")]
    equal: Option<String>,
    /// A record by the entry of the log and the position in its batch, as `_LogEntry` and `_LogPosition` say.
    #[arg(long, value_name = "ENTRY:POSITION", value_parser = super::prove::row)]
    row: Vec<(u64, u64)>,
    /// A column that is erased; may be given several times.
    #[arg(long = "column", value_name = "COLUMN", required = true)]
    columns: Vec<String>,
    /// Why, for whoever reads the log later; it names nobody.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    server: ToServerArgs,
}

/// Runs the command.
pub fn run(args: EraseArgs) -> anyhow::Result<ExitCode> {
    let mut body = json!({ "columns": args.columns, "reason": args.reason });
    match &args.equal {
        Some(equal) => {
            let (column, value) = equal.split_once('=').context("--where is a column, `=` and a text")?;
            let value = if value == "-" { typed()? } else { value.to_string() };
            body["where"] = json!({ "column": column, "value": value });
        }
        None => body["records"] = json!(args.row),
    }
    let done = args.server.call_json("POST", &format!("/tables/{}/erase", args.table), body)?;
    match done["entry"].as_u64() {
        Some(entry) => println!("erased in {} records; sealed as entry {entry} of the log", done["records"]),
        None => println!("no record has anything to erase"),
    }
    Ok(ExitCode::SUCCESS)
}

fn typed() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the standard input")?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        bail!("the standard input is empty");
    }
    Ok(text.to_string())
}
