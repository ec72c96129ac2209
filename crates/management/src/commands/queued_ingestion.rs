//! `.get ingestion resources` and `.get kusto identity token`: queued ingestion, which is another cloud service's queue and is not here.

use crate::args::Args;
use crate::command::{Command, Family, Rows, Text};
use crate::context::Context;
use crate::error::CommandError;

/// Commands of queued ingestion.
pub static FAMILY: Family = Family {
    commands: &[
        Command {
            syntax: "get ingestion resources ...",
            needs: &[],
            columns: &[("ResourceTypeName", Text), ("StorageRoot", Text)],
            body: refuse,
        },
        Command {
            syntax: "get kusto identity token ...",
            needs: &[],
            columns: &[("AuthorizationContext", Text)],
            body: refuse,
        },
    ],
    refused: &[],
};

fn refuse(_: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    let message = "queued ingestion is not supported: there is no queue and no blob store. Use streaming ingestion \
                   (`/v1/rest/ingest/{database}/{table}`, in the SDKs the streaming client), or `.ingest inline`";
    Err(CommandError::Refused(message.to_string()))
}
