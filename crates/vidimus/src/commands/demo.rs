//! `vidimus demo`: logs of an invented company, and a guided tour of queries over them.

use crate::commands::query::{LimitArgs, execute, instant};
use crate::commands::shell::{self, ShellArgs};
use crate::inputs::{InputArgs, open};
use crate::runner::Runner;
use crate::show::Show;
use clap::Args;
use demo::{Step, Summary};
use encode::Format;
use schema::ticks;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stdx::{Clock, SystemClock};

/// Write a month of an invented company's logs, with incidents to find in them.
///
/// On a terminal, a shell over the logs opens at the end.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder of the logs.
    #[arg(long, value_name = "DIR", default_value = "./vidimus-demo")]
    folder: PathBuf,
    /// Show a tour of queries over the logs, from simple to advanced.
    #[arg(long)]
    guided: bool,
    /// Another number tells the story with other people.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How much is written: 1 is a company of 240 people and about 120 MB.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    scale: f64,
    /// The day on which the month ends, such as 2026-05-31; today by default. The same seed, scale and end give the same
    /// bytes.
    #[arg(long, value_name = "DATETIME", value_parser = instant)]
    end: Option<i64>,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Runs the command.
pub fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let end = args.end.unwrap_or_else(|| SystemClock.now_ticks());
    let summary = demo::write(&args.folder, args.seed, args.scale, end)?;
    print_summary(&summary, &args.folder);
    let guided = if args.guided { guide(&args, &summary)? } else { ExitCode::SUCCESS };
    let folder = args.folder.display();
    if !args.guided {
        println!("\nTake the tour:      vidimus demo --guided --folder {folder}");
    }
    println!("\nGo on by yourself:  vidimus shell {folder}");
    if guided == ExitCode::SUCCESS && std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        println!();
        return shell::run(ShellArgs::over(folder.to_string(), args.limits));
    }
    Ok(guided)
}

fn print_summary(summary: &Summary, folder: &Path) {
    let day = |instant: i64| ticks::datetime_text(instant).chars().take(10).collect::<String>();
    println!(
        "{}, {} people, {} to {}, in {}:",
        summary.company,
        summary.people,
        day(summary.start),
        day(summary.end - 1),
        folder.display()
    );
    for file in &summary.files {
        println!("  {:<26}{:>10} rows {:>9.1} MB", file.name, file.rows, file.bytes as f64 / 1e6);
    }
    println!("  {:<26}{:>10} incidents to find", "truth.json", summary.planted.len());
}

/// Shows each stop: its title, its query and what the query finds.
fn guide(args: &DemoArgs, summary: &Summary) -> anyhow::Result<ExitCode> {
    let (runner, progress) = runner(&args.folder, &args.limits, summary)?;
    let waits = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let steps = demo::tour();
    for (i, step) in steps.iter().enumerate() {
        println!("\n{}/{}  {}\n{}\n\n{}\n", i + 1, steps.len(), step.title, step.why, indented(step.query));
        let show = Show { format: Format::Table, output: None };
        let code = execute(&runner, step.query, &show, false, progress.clone())?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
        println!("\nPlanted: {}", planted(summary, step));
        if waits && i + 1 < steps.len() && !goes_on()? {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what runs queries over the folder, with `now()` at the end of the logs.
fn runner(
    folder: &Path,
    limits: &LimitArgs,
    summary: &Summary,
) -> anyhow::Result<(Runner, std::sync::Arc<files::Progress>)> {
    let inputs = InputArgs { paths: vec![folder.display().to_string()], ..InputArgs::default() };
    let opened = open(&inputs)?;
    let now = limits.now.or(Some(summary.end));
    Ok((Runner { engine: limits.engine()?, tables: opened.tables, parameters: Vec::new(), now }, opened.progress))
}

fn indented(query: &str) -> String {
    query.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Returns what was planted for a stop to find.
fn planted<'a>(summary: &'a Summary, step: &Step) -> &'a str {
    summary.planted.iter().find(|planted| planted.name == step.finds).map_or("", |planted| &planted.description)
}

/// Waits for the person; false when they have seen enough.
fn goes_on() -> anyhow::Result<bool> {
    print!("\nEnter for the next, q to stop: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    let n_read = std::io::stdin().read_line(&mut answer)?;
    Ok(n_read > 0 && !answer.trim().eq_ignore_ascii_case("q"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use kql_functions::args::value_at;
    use stdx::Cancel;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: DemoArgs,
    }

    /// Runs a query and returns its rows: for each column its name and its value as text.
    fn rows(runner: &Runner, query: &str) -> Result<Vec<Vec<(String, String)>>, String> {
        let answered = crate::runner::on_deep_stack(|| {
            let answer = runner.start(query, Cancel::default()).map_err(|failure| format!("{failure:?}"))?;
            let mut rows = Vec::new();
            for mut table in answer.tables {
                while let Some(batch) = table.stream.next_blocking() {
                    let batch = batch.map_err(|error| format!("{error:?}"))?;
                    for row in 0..batch.num_rows() {
                        let cell = |(i, column): (usize, &schema::Column)| {
                            (column.name.clone(), value_at(batch.column(i), column.ktype, row).to_text())
                        };
                        rows.push(table.columns.iter().enumerate().map(cell).collect());
                    }
                }
            }
            Ok(rows)
        });
        answered.unwrap_or_else(Err)
    }

    #[test]
    fn every_stop_of_the_tour_finds_what_is_planted() {
        let folder = tempfile::tempdir().unwrap();
        let end = ticks::days_from_civil(2025, 7, 1) * ticks::DAY;
        let summary = demo::write(folder.path(), 1, 0.1, end).unwrap();
        let args = Command::parse_from(["demo"]).args;
        let (runner, _) = runner(folder.path(), &args.limits, &summary).unwrap();
        let mut missed = Vec::new();
        for step in demo::tour() {
            let planted = summary.planted.iter().find(|planted| planted.name == step.finds).unwrap();
            let finds = |row: &Vec<(String, String)>| {
                let holds = |(column, value): &(&str, String)| row.iter().any(|(c, v)| c == column && v == value);
                planted.finding.iter().all(holds)
            };
            match rows(&runner, step.query) {
                Ok(rows) if rows.iter().any(finds) => {}
                Ok(rows) => {
                    let first: Vec<_> = rows.iter().take(4).collect();
                    missed.push(format!("{}: not {:?} in {} rows: {first:?}", step.title, planted.finding, rows.len()));
                }
                Err(error) => missed.push(format!("{}: {error}", step.title)),
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }
}
