//! `.alter table policy ingestiontime`: every record has the time of its ingestion, so that there is nothing to turn on or off.

use super::retention::{POLICY, policy_of};
use crate::args::Args;
use crate::command::{Command, Family, Rows};
use crate::context::Context;
use crate::error::CommandError;
use auth::Action;

/// Commands about the policy of ingestion times.
pub static FAMILY: Family = Family {
    commands: &[
        Command {
            syntax: "alter table <table> policy ingestiontime <flag>",
            needs: MANAGE,
            columns: POLICY,
            body: alter,
        },
        Command {
            syntax: "alter tables (<tables>) policy ingestiontime <flag>",
            needs: MANAGE,
            columns: POLICY,
            body: alter,
        },
    ],
    refused: &[],
};

const MANAGE: &[Action] = &[Action::Manage];

/// Changes nothing where it is as it is wanted.
fn alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let flag = args.name("flag")?;
    match flag.text.to_ascii_lowercase().as_str() {
        "true" => policy_of(context, args, "IngestionTimePolicy"),
        "false" => {
            let why =
                "the time of ingestion is that of the sealing, which every record has: the policy cannot be turned off";
            Err(CommandError::semantic(flag.span, why))
        }
        other => Err(CommandError::semantic(flag.span, format!("`{other}` is neither `true` nor `false`"))),
    }
}
