//! `.alter table policy retention` and its kin. Kusto's period counts from when records came in, and so does retention here: where both mean
//! the same it is set, in the lengths that the store has.

use crate::args::Args;
use crate::command::{Columns, Command, Family, Rows, Text, text};
use crate::context::Context;
use crate::error::CommandError;
use audit::Operation;
use auth::Action;
use ingest::NamedTable;
use kql::Span;
use lifecycle::{DAY, Document, Retention, Rules};
use schema::ticks;
use serde_json::{Value as Json, json};

/// Commands about policies: the one that can be set, and what is shown of the others.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show table <table> policy <policy>", needs: READ, columns: POLICY, body: of_tables },
        Command { syntax: "show table * policy <policy>", needs: READ, columns: POLICY, body: of_tables },
        Command { syntax: "show tables (<tables>) policy <policy>", needs: READ, columns: POLICY, body: of_tables },
        Command { syntax: "show database <database> policy <policy>", needs: READ, columns: POLICY, body: of_database },
        Command { syntax: "show database policy <policy>", needs: READ, columns: POLICY, body: of_database },
        Command { syntax: "show cluster policy <policy>", needs: READ, columns: POLICY, body: of_cluster },
        Command { syntax: "alter table <table> policy retention ...", needs: MANAGE, columns: POLICY, body: alter },
        Command {
            syntax: "alter-merge table <table> policy retention ...",
            needs: MANAGE,
            columns: POLICY,
            body: alter_merge,
        },
        Command { syntax: "delete table <table> policy retention", needs: MANAGE, columns: POLICY, body: delete },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];
const MANAGE: &[Action] = &[Action::Manage];
pub(super) const POLICY: Columns =
    &[("PolicyName", Text), ("EntityName", Text), ("Policy", Text), ("ChildEntities", Text), ("EntityType", Text)];

/// Policies by the word of the grammar and the name that is shown.
const POLICIES: [(&str, &str); 18] = [
    ("retention", "RetentionPolicy"),
    ("caching", "CachingPolicy"),
    ("merge", "ExtentsMergePolicy"),
    ("sharding", "ShardingPolicy"),
    ("update", "UpdatePolicy"),
    ("ingestiontime", "IngestionTimePolicy"),
    ("ingestionbatching", "IngestionBatchingPolicy"),
    ("streamingingestion", "StreamingIngestionPolicy"),
    ("roworder", "RowOrderPolicy"),
    ("partitioning", "PartitioningPolicy"),
    ("encoding", "EncodingPolicy"),
    ("auto_delete", "AutoDeletePolicy"),
    ("row_level_security", "RowLevelSecurityPolicy"),
    ("restricted_view_access", "RestrictedViewAccessPolicy"),
    ("capacity", "CapacityPolicy"),
    ("callout", "CalloutPolicy"),
    ("multidatabaseadmins", "MultiDatabaseAdminsPolicy"),
    ("request_classification", "RequestClassificationPolicy"),
];

/// Returns a table's retention as Kusto writes it; null where records are kept for ever.
pub fn document(rules: &Rules, stored: &str) -> Json {
    match rules.policy(stored).and_then(|policy| policy.retention.days()) {
        Some(days) => {
            let period = ticks::timespan_text(i64::from(days).saturating_mul(DAY));
            json!({ "SoftDeletePeriod": period, "Recoverability": "Disabled" })
        }
        None => Json::Null,
    }
}

/// Returns the name that is shown of a policy that a command names.
fn policy_name(args: &Args<'_>) -> Result<&'static str, CommandError> {
    let word = args.name("policy")?;
    let found = POLICIES.iter().find(|(of, _)| of.eq_ignore_ascii_case(&word.text));
    let unknown = || CommandError::semantic(word.span, format!("there is no policy `{}`", word.text));
    found.map(|(_, name)| *name).ok_or_else(unknown)
}

fn row(context: &Context<'_>, policy: &str, table: &NamedTable, rules: &Rules) -> Vec<schema::Value> {
    let entity = format!("[{}].[{}]", context.database(), table.name);
    let document = match policy {
        "RetentionPolicy" => document(rules, table.table.name()),
        "IngestionTimePolicy" => json!({ "IsEnabled": true }),
        _ => Json::Null,
    };
    vec![text(policy), text(entity), text(document.to_string()), text(""), text("Table")]
}

fn of_tables(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    policy_of(context, args, policy_name(args)?)
}

/// Returns a policy of the tables that a command names.
pub(super) fn policy_of(context: &Context<'_>, args: &Args<'_>, policy: &str) -> Result<Rows, CommandError> {
    let rules = context.manager.vault.rules(context.database())?;
    let tables = super::show_tables::wanted(context, args)?;
    Ok(tables.iter().map(|table| row(context, policy, table, &rules)).collect())
}

/// A database has no policies of its own.
fn of_database(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    super::mappings::of_request(context, args)?;
    let policy = policy_name(args)?;
    Ok(vec![vec![text(policy), text(context.database()), text("null"), text(""), text("Database")]])
}

fn of_cluster(_: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    Ok(vec![vec![text(policy_name(args)?), text(""), text("null"), text(""), text("Cluster")]])
}

/// `.alter table T policy retention '{"SoftDeletePeriod": "30.00:00:00", "Recoverability": "Disabled"}'`
fn alter(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let at = args.reader.span();
    let policy = args.reader.expect_string("the policy, a text that holds a JSON object")?;
    args.reader.expect_end()?;
    let policy: serde_json::Map<String, Json> = serde_json::from_str(&policy)
        .map_err(|error| CommandError::semantic(at, format!("the policy is no JSON object: {error}")))?;
    let (mut period, mut recoverability) = (None, None);
    for (name, value) in &policy {
        match (name.to_ascii_lowercase().as_str(), value.as_str()) {
            ("softdeleteperiod", Some(text)) => period = ticks::parse_timespan(text),
            ("recoverability", Some(text)) => recoverability = Some(text.to_string()),
            _ => {
                return Err(CommandError::semantic(
                    at,
                    format!("a retention policy has no property `{name}: {value}`"),
                ));
            }
        }
    }
    let period =
        period.ok_or_else(|| CommandError::semantic(at, "the policy has no `SoftDeletePeriod`, a timespan"))?;
    set(context, args, at, Some(period), recoverability.as_deref())
}

/// `.alter-merge table T policy retention softdelete = 30d recoverability = disabled`
fn alter_merge(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let at = args.reader.span();
    if args.reader.peek(0).starts_with(['\'', '"', '@', '`', '~']) {
        return alter(context, args);
    }
    let (mut period, mut recoverability) = (None, None);
    while !args.reader.is_at_end() {
        let at = args.reader.span();
        let name = args.reader.expect_name("`softdelete` or `recoverability`")?;
        args.reader.expect("=")?;
        let value = args.reader.peek(0).to_string();
        args.reader.skip();
        match name.text.to_ascii_lowercase().as_str() {
            "softdelete" => {
                period = schema::ticks::parse_timespan(&value);
                if period.is_none() {
                    return Err(CommandError::semantic(at, format!("`{value}` is no timespan")));
                }
            }
            "recoverability" => recoverability = Some(value),
            _ => return Err(CommandError::semantic(at, format!("a retention policy has no `{}`", name.text))),
        }
    }
    set(context, args, at, period, recoverability.as_deref())
}

/// Records are kept for ever again.
fn delete(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let table = context.table(&args.name("table")?.text)?;
    govern(context, &table, None)
}

fn set(
    context: &Context<'_>,
    args: &Args<'_>,
    at: Span,
    period: Option<i64>,
    recoverability: Option<&str>,
) -> Result<Rows, CommandError> {
    if recoverability.is_none_or(|text| !text.eq_ignore_ascii_case("disabled")) {
        let message = "what is over its retention is destroyed and cannot be recovered: say that it is `disabled`";
        return Err(CommandError::semantic(at, message));
    }
    let table = context.table(&args.name("table")?.text)?;
    let Some(period) = period else { return Err(CommandError::semantic(at, "the policy has no period")) };
    if period <= 0 || period % DAY != 0 {
        return Err(CommandError::semantic(at, "retention is in whole days"));
    }
    let days = u32::try_from(period / DAY).map_err(|_| CommandError::semantic(at, "the period is too long"))?;
    govern(context, &table, Some(days))
}

fn govern(context: &Context<'_>, table: &NamedTable, days: Option<u32>) -> Result<Rows, CommandError> {
    let retention = Retention {
        table: table.name.clone(),
        retention_in_days: days.filter(|days| *days <= 730),
        total_retention_in_days: days,
        reason: "asked for by a management command".to_string(),
    };
    let vault = &context.manager.vault;
    context.act(Operation::SetRetention, &format!("tables/{}", table.name), |asked| {
        Ok(vault.govern(context.database(), Document::Retention(retention), asked)?)
    })?;
    Ok(vec![row(context, "RetentionPolicy", table, &vault.rules(context.database())?)])
}
