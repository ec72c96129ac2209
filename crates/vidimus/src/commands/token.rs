//! `vidimus token`: API tokens of a server's data.

use crate::activities::{Notes, activity};
use crate::grants::{self, DataArgs, Grant, GrantArgs};
use anyhow::Context;
use audit::Operation;
use auth::{NewToken, Token, Tokens};
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::Path;
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
        #[command(flatten)]
        grant: GrantArgs,
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

/// Returns the tokens of a server's folder.
pub fn tokens_of(data: &Path) -> anyhow::Result<Tokens> {
    Tokens::open(data.join("tokens"), Arc::new(SystemClock)).context("cannot open the tokens")
}

/// Runs the command.
pub fn run(args: TokenArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        TokenCommand::Create { name, data, grant } => {
            let (grant, data) = (grant.grant()?, data.folder()?);
            let made = create(data, &tokens_of(data)?, &name, grant)?;
            println!("{}", made.text.expose());
        }
        TokenCommand::List { data } => print!("{}", listing(&tokens_of(data.folder()?)?.list()?)),
        TokenCommand::Revoke { id, data } => {
            let data = data.folder()?;
            let tokens = tokens_of(data)?;
            let record = activity(Operation::RevokeToken, format!("tokens/{id}"), Vec::new());
            let revoke = || tokens.revoke(&id).context("cannot revoke the token");
            Notes::of(data).act(&record, revoke, |()| None)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a token, and notes that.
pub fn create(data: &Path, tokens: &Tokens, name: &str, grant: Grant) -> anyhow::Result<NewToken> {
    let named = ("name".to_string(), name.to_string());
    let properties = std::iter::once(named).chain(grant.properties()).collect();
    let record = activity(Operation::CreateToken, "tokens".to_string(), properties);
    let Grant { roles, workspaces, expires } = grant;
    let make = || tokens.create(name, &roles, workspaces, expires).context("cannot make the token");
    Notes::of(data).act(&record, make, |made| Some(made.id.clone()))
}

/// Returns a line a token: id, name, roles, workspaces, created, expires.
fn listing(tokens: &[Token]) -> String {
    let mut out = String::new();
    for Token { id, name, roles, workspaces, created, expires, .. } in tokens {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{id}\t{name}\t{}", grants::cells(roles, workspaces, *created, *expires));
    }
    out
}
