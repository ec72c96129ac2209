//! `vidimus export`: rows of a server to a file, with evidence about exactly these rows where that is wanted.
//!
//! ```text
//! query ─► rows ─► file, unfinished
//!            └─ places, digests of cells ─► bundle ─ verified ─► each row is the record at its place ─► folder, file
//! ```

use super::import::ToServerArgs;
use super::query::{format_of, instant};
use crate::draw;
use crate::evidence::{ENTRY_COLUMN, Evidence, POSITION_COLUMN, check_new, open_ended};
use crate::remote::{Question, Refusal, Server};
use crate::show::{Piece, new_output};
use anyhow::{Context, bail};
use arrow::array::RecordBatch;
use clap::Args;
use encode::{Format, Statistics, encoder};
use schema::Column;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use stdx::Cancel;

mod rows;

use rows::ProvedRows;

/// Export rows of a server's tables to a file, which is there when all of them are in it. What is there already is never replaced.
///
/// vidimus export --table SigninLogs --from 2026-05-01 --to 2026-06-01 --with-proof -o signins.ndjson
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A query; its rows are written. With --with-proof they have to be records of one table.
    #[arg(value_name = "QUERY", conflicts_with_all = ["from", "to"])]
    query: Option<String>,
    /// The table whose records are written when there is no query, or whose records are to be proved.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Only records from this time on.
    #[arg(long, value_name = "DATETIME", value_parser = instant, requires = "table")]
    from: Option<i64>,
    /// Only records before this time.
    #[arg(long, value_name = "DATETIME", value_parser = instant, requires = "table")]
    to: Option<i64>,
    /// The file that is made: its extension says the format, such as .ndjson, .csv or .parquet.
    #[arg(long, short = 'o', value_name = "FILE")]
    output: PathBuf,
    /// The format, as for `vidimus query`, where the extension does not say it.
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Write evidence about exactly these rows into the folder FILE.proof, too. Columns that the rows do not have are not shown in it.
    #[arg(long)]
    with_proof: bool,
    /// Give up after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    timeout: u64,
    #[command(flatten)]
    server: ToServerArgs,
}

/// Runs the command.
pub fn run(args: ExportArgs) -> anyhow::Result<ExitCode> {
    let format = match format_of(args.format.as_deref(), Some(&args.output))? {
        Format::Table if args.format.is_none() => {
            bail!("the extension of {} names no format: give one by --format", args.output.display())
        }
        format => format,
    };
    let proof = args.proof_folder();
    check_new(&args.output)?;
    if args.with_proof {
        check_new(&proof)?;
    }
    let server = args.server.server()?;
    let query = args.query()?;
    let mut proved = if args.with_proof { Some(ProvedRows::of_table(args.proved_table(&server)?)) } else { None };
    let asked = match &proved {
        // Named so, the columns are there if the rows are records, and their names are wrong if not.
        Some(_) => {
            format!("{}\n| where true or isnull({ENTRY_COLUMN}) or isnull({POSITION_COLUMN})", open_ended(&query))
        }
        None => query.clone(),
    };
    let (begun, cancel) = (Instant::now(), Cancel::default());
    let _stop = crate::interrupt::cancels(&cancel);
    let question = Question {
        database: Some(args.server.workspace.clone()),
        query: asked,
        parameters: Vec::new(),
        timeout: Duration::from_secs(args.timeout),
        now: None,
        is_whole: true,
    };
    let answer = match server.ask(question, &cancel) {
        Ok(answer) => answer,
        Err(Refusal::Failed(error)) => return Err(error),
        Err(Refusal::Wrong(findings)) => {
            let is_about_places =
                |text: &str| [ENTRY_COLUMN, POSITION_COLUMN].iter().any(|column| text.contains(column));
            if proved.is_some() && findings.iter().any(|finding| is_about_places(&finding.message)) {
                bail!(
                    "the rows of this query are not records of a table, such as counts and sums, or lack the columns \
                     {ENTRY_COLUMN} and {POSITION_COLUMN}: no proof of these can be given"
                );
            }
            eprint!("{}", draw::findings(&query, &findings));
            return Ok(ExitCode::FAILURE);
        }
    };
    let (out, target) = new_output(&args.output)?;
    let mut encoder = encoder(format, &encode::Options::default(), out);
    let (mut n_rows, mut n_tables) = (0, 0);
    for piece in answer {
        match piece? {
            Piece::Table { name, columns } => {
                n_tables += 1;
                if n_tables > 1 {
                    bail!("the query has several results, and a file holds one");
                }
                if let Some(proved) = &mut proved {
                    proved.begin(&columns)?;
                }
                encoder.begin_table(&name, &columns)?;
            }
            Piece::Batch(batch) => {
                n_rows += batch.num_rows() as u64;
                take(proved.as_mut(), &batch)?;
                encoder.batch(&batch)?;
            }
            Piece::EndOfTable => encoder.end_table()?,
        }
    }
    if n_tables == 0 {
        bail!("the query has no result");
    }
    encoder.finish(&Statistics { seconds: begun.elapsed().as_secs_f64(), ..Statistics::default() })?;
    drop(encoder);
    let Some(proved) = proved else {
        let bytes = target.keep()?;
        println!("{}: {n_rows} rows, {bytes} bytes", args.output.display());
        return Ok(ExitCode::SUCCESS);
    };
    let evidence = prove(&server, &args.server.workspace, &proved)?;
    let checkpoint = evidence.checkpoint()?;
    evidence.keep(&proof)?;
    let bytes = target.keep()?;
    println!(
        "{}: {n_rows} rows, {bytes} bytes; {}: proves them under the checkpoint of {} entries with the root {}\n",
        args.output.display(),
        proof.display(),
        checkpoint.size,
        checkpoint.root.to_base64()
    );
    println!("{}", evidence.instructions(&proof));
    Ok(ExitCode::SUCCESS)
}

fn take(proved: Option<&mut ProvedRows>, batch: &RecordBatch) -> anyhow::Result<()> {
    proved.map_or(Ok(()), |proved| proved.add(batch))
}

/// Fetches evidence about rows, and makes sure that it says what they say.
fn prove(server: &Server, workspace: &str, proved: &ProvedRows) -> anyhow::Result<Evidence> {
    let wanted = json!({ "rows": proved.places()? });
    let evidence = Evidence::fetch(server, workspace, proved.table(), wanted, &proved.hidden())?;
    proved.compare(&evidence.verify()?)?;
    Ok(evidence)
}

impl ExportArgs {
    fn proof_folder(&self) -> PathBuf {
        let mut name = self.output.clone().into_os_string();
        name.push(".proof");
        PathBuf::from(name)
    }

    fn query(&self) -> anyhow::Result<String> {
        let Some(table) = &self.table else {
            return self.query.clone().context("nothing to export: give a query, or a table by --table");
        };
        if let Some(query) = &self.query {
            return Ok(query.clone());
        }
        let time = |word: &str, time: Option<i64>| {
            let time = time.map(schema::ticks::datetime_text);
            time.map_or_else(String::new, |time| format!("\n| where TimeGenerated {word} datetime({time})"))
        };
        Ok(format!("['{}']{}{}", table.replace(['\\', '\''], ""), time(">=", self.from), time("<", self.to)))
    }

    /// Returns the table whose records are to be proved, and its columns.
    fn proved_table(&self, server: &Server) -> anyhow::Result<(String, Vec<Column>)> {
        let shown = server.call("GET", &format!("/v1/workspaces/{}", self.server.workspace), &[], Vec::new())?;
        let shown: Value = serde_json::from_slice(&shown.accepted()?).context("the server's answer is no JSON")?;
        let tables = shown["tables"].as_array().cloned().unwrap_or_default();
        let names: BTreeSet<&str> = tables.iter().filter_map(|table| table["name"].as_str()).collect();
        let first = || {
            let query = self.query.as_deref().unwrap_or_default().trim_start();
            let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
            query.split(|c| !is_of_name(c)).next().filter(|name| names.contains(name)).map(str::to_string)
        };
        let Some(table) = self.table.clone().or_else(first) else {
            bail!("say by --table which table's records are to be proved");
        };
        let Some(found) = tables.iter().find(|found| found["name"] == *table) else {
            bail!("there is no table `{table}` in the workspace `{}`", self.server.workspace);
        };
        let column = |column: &Value| {
            let ktype = schema::KqlType::from_name(column["type"].as_str()?)?;
            Some(Column::new(column["name"].as_str()?, ktype))
        };
        let columns: Option<Vec<Column>> = found["columns"].as_array().into_iter().flatten().map(column).collect();
        Ok((table, columns.context("the server's answer names no columns")?))
    }
}
