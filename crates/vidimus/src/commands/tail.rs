//! `vidimus tail`: files as they grow, into a server's tables, each line once.

use super::pull::{format, in_ticks};
use super::query::duration;
use crate::following::FollowArgs;
use clap::Args;
use pull::{Files, FilesOptions};
use std::process::ExitCode;
use std::time::Duration;

/// How long to wait between looks, if nothing else is said.
const EVERY: Duration = Duration::from_secs(1);

/// Follow log files as they grow: take each record once, whatever the files are called by then.
///
/// Files are taken from their beginning, and go on when they are renamed, truncated, packed or replaced. The position in each is saved
/// in a file, and moves when the server has acknowledged. Killed at any moment and started again, nothing is lost and nothing taken twice.
/// The log format of each file is recognised; what is of none becomes a table that is named after its file.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Files, folders with all that is below them, and patterns (`/var/log/**/*.log`). They need not be there yet.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// Leave out what this pattern matches, by its path or its name; may be given more than once.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Take all files for logs of this format, rather than to recognise it.
    #[arg(long, value_name = "FORMAT")]
    source: Option<String>,
    /// The table, or what names it, for records of no known format, rather than the files' names.
    #[arg(long, value_name = "NAME", conflicts_with = "source")]
    table: Option<String>,
    /// How long a last line without an end is waited for.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    quiet: Duration,
    #[command(flatten)]
    follow: FollowArgs,
}

/// Runs the command.
pub fn run(args: TailArgs) -> anyhow::Result<ExitCode> {
    let TailArgs { paths, exclude, source, table, quiet, follow } = args;
    let options = FilesOptions {
        paths,
        exclude,
        source: format(source.as_deref())?,
        table,
        since: follow.since,
        quiet: in_ticks(quiet),
        is_once: follow.once,
    };
    follow.run(&mut Files::new(options)?, EVERY)
}
