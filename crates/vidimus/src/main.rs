//! `vidimus`: one program that records, keeps, asks, acts on and shows audit logs. Subcommands are thin; every
//! capability is a library crate behind it.

mod activities;
mod anchoring;
mod batch;
mod commands;
mod draw;
mod encryption;
mod evidence;
mod following;
mod grants;
mod importing;
mod inputs;
mod interrupt;
mod remote;
mod runner;
mod shell;
mod show;
mod store;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Batches are large and short-lived: the system's allocator gives their pages back and fetches them again each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The audit-log platform that proves what it says.
#[derive(Debug, Parser)]
#[command(name = "vidimus", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Query(Box<commands::query::QueryArgs>),
    Shell(commands::shell::ShellArgs),
    Check(commands::check::CheckArgs),
    Schema(commands::schema::SchemaArgs),
    Demo(commands::demo::DemoArgs),
    Serve(commands::serve::ServeArgs),
    Import(commands::import::ImportArgs),
    Pull(commands::pull::PullArgs),
    Tail(commands::tail::TailArgs),
    Sources(commands::sources::SourcesArgs),
    Export(commands::export::ExportArgs),
    Prove(commands::prove::ProveArgs),
    Retention(commands::retention::RetentionArgs),
    Hold(commands::hold::HoldArgs),
    Erase(commands::erase::EraseArgs),
    Purge(commands::purge::PurgeArgs),
    Verify(commands::verify::VerifyArgs),
    Token(commands::token::TokenArgs),
    Rule(commands::rule::RuleArgs),
    SharedKey(commands::shared_key::SharedKeyArgs),
    App(commands::app::AppArgs),
    Keys(commands::keys::KeysArgs),
    Backup(commands::backup::BackupArgs),
    Restore(commands::restore::RestoreArgs),
    Witness(commands::witness::WitnessArgs),
    ReadColumns(commands::read_columns::ReadColumnsArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Query(args) => commands::query::run(*args),
        Command::Shell(args) => commands::shell::run(args),
        Command::Check(args) => commands::check::run(args),
        Command::Schema(args) => commands::schema::run(args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Serve(args) => commands::serve::run(args),
        Command::Import(args) => commands::import::run(args),
        Command::Pull(args) => commands::pull::run(args),
        Command::Tail(args) => commands::tail::run(args),
        Command::Sources(args) => commands::sources::run(args),
        Command::Export(args) => commands::export::run(args),
        Command::Prove(args) => commands::prove::run(args),
        Command::Retention(args) => commands::retention::run(args),
        Command::Hold(args) => commands::hold::run(args),
        Command::Erase(args) => commands::erase::run(args),
        Command::Purge(args) => commands::purge::run(args),
        Command::Verify(args) => commands::verify::run(args),
        Command::Token(args) => commands::token::run(args),
        Command::Rule(args) => commands::rule::run(args),
        Command::SharedKey(args) => commands::shared_key::run(args),
        Command::App(args) => commands::app::run(args),
        Command::Keys(args) => commands::keys::run(args),
        Command::Backup(args) => commands::backup::run(args),
        Command::Restore(args) => commands::restore::run(args),
        Command::Witness(args) => commands::witness::run(args),
        Command::ReadColumns(args) => Ok(commands::read_columns::run(&args)),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("vidimus: {error:#}");
            ExitCode::FAILURE
        }
    }
}
