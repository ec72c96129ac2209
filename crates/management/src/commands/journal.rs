//! `.show journal` and its kin: what was changed, as the log has it.

use crate::args::Args;
use crate::command::{Columns, Command, Datetime, Family, Guid, Rows, Text, text};
use crate::context::Context;
use crate::error::CommandError;
use crate::reader::Reader;
use auth::Action;
use entities::JournalEntry;
use schema::Value;

/// Commands that show what was changed.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show journal", needs: &[], columns: JOURNAL, body: journal },
        Command { syntax: "show cluster journal", needs: &[], columns: JOURNAL, body: journal },
        Command { syntax: "show database journal", needs: &[Action::Read], columns: JOURNAL, body: journal },
        Command { syntax: "show database <database> journal", needs: &[], columns: JOURNAL, body: journal },
    ],
    refused: &[],
};

const JOURNAL: Columns = &[
    ("Event", Text),
    ("EventTimestamp", Datetime),
    ("Database", Text),
    ("EntityName", Text),
    ("UpdatedEntityName", Text),
    ("EntityVersion", Text),
    ("EntityContainerName", Text),
    ("OriginalEntityState", Text),
    ("UpdatedEntityState", Text),
    ("ChangeCommand", Text),
    ("Principal", Text),
    ("RootActivityId", Guid),
    ("ClientRequestId", Text),
    ("User", Text),
    ("OriginalEntityVersion", Text),
];

/// Every change; who asked for it stands among the acts of management, to which the log refers.
fn journal(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let mut rows = Rows::new();
    for database in context.databases_of(args)? {
        let entities = context.workspace_of(&database)?.entities();
        rows.extend(entities.journal().iter().map(|entry| row(&database, entry)));
    }
    Ok(rows)
}

fn row(database: &str, entry: &JournalEntry) -> Vec<Value> {
    let version = |version: u64| text(format!("v{version}.0"));
    vec![
        text(&entry.event),
        Value::Datetime(entry.time),
        text(database),
        text(&entry.name),
        text(&entry.updated_name),
        version(entry.version),
        text(entry.kind),
        text(""),
        text(format!("log entry {}", entry.entry)),
        text(""),
        text(""),
        Value::null(Guid),
        text(""),
        text(""),
        version(entry.version.saturating_sub(1)),
    ]
}

/// Reads a version, such as `v24.0`: the number of changes.
pub fn version_of(reader: &mut Reader<'_>) -> Result<u64, CommandError> {
    let wrong = reader.expected("a version, such as `v24.0`");
    let text = match reader.string() {
        Some(text) => text,
        None => {
            let word = reader.peek(0).to_string();
            reader.skip();
            // The lexer may take the fraction for a part of the number, or not.
            while reader.sign(".") || reader.peek(0).bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
                if !reader.is_at_end() && reader.peek(0) != "." {
                    reader.skip();
                }
            }
            word
        }
    };
    let major = text.trim_start_matches(['v', 'V']).split('.').next().unwrap_or_default();
    major.parse().map_err(|_| wrong)
}
