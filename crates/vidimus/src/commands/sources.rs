//! `vidimus sources`: the log formats that are known.

use clap::Args;
use std::process::ExitCode;

/// Print the log formats that `vidimus import` recognises, with the tables in which their records land.
#[derive(Debug, Args)]
pub struct SourcesArgs {}

/// Runs the command.
pub fn run(_: SourcesArgs) -> anyhow::Result<ExitCode> {
    print();
    Ok(ExitCode::SUCCESS)
}

/// Prints the formats.
pub fn print() {
    let width = sources::ALL.iter().map(|source| source.name.len()).max().unwrap_or(0);
    for source in sources::ALL {
        println!("{:<width$}  {}", source.name, source.about);
        println!("{:<width$}  to {}", "", source.tables.join(", "));
    }
}
