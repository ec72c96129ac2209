//! `.show queries`, `.show commands`, `.cancel query`: what runs now, and what ran a short while ago.

use crate::args::Args;
use crate::command::{Columns, Command, Datetime, Dynamic, Family, Guid, Long, Rows, Text, Timespan, text};
use crate::context::{Context, QueryInfo};
use crate::error::CommandError;
use audit::Operation;
use auth::Action;
use schema::{Dynamic as Tree, Value};

/// Commands about queries.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show queries", needs: &[Action::Read], columns: QUERIES, body: queries },
        Command { syntax: "show running queries", needs: &[Action::Read], columns: QUERIES, body: running },
        Command {
            syntax: "show running queries by user <user>",
            needs: &[Action::Read],
            columns: QUERIES,
            body: running,
        },
        Command { syntax: "show running queries by *", needs: &[Action::Read], columns: QUERIES, body: running },
        Command { syntax: "show commands", needs: &[Action::Read], columns: COMMANDS, body: commands },
        Command { syntax: "show commands-and-queries", needs: &[Action::Read], columns: BOTH, body: both },
        Command { syntax: "cancel query ...", needs: &[Action::Read], columns: CANCELLED, body: cancel },
    ],
    refused: &[],
};

const QUERIES: Columns = &[
    ("ClientActivityId", Text),
    ("Text", Text),
    ("Database", Text),
    ("StartedOn", Datetime),
    ("LastUpdatedOn", Datetime),
    ("Duration", Timespan),
    ("State", Text),
    ("RootActivityId", Guid),
    ("User", Text),
    ("FailureReason", Text),
    ("TotalCpu", Timespan),
    ("CacheStatistics", Dynamic),
    ("Application", Text),
    ("MemoryPeak", Long),
    ("ScannedExtentsStatistics", Dynamic),
    ("Principal", Text),
    ("ClientRequestProperties", Dynamic),
    ("ResultSetStatistics", Dynamic),
    ("WorkloadGroup", Text),
];

const COMMANDS: Columns = &[
    ("ClientActivityId", Text),
    ("CommandType", Text),
    ("Text", Text),
    ("Database", Text),
    ("StartedOn", Datetime),
    ("LastUpdatedOn", Datetime),
    ("Duration", Timespan),
    ("State", Text),
    ("RootActivityId", Guid),
    ("User", Text),
    ("FailureReason", Text),
    ("Application", Text),
    ("Principal", Text),
    ("TotalCpu", Timespan),
    ("ResourcesUtilization", Dynamic),
    ("ClientRequestProperties", Dynamic),
    ("WorkloadGroup", Text),
];

const BOTH: Columns = &[
    ("ClientActivityId", Text),
    ("CommandType", Text),
    ("Text", Text),
    ("Database", Text),
    ("StartedOn", Datetime),
    ("LastUpdatedOn", Datetime),
    ("Duration", Timespan),
    ("State", Text),
    ("FailureReason", Text),
    ("RootActivityId", Guid),
    ("User", Text),
    ("Application", Text),
    ("Principal", Text),
    ("ClientRequestProperties", Dynamic),
    ("TotalCpu", Timespan),
    ("MemoryPeak", Long),
    ("CacheStatistics", Dynamic),
    ("ScannedExtentsStatistics", Dynamic),
    ("ResultSetStatistics", Dynamic),
    ("WorkloadGroup", Text),
];

const CANCELLED: Columns = &[("RunningQueryCanceled", crate::command::Bool), ("ClientRequestId", Text)];

/// Bytes of a query's text that are shown at most.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Returns the value of a column of any of the three lists.
fn value(info: &QueryInfo, column: &str, ktype: schema::KqlType) -> Value {
    let mut end = info.text.len().min(TEXT_BYTES_MAX);
    while !info.text.is_char_boundary(end) {
        end -= 1;
    }
    match column {
        "ClientActivityId" => text(&info.client_request_id),
        "CommandType" if !info.is_command => text("Query"),
        "CommandType" => text(command_type(&info.text)),
        "Text" => text(info.text.get(..end).unwrap_or_default()),
        "Database" => text(&info.database),
        "StartedOn" => Value::Datetime(info.started),
        "LastUpdatedOn" => Value::Datetime(info.updated),
        "Duration" => Value::Timespan(info.duration),
        "State" => text(&info.state),
        "RootActivityId" => Value::Guid(info.activity_id.clone()),
        "User" | "Principal" => text(&info.principal),
        "FailureReason" => text(&info.failure),
        "Application" => text(&info.application),
        "MemoryPeak" => info.memory_peak_bytes.map_or(Value::null(Long), crate::command::count),
        "ResultSetStatistics" => match info.rows.and_then(|rows| i64::try_from(rows).ok()) {
            Some(rows) => Value::Dynamic(Tree::Bag(vec![("TableRowCount".to_string(), Tree::from_long(rows))])),
            None => Value::null(Dynamic),
        },
        "WorkloadGroup" => text("default"),
        _ => Value::null(ktype),
    }
}

/// Returns the kind of a command: its first words, put together.
fn command_type(command: &str) -> String {
    let words = command.trim_start_matches('.').split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let words = words.take(2).map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{}", first.to_ascii_uppercase(), rest)
    });
    words.collect()
}

/// Returns rows for those that are wanted. Everybody sees their own; who manages the database sees all.
fn rows(context: &Context<'_>, columns: Columns, is_wanted: impl Fn(&QueryInfo) -> bool) -> Rows {
    let sees_all = context.may(Action::Manage, context.database());
    let own = &context.request.principal.id;
    let infos = context.manager.queries.list(context.database());
    let infos = infos.iter().filter(|info| (sees_all || info.principal_id == *own) && is_wanted(info));
    infos.map(|info| columns.iter().map(|(name, ktype)| value(info, name, *ktype)).collect()).collect()
}

fn queries(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(rows(context, QUERIES, |info| !info.is_command))
}

fn running(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let user = args.names("user").first().map(|name| name.text.clone());
    let is_running = |info: &QueryInfo| !info.is_command && info.state == "InProgress";
    Ok(rows(context, QUERIES, |info| is_running(info) && user.as_ref().is_none_or(|user| info.principal == *user)))
}

fn commands(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(rows(context, COMMANDS, |info| info.is_command))
}

fn both(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(rows(context, BOTH, |_| true))
}

/// Stops the caller's own queries of a client request id; who manages the database may stop those of others.
fn cancel(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let id = args.reader.expect_string("the client request id of the query, in quotes")?;
    args.reader.properties()?;
    args.reader.expect_end()?;
    let own = &context.request.principal.id;
    let infos = context.manager.queries.list(context.database());
    let is_other = |info: &QueryInfo| info.client_request_id == id && info.principal_id != *own;
    if infos.iter().any(is_other) {
        context.require(Action::Manage, context.database())?;
    }
    let n_stopped = context
        .act(Operation::CancelQuery, "queries", |_| Ok(context.manager.queries.cancel(context.database(), &id)))?;
    Ok(vec![vec![Value::Bool(n_stopped > 0), text(id)]])
}
