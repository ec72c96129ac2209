//! Following a source: round after round from a saved position on, into a server's tables.

use crate::commands::import::ToServerArgs;
use crate::commands::query::{duration, instant};
use crate::importing::{Target, piece};
use clap::Args;
use pull::{Feed, PullError, Round, State};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use stdx::Clock;

/// Where to, how often, and from where on.
#[derive(Debug, Args)]
pub struct FollowArgs {
    /// File that keeps the position.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Take all that is there now, and end.
    #[arg(long)]
    pub once: bool,
    /// How long to wait between rounds; by default a minute, and a second where files are looked at.
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "once")]
    every: Option<Duration>,
    /// Begin at this time when there is no position.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub since: Option<i64>,
    /// When a record counts as taken: once it is durable under a signed checkpoint, or once witnesses have cosigned one too.
    #[arg(long, value_name = "LEVEL", default_value = "committed", value_parser = ["committed", "witnessed"])]
    ack: String,
    #[command(flatten)]
    server: ToServerArgs,
}

impl FollowArgs {
    /// Takes round after round, so long after each other if nothing else is said.
    pub fn run(&self, feed: &mut dyn Feed, every: Duration) -> anyhow::Result<ExitCode> {
        let server = self.server.server()?;
        let target = Target { server: &server, workspace: &self.server.workspace, ack: &self.ack };
        // The same source may be pulled into two workspaces.
        let name = format!("{} into {}", feed.name(), self.server.workspace);
        let mut state = State::open(&self.state, &name)?;
        let now = || stdx::SystemClock.now_ticks();
        let every = self.every.unwrap_or(every);
        loop {
            let mut round = Round::default();
            let mut deliver = |pending: &pull::Pending| piece::deliver(&target, pending);
            let done = pull::follow(feed, &mut state, &now, &mut deliver, &mut round);
            for problem in feed.problems() {
                eprintln!("vidimus: {problem}");
            }
            let Round { pieces, taken, quarantined } = round;
            // Who looks every second is told of those in which something was there.
            if pieces > 0 || self.once || every >= TOLD_EVERY {
                println!("{}: {taken} taken, {quarantined} quarantined, {}", feed.name(), feed.position(&state));
            }
            let mut wait = every;
            match done {
                Ok(()) if self.once => return Ok(ExitCode::SUCCESS),
                Ok(()) => {}
                Err(error) if self.once || !error.is_temporary() => return Err(error.into()),
                Err(error) => {
                    if let PullError::Busy { seconds, .. } = &error {
                        wait = wait.max(Duration::from_secs(*seconds));
                    }
                    eprintln!("vidimus: {:#}", anyhow::Error::from(error));
                }
            }
            std::thread::sleep(wait);
        }
    }
}

/// Rounds that are so long apart are told of, also when nothing came.
const TOLD_EVERY: Duration = Duration::from_secs(60);
