//! `vidimus app`: applications that sign in by an id and a secret.

use super::token::{names_of, role, tokens_of};
use crate::activities::{Notes, activity};
use anyhow::{Context, bail};
use audit::Operation;
use auth::{Application, Applications, Role, Secret, Tokens, Workspaces};
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
        /// A role: Owner, Log Analytics Contributor, Log Analytics Reader, Monitoring Metrics Publisher or Data Purger.
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// A workspace that it may use, or `*` for all.
        #[arg(long = "workspace", value_name = "NAME", required = true)]
        workspaces: Vec<String>,
        /// When its secret ends, such as 2027-01-01; never by default.
        #[arg(long, value_name = "DATETIME", value_parser = super::query::instant)]
        expires: Option<i64>,
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

/// Where a server keeps its data.
#[derive(Debug, Args)]
struct DataArgs {
    /// The server's folder.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
}

/// Returns the applications of a server's folder, which are given tokens of `tokens`.
pub fn applications_of(data: &Path, tokens: Arc<Tokens>) -> anyhow::Result<Applications> {
    let opened = Applications::open(data.join("applications"), tokens, Arc::new(SystemClock));
    opened.context("cannot open the applications")
}

/// Runs the command.
pub fn run(args: AppArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        AppCommand::Create { client_id, client_secret_file, data, roles, workspaces, expires } => {
            let roles = roles.iter().map(|name| role(name)).collect::<Result<Vec<Role>, _>>()?;
            let workspaces = match workspaces.iter().any(|name| name == "*") {
                true => Workspaces::All,
                false => Workspaces::Named(workspaces),
            };
            let (secret, is_new) = match &client_secret_file {
                Some(file) => (read_secret(file)?, false),
                None => (Applications::new_secret().context("cannot make a secret")?, true),
            };
            let applications = open(&data)?;
            let role_names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            let mut properties =
                vec![("roles".to_string(), role_names.join(",")), ("workspaces".to_string(), names_of(&workspaces))];
            properties.extend(expires.map(|expires| ("expires".to_string(), schema::ticks::datetime_text(expires))));
            let record = activity(Operation::CreateToken, format!("applications/{client_id}"), properties);
            let register = || {
                let made = applications.create(&client_id, &secret, &roles, workspaces.clone(), expires);
                made.context("cannot register the application")
            };
            Notes::of(&data.data).act(&record, register, |()| None)?;
            if is_new {
                println!("{}", secret.expose());
            }
        }
        AppCommand::List { data } => print!("{}", listing(&open(&data)?.list()?)),
        AppCommand::Delete { client_id, data } => {
            let applications = open(&data)?;
            let record = activity(Operation::RevokeToken, format!("applications/{client_id}"), Vec::new());
            let delete = || applications.delete(&client_id).context("cannot delete the application");
            Notes::of(&data.data).act(&record, delete, |()| None)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn open(data: &DataArgs) -> anyhow::Result<Applications> {
    if !data.data.is_dir() {
        bail!("there is no folder {}", data.data.display());
    }
    applications_of(&data.data, Arc::new(tokens_of(&data.data)?))
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
    for application in applications {
        let roles: Vec<&str> = application.roles.iter().map(|role| role.name()).collect();
        let workspaces = names_of(&application.workspaces);
        let created = schema::ticks::datetime_text(application.created);
        let expires = application.expires.map_or_else(|| "-".to_string(), schema::ticks::datetime_text);
        // Writing to a String does not fail.
        let _ = writeln!(out, "{}\t{}\t{workspaces}\t{created}\t{expires}", application.id, roles.join(","));
    }
    out
}
