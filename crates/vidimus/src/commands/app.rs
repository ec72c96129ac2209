//! `vidimus app`: applications that sign in by an id and a secret.

use super::token::tokens_of;
use crate::activities::{Notes, activity};
use crate::grants::{self, DataArgs, Grant, GrantArgs};
use anyhow::Context;
use audit::Operation;
use auth::{Application, Applications, Secret, Tokens};
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use stdx::SystemClock;

/// Register, list and delete applications, which sign in as Microsoft's client libraries do. A server that runs heeds the change at once.
#[derive(Debug, Args)]
pub struct AppArgs {
    #[command(subcommand)]
    command: AppCommand,
}

#[derive(Debug, Subcommand)]
enum AppCommand {
    /// Register an application. Without a secret of its own it gets one, which is printed and not shown again.
    Create {
        /// What it signs in as.
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// A file with its secret; `-` for what is typed or piped in.
        #[arg(long, value_name = "FILE")]
        client_secret_file: Option<PathBuf>,
        #[command(flatten)]
        data: DataArgs,
        #[command(flatten)]
        grant: GrantArgs,
    },
    /// List the applications, without their secrets.
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Delete an application, and take its tokens back.
    Delete {
        /// Its id.
        client_id: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

/// Returns the applications of a server's folder, which are given tokens of `tokens`.
pub fn applications_of(data: &Path, tokens: Arc<Tokens>) -> anyhow::Result<Applications> {
    let opened = Applications::open(data.join("applications"), tokens, Arc::new(SystemClock));
    opened.context("cannot open the applications")
}

/// Runs the command.
pub fn run(args: AppArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        AppCommand::Create { client_id, client_secret_file, data, grant } => {
            let (grant, data) = (grant.grant()?, data.folder()?);
            let (secret, is_new) = match &client_secret_file {
                Some(file) => (read_secret(file)?, false),
                None => (Applications::new_secret().context("cannot make a secret")?, true),
            };
            let applications = open(data)?;
            let record = activity(Operation::CreateToken, format!("applications/{client_id}"), grant.properties());
            let Grant { roles, workspaces, expires } = grant;
            let register = || {
                let made = applications.create(&client_id, &secret, &roles, workspaces, expires);
                made.context("cannot register the application")
            };
            Notes::of(data).act(&record, register, |()| None)?;
            if is_new {
                println!("{}", secret.expose());
            }
        }
        AppCommand::List { data } => print!("{}", listing(&open(data.folder()?)?.list()?)),
        AppCommand::Delete { client_id, data } => {
            let data = data.folder()?;
            let applications = open(data)?;
            let record = activity(Operation::RevokeToken, format!("applications/{client_id}"), Vec::new());
            let delete = || applications.delete(&client_id).context("cannot delete the application");
            Notes::of(data).act(&record, delete, |()| None)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn open(data: &Path) -> anyhow::Result<Applications> {
    applications_of(data, Arc::new(tokens_of(data)?))
}

/// Reads a secret from a file, whose last line may end.
fn read_secret(file: &Path) -> anyhow::Result<Secret> {
    let text = match file == Path::new("-") {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(file),
    };
    let text = text.with_context(|| format!("cannot read the secret in {}", file.display()))?;
    let secret = Secret::new(text);
    Ok(Secret::new(secret.expose().trim_end_matches(['\r', '\n']).to_string()))
}

/// Returns a line an application: id, roles, workspaces, created, expires.
fn listing(applications: &[Application]) -> String {
    let mut out = String::new();
    for Application { id, roles, workspaces, created, expires, .. } in applications {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{id}\t{}", grants::cells(roles, workspaces, *created, *expires));
    }
    out
}
