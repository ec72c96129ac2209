//! `vidimus prove`: evidence about records, to take away and verify anywhere.

use super::import::ToServerArgs;
use crate::evidence::{ENTRY_COLUMN, Evidence, POSITION_COLUMN, check_new, open_ended};
use crate::remote::{Question, Refusal};
use crate::show::Piece;
use anyhow::bail;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use stdx::Cancel;

/// Fetch evidence about records: a folder that a stranger verifies offline, with the keys that it prints.
///
/// vidimus prove 'SigninLogs | where UserPrincipalName == "ann@contoso.example"' --table SigninLogs -o evidence
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// A query whose rows are records of the table: what it leaves of them is proved whole.
    #[arg(value_name = "QUERY", conflicts_with_all = ["row", "range"])]
    query: Option<String>,
    /// The table of the records.
    #[arg(long, value_name = "NAME")]
    table: String,
    /// A record by the entry of the log and the position in its batch, as `_LogEntry` and `_LogPosition` say.
    #[arg(long, value_name = "ENTRY:POSITION", value_parser = row)]
    row: Vec<(u64, u64)>,
    /// All records with these numbers in the table, proved to be complete, such as 0..1000.
    #[arg(long, value_name = "FIRST..END", value_parser = range, conflicts_with = "row")]
    range: Option<(u64, u64)>,
    /// A column whose values are not shown; may be given several times.
    #[arg(long, value_name = "COLUMN")]
    hide: Vec<String>,
    /// The folder that is made.
    #[arg(long, short = 'o', value_name = "FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    server: ToServerArgs,
}

pub fn row(text: &str) -> Result<(u64, u64), String> {
    let numbers =
        text.split_once(':').and_then(|(entry, position)| Some((entry.parse().ok()?, position.parse().ok()?)));
    numbers.ok_or_else(|| format!("`{text}` is no record, such as 17:3"))
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let numbers = text.split_once("..").and_then(|(first, end)| Some((first.parse().ok()?, end.parse().ok()?)));
    numbers.filter(|(first, end)| first < end).ok_or_else(|| format!("`{text}` is no range, such as 0..1000"))
}

/// Runs the command.
pub fn run(args: ProveArgs) -> anyhow::Result<ExitCode> {
    check_new(&args.output)?;
    let server = args.server.server()?;
    let wanted = match (&args.query, args.range) {
        (Some(query), _) => json!({ "rows": places(&args, query)? }),
        (None, Some((first, end))) => json!({ "first": first, "count": end - first }),
        (None, None) if args.row.is_empty() => bail!("nothing to prove: give a query, --row or --range"),
        (None, None) => json!({ "rows": args.row }),
    };
    let evidence = Evidence::fetch(&server, &args.server.workspace, &args.table, wanted, &args.hide)?;
    evidence.keep(&args.output)?;
    println!("{}: {} files\n", args.output.display(), evidence.files.len());
    println!("{}", evidence.instructions(&args.output));
    Ok(ExitCode::SUCCESS)
}

/// Asks for the places of the records that a query leaves.
fn places(args: &ProveArgs, query: &str) -> anyhow::Result<Vec<(u64, u64)>> {
    let server = args.server.server()?;
    let query = format!("{}\n| project {ENTRY_COLUMN}, {POSITION_COLUMN}", open_ended(query));
    let database = Some(args.server.workspace.clone());
    let timeout = Duration::from_secs(600);
    let question = Question { database, query, parameters: Vec::new(), timeout, now: None, is_whole: true };
    let cancel = Cancel::default();
    let _stop = crate::interrupt::cancels(&cancel);
    let answer = server.ask(question, &cancel).map_err(|refusal| match refusal {
        Refusal::Failed(error) => error,
        Refusal::Wrong(findings) => {
            let texts: Vec<String> = findings.iter().map(|finding| finding.message.clone()).collect();
            anyhow::anyhow!("the query is wrong, or leaves no records: {}", texts.join("; "))
        }
    })?;
    let mut places = Vec::new();
    for piece in answer {
        let Piece::Batch(rows) = piece? else { continue };
        let number = |place: usize| rows.columns().get(place).and_then(|column| column.as_primitive_opt::<Int64Type>());
        let (Some(entries), Some(positions)) = (number(0), number(1)) else { continue };
        for (entry, position) in entries.values().iter().zip(positions.values()) {
            places.push((u64::try_from(*entry)?, u64::try_from(*position)?));
        }
    }
    if places.is_empty() {
        bail!("the query leaves no records");
    }
    Ok(places)
}
