//! `vidimus token`: API tokens of a server's data.

use crate::activities::{Notes, activity};
use anyhow::{Context, bail};
use audit::Operation;
use auth::{NewToken, Role, Token, Tokens, Workspaces};
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use stdx::SystemClock;

/// Make, list and revoke API tokens. A server that runs heeds the change at once.
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it: it is not shown again.
    Create {
        /// What the token is for.
        name: String,
        #[command(flatten)]
        data: DataArgs,
        /// A role: Owner, Log Analytics Contributor, Log Analytics Reader, Monitoring Metrics Publisher or Data Purger.
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// A workspace that it may use, or `*` for all.
        #[arg(long = "workspace", value_name = "NAME", required = true)]
        workspaces: Vec<String>,
        /// When it ends, such as 2027-01-01; never by default.
        #[arg(long, value_name = "DATETIME", value_parser = super::query::instant)]
        expires: Option<i64>,
    },
    /// List the tokens, without their secrets.
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Take a token back.
    Revoke {
        /// Its id, as listed.
        id: String,
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

/// Returns the tokens of a server's folder.
pub fn tokens_of(data: &Path) -> anyhow::Result<Tokens> {
    Tokens::open(data.join("tokens"), Arc::new(SystemClock)).context("cannot open the tokens")
}

/// Runs the command.
pub fn run(args: TokenArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        TokenCommand::Create { name, data, roles, workspaces, expires } => {
            let roles: Result<Vec<Role>, _> = roles.iter().map(|name| role(name)).collect();
            let workspaces = match workspaces.iter().any(|name| name == "*") {
                true => Workspaces::All,
                false => Workspaces::Named(workspaces),
            };
            let roles = roles?;
            let tokens = open(&data)?;
            let made = create(&data.data, &tokens, &name, &roles, workspaces, expires)?;
            println!("{}", made.text.expose());
        }
        TokenCommand::List { data } => print!("{}", listing(&open(&data)?.list()?)),
        TokenCommand::Revoke { id, data } => {
            let tokens = open(&data)?;
            let record = activity(Operation::RevokeToken, format!("tokens/{id}"), Vec::new());
            let revoke = || tokens.revoke(&id).context("cannot revoke the token");
            Notes::of(&data.data).act(&record, revoke, |()| None)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a token, and notes that.
pub fn create(
    data: &Path,
    tokens: &Tokens,
    name: &str,
    roles: &[Role],
    workspaces: Workspaces,
    expires: Option<i64>,
) -> anyhow::Result<NewToken> {
    let role_names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let mut properties = vec![
        ("name".to_string(), name.to_string()),
        ("roles".to_string(), role_names.join(",")),
        ("workspaces".to_string(), names_of(&workspaces)),
    ];
    properties.extend(expires.map(|expires| ("expires".to_string(), schema::ticks::datetime_text(expires))));
    let record = activity(Operation::CreateToken, "tokens".to_string(), properties);
    let make = || tokens.create(name, roles, workspaces, expires).context("cannot make the token");
    Notes::of(data).act(&record, make, |made| Some(made.id.clone()))
}

/// Returns the names of workspaces, separated by commas.
pub fn names_of(workspaces: &Workspaces) -> String {
    match workspaces {
        Workspaces::All => "*".to_string(),
        Workspaces::Named(names) => names.join(","),
    }
}

fn open(data: &DataArgs) -> anyhow::Result<Tokens> {
    if !data.data.is_dir() {
        bail!("there is no folder {}", data.data.display());
    }
    tokens_of(&data.data)
}

/// Returns the role of a name.
pub fn role(name: &str) -> Result<Role, auth::TokenError> {
    Role::from_name(name).ok_or_else(|| auth::TokenError::UnknownRole { name: name.to_string() })
}

/// Returns a line a token: id, name, roles, workspaces, created, expires.
fn listing(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        let roles: Vec<&str> = token.roles.iter().map(|role| role.name()).collect();
        let workspaces = names_of(&token.workspaces);
        let created = schema::ticks::datetime_text(token.created);
        let expires = token.expires.map_or_else(|| "-".to_string(), schema::ticks::datetime_text);
        // Writing to a String does not fail.
        let _ = writeln!(out, "{}\t{}\t{}\t{workspaces}\t{created}\t{expires}", token.id, token.name, roles.join(","));
    }
    out
}
