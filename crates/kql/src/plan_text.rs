//! A plan as text, a line per node, the nodes below indented: what `vidimus query --explain` prints first.
//!
//! ```text
//! sort n#4 desc                                                   Category#2:string, n#4:long
//!   summarize by Category#2: n#4 = count()                        Category#2:string, n#4:long
//!     where Level#1 == "Error"                                    Category#2:string, Level#1:string
//!       table Logs                                                Category#2:string, Level#1:string
//! ```
//!
//! A column is its name and id, as names may repeat.

use crate::plan::{Aggregate, ColumnId, Expr, Field, JoinKind, Node, Plan};
use schema::{KqlType, Value};
use std::collections::HashMap;
use std::fmt;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Names::default();
        names.learn(self);
        names.write(self, 0, f)
    }
}

/// The name of each column of a plan.
#[derive(Default)]
struct Names<'p>(HashMap<ColumnId, &'p str>);

/// Columns of a node that are listed at most.
const COLUMNS_MAX: usize = 12;

impl<'p> Names<'p> {
    fn learn(&mut self, plan: &'p Plan) {
        plan.inputs().into_iter().for_each(|input| self.learn(input));
        // The outermost name is what the query's author reads; columns of tables are below.
        self.0.extend(plan.columns.iter().map(|field| (field.id, field.name.as_str())));
    }

    fn write(&self, plan: &Plan, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{:depth$}{}", "", self.node(plan), depth = depth * 2);
        let shown: Vec<String> = plan.columns.iter().take(COLUMNS_MAX).map(|field| self.typed(field)).collect();
        let more = plan.columns.len().saturating_sub(COLUMNS_MAX);
        let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
        writeln!(f, "{line:<72}  {}{rest}", shown.join(", "))?;
        plan.inputs().into_iter().try_for_each(|input| self.write(input, depth + 1, f))
    }

    fn node(&self, plan: &Plan) -> String {
        match &plan.node {
            Node::Table { table, .. } => format!("table {table}"),
            Node::External { files } => format!("externaldata {}", files.paths.join(", ")),
            Node::Values { rows } => format!("values, {} rows", rows.len()),
            Node::Range { from, to, step } => {
                format!("range from {} to {} step {}", self.expr(from), self.expr(to), self.expr(step))
            }
            Node::Filter { predicate, .. } => format!("where {}", self.expr(predicate)),
            Node::Project { exprs, .. } => format!("project {}", self.assigned(&plan.columns, exprs)),
            Node::Window { calls, .. } => format!("window {}", self.list(calls)),
            Node::Aggregate { keys, aggregates, .. } => {
                let calls: Vec<String> = aggregates.iter().map(|aggregate| self.aggregate(aggregate)).collect();
                format!("summarize {} by {}", calls.join(", "), self.assigned(&plan.columns, keys))
            }
            Node::Sort { keys, .. } => {
                let keys: Vec<String> = keys
                    .iter()
                    .map(|key| {
                        let order = if key.descending { "desc" } else { "asc" };
                        let nulls = if key.nulls_first { "first" } else { "last" };
                        format!("{} {order} nulls {nulls}", self.expr(&key.expr))
                    })
                    .collect();
                format!("sort {}", keys.join(", "))
            }
            Node::Take { count, .. } => format!("take {}", self.expr(count)),
            Node::Join { kind, on, .. } => {
                let on: Vec<String> =
                    on.iter().map(|(left, right)| format!("{} == {}", self.expr(left), self.expr(right))).collect();
                format!("join {} on {}", join_kind(*kind), on.join(", "))
            }
            Node::Union { inputs, .. } => format!("union of {}", inputs.len()),
            Node::MvExpand { items, .. } => {
                let items: Vec<String> = items.iter().map(|item| self.expr(&item.expr)).collect();
                format!("mv-expand {}", items.join(", "))
            }
            Node::Parse { subject, .. } => format!("parse {}", self.expr(subject)),
            Node::ParseKv { subject, .. } => format!("parse-kv {}", self.expr(subject)),
            Node::MakeSeries { keys, aggregates, axis, step, .. } => {
                let calls: Vec<String> = aggregates.iter().map(|(aggregate, _)| self.aggregate(aggregate)).collect();
                let (axis, step, keys) = (self.expr(axis), self.expr(step), self.list(keys));
                format!("make-series {} on {axis} step {step} by {keys}", calls.join(", "))
            }
            Node::Scan { steps, .. } => {
                let steps: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
                format!("scan steps {}", steps.join(", "))
            }
            Node::Plugin { name, .. } => format!("evaluate {name}"),
            Node::Reduce { subject, .. } => format!("reduce by {}", self.expr(subject)),
            Node::Sample { count, .. } => format!("sample {}", self.expr(count)),
            Node::SampleDistinct { subject, count, .. } => {
                format!("sample-distinct {} of {}", self.expr(count), self.expr(subject))
            }
            Node::Shared { id, .. } => format!("shared {id}"),
            Node::Materialised { handle } => format!("result {handle}"),
            Node::Partition { keys, .. } => {
                let keys: Vec<String> = keys.iter().map(|id| self.name(*id)).collect();
                format!("partition by {}", keys.join(", "))
            }
            Node::PartitionInput => "rows of the partition".to_string(),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> String {
        let outputs: Vec<String> = aggregate.outputs.iter().map(|field| self.name(field.id)).collect();
        let filter =
            aggregate.filter.as_ref().map(|filter| format!(" where {}", self.expr(filter))).unwrap_or_default();
        format!("{} = {}({}){filter}", outputs.join(", "), aggregate.function, self.list(&aggregate.args))
    }

    /// `expr`, or `column = expr` where the column is a new one.
    fn assigned(&self, columns: &[Field], exprs: &[Expr]) -> String {
        let items = exprs.iter().zip(columns).map(|(expr, field)| match expr {
            Expr::Column { id, .. } if *id == field.id => self.name(*id),
            other => format!("{} = {}", self.name(field.id), self.expr(other)),
        });
        items.collect::<Vec<_>>().join(", ")
    }

    fn list(&self, exprs: &[Expr]) -> String {
        exprs.iter().map(|expr| self.expr(expr)).collect::<Vec<_>>().join(", ")
    }

    fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Literal(value) => literal(value),
            Expr::Column { id, .. } => self.name(*id),
            Expr::Call { function, args, .. } => match args.as_slice() {
                [target, key] if *function == "[]" => format!("{}[{}]", self.expr(target), self.expr(key)),
                [left, right] if is_infix(function) => format!("({} {function} {})", self.expr(left), self.expr(right)),
                _ => format!("{function}({})", self.list(args)),
            },
            Expr::Subquery { .. } => "toscalar(...)".to_string(),
            Expr::InTable { value, negated, ignore_case, .. } => {
                let operator = if *ignore_case { "in~" } else { "in" };
                format!("({} {}{operator} (...))", self.expr(value), if *negated { "!" } else { "" })
            }
        }
    }

    fn name(&self, id: ColumnId) -> String {
        format!("{}#{}", self.0.get(&id).copied().unwrap_or(""), id.0)
    }

    fn typed(&self, field: &Field) -> String {
        format!("{}#{}:{}", field.name, field.id.0, field.ktype)
    }
}

/// Returns whether a function of two arguments is written between them.
fn is_infix(function: &str) -> bool {
    const WORDS: &[&str] = &["and", "or", "has", "contains", "startswith", "endswith", "matches regex"];
    WORDS.contains(&function.trim_start_matches('!').trim_end_matches("_cs"))
        || function.bytes().all(|byte| byte.is_ascii_punctuation())
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Long(_) | Value::Bool(_) | Value::Real(_) if !value.is_null() => value.to_text(),
        other => match other.ktype() {
            KqlType::Int => format!("int({})", other.to_text()),
            ktype => format!("{ktype}({})", if other.is_null() { "null".to_string() } else { other.to_text() }),
        },
    }
}

fn join_kind(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner",
        JoinKind::LeftOuter => "leftouter",
        JoinKind::RightOuter => "rightouter",
        JoinKind::FullOuter => "fullouter",
        JoinKind::LeftSemi => "leftsemi",
        JoinKind::LeftAnti => "leftanti",
        JoinKind::RightSemi => "rightsemi",
        JoinKind::RightAnti => "rightanti",
    }
}
