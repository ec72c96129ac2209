//! `vidimus read-columns`: what a server starts to read a file that somebody handed in. Not for people.

use clap::Args;
use std::io::{stderr, stdin, stdout};
use std::process::ExitCode;

/// Read a file of typed columns for a server.
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct ReadColumnsArgs {}

/// Runs the command.
pub fn run(_args: &ReadColumnsArgs) -> ExitCode {
    kusto_ingestion::read_in_isolation(stdin().lock(), stdout().lock(), stderr().lock())
}
