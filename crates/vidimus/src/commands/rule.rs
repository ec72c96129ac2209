//! `vidimus rule`: data collection rules of a server.

use super::import::ToServerArgs;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// Save, list, show and delete data collection rules: what the Logs Ingestion API takes, and what becomes of it.
#[derive(Debug, Args)]
pub struct RuleArgs {
    #[command(subcommand)]
    command: RuleCommand,
}

/// Where in Azure's resource manager rules are, for programs that ask for them there.
#[derive(Debug, Args)]
struct GroupArgs {
    /// The subscription of the rule's address.
    #[arg(long, value_name = "ID", default_value = "00000000-0000-0000-0000-000000000000")]
    subscription: String,
    /// The resource group of the rule's address.
    #[arg(long, value_name = "NAME", default_value = "vidimus")]
    resource_group: String,
    #[command(flatten)]
    server: ToServerArgs,
}

#[derive(Debug, Subcommand)]
enum RuleCommand {
    /// Save a rule and print its immutable id, by which records are sent to it.
    Put {
        /// The rule as JSON, as Azure has it; a workspace may be named by its name.
        file: PathBuf,
        /// The rule's name; by default the one in the file.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        group: GroupArgs,
    },
    /// List the rules: immutable id, name, streams.
    List {
        #[command(flatten)]
        group: GroupArgs,
    },
    /// Print a rule.
    Show {
        name: String,
        #[command(flatten)]
        group: GroupArgs,
    },
    /// Delete a rule: nothing is taken for it any more.
    Delete {
        name: String,
        #[command(flatten)]
        group: GroupArgs,
    },
}

impl GroupArgs {
    /// Calls the address of a rule, or of all, and returns what it answers.
    fn call(&self, method: &str, name: Option<&str>, body: Vec<u8>) -> anyhow::Result<Value> {
        if let Some(name) = name.filter(|name| !is_segment(name)) {
            bail!("`{name}` cannot name a rule: letters, digits, `_`, `-` and `.`");
        }
        let (subscription, group) = (&self.subscription, &self.resource_group);
        let of = format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Insights");
        let name = name.map(|name| format!("/{name}")).unwrap_or_default();
        let path = format!("{of}/dataCollectionRules{name}?api-version=2023-03-11");
        let answer = self.server.server()?.call(method, &path, &[], body)?.accepted()?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).context("the server's answer is no JSON")
    }
}

fn is_segment(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().all(is_plain) && name.chars().any(|c| c != '.')
}

/// Runs the command.
pub fn run(args: RuleArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        RuleCommand::Put { file, name, group } => {
            let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let rule: Value = serde_json::from_slice(&text).context("the file is no JSON")?;
            let name = name.or_else(|| rule["name"].as_str().map(str::to_string));
            let name = name.context("the rule has no name: give --name")?;
            let saved = group.call("PUT", Some(&name), text)?;
            println!("{}", saved["properties"]["immutableId"].as_str().unwrap_or_default());
        }
        RuleCommand::List { group } => {
            let rules = group.call("GET", None, Vec::new())?;
            for rule in rules["value"].as_array().into_iter().flatten() {
                println!("{}", to_line(rule));
            }
        }
        RuleCommand::Show { name, group } => {
            let rule = group.call("GET", Some(&name), Vec::new())?;
            println!("{}", serde_json::to_string_pretty(&rule)?);
        }
        RuleCommand::Delete { name, group } => drop(group.call("DELETE", Some(&name), Vec::new())?),
    }
    Ok(ExitCode::SUCCESS)
}

fn to_line(rule: &Value) -> String {
    let flows = rule["properties"]["dataFlows"].as_array().into_iter().flatten();
    let streams = flows.flat_map(|flow| flow["streams"].as_array().into_iter().flatten());
    let streams: Vec<&str> = streams.filter_map(Value::as_str).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    format!("{}\t{}\t{}", text(&rule["properties"]["immutableId"]), text(&rule["name"]), streams.join(","))
}
