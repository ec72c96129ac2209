//! `vidimus shared-key`: the keys by which requests of the HTTP Data Collector API are signed.

use super::import::ToServerArgs;
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Set, show and remove the two keys of a workspace by which requests of the HTTP Data Collector API are signed.
#[derive(Debug, Args)]
pub struct SharedKeyArgs {
    #[command(subcommand)]
    command: SharedKeyCommand,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Slot {
    Primary,
    Secondary,
}

impl Slot {
    fn path(self) -> &'static str {
        match self {
            Slot::Primary => "/sharedKeys/primary",
            Slot::Secondary => "/sharedKeys/secondary",
        }
    }
}

#[derive(Debug, Subcommand)]
enum SharedKeyCommand {
    /// Make a key, or take one that senders have already, and print it.
    Set {
        slot: Slot,
        /// File that holds the key in base64; without it, one is made.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        #[command(flatten)]
        server: ToServerArgs,
    },
    /// Print the keys.
    Show {
        #[command(flatten)]
        server: ToServerArgs,
    },
    /// Remove a key: its signatures count no more.
    Remove {
        slot: Slot,
        #[command(flatten)]
        server: ToServerArgs,
    },
}

/// Runs the command.
pub fn run(args: SharedKeyArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        SharedKeyCommand::Set { slot, key_file, server } => {
            let key = key_file
                .map(|path| std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display())));
            let key = key.transpose()?.map(|key| key.trim().to_string());
            let set = server.call_json("PUT", slot.path(), json!({ "key": key }))?;
            println!("{}", set["key"].as_str().unwrap_or_default());
        }
        SharedKeyCommand::Show { server } => {
            let keys = server.call_json("GET", "/sharedKeys", Value::Null)?;
            for (name, member) in [("primary", "primarySharedKey"), ("secondary", "secondarySharedKey")] {
                if let Some(key) = keys[member].as_str() {
                    println!("{name}\t{key}");
                }
            }
        }
        SharedKeyCommand::Remove { slot, server } => {
            let path = format!("/v1/workspaces/{}{}", server.workspace, slot.path());
            server.server()?.call("DELETE", &path, &[], Vec::new())?.accepted()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
