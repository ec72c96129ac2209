//! `vidimus query`: KQL over files, in one command.

use crate::batch;
use crate::runner::Runner;
use anyhow::Context;
use clap::Args;
use query::{Engine, EngineOptions, Tables};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Run KQL over log files.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Answer JSON lines `{"id", "query"}` from standard input, one JSON line each.
    #[arg(long)]
    batch: bool,
    /// Stop a query after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
}

/// Runs the command.
pub fn run(args: QueryArgs) -> anyhow::Result<ExitCode> {
    let engine = Engine::new(EngineOptions::default()).context("cannot start the engine")?;
    let runner = Runner { engine, tables: Arc::new(Tables::default()), parameters: vec![], now: None };
    if args.batch {
        batch::serve(Duration::from_secs(args.timeout), move |case, cancel| batch::answer_query(&runner, case, cancel))?;
    }
    Ok(ExitCode::SUCCESS)
}
