//! Binding: names and types found, operators reduced to the core plan.
//!
//! ```text
//! Block → statements in order, each `let` into a Scope → last expression → Plan
//! ```
//!
//! Binding never stops at the first problem: what cannot be bound becomes an *unknown* expression or an *open* relation,
//! which everything accepts in silence, so that one mistake gives one diagnostic.

mod aggregate;
mod call;
mod columns;
mod expand;
mod external;
mod find;
mod ingestion_time;
mod join;
mod macro_expand;
mod name;
mod nested;
mod others;
mod plugin;
mod projection;
mod refresh;
mod rows;
mod scalar;
mod scan;
mod scope;
mod search;
mod seen;
mod series;
mod source;
mod star;
mod statement;
mod tabular;
mod top_nested;
mod try_bind;
mod union;

pub use aggregate::BoundAggregate;
pub use expand::{ExpandColumn, ExpandOptions};
pub use projection::Projection;
pub use rows::ItemStyle;
pub use scope::Scope;
pub use series::SeriesParts;

use crate::catalog::{Catalog, FunctionCatalog, Host};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::plan::{BoundQuery, BoundResult, ColumnId, Expr, Field, Node, Plan};
use crate::render::Render;
use crate::syntax::ast::{self, PipeOperator};
use schema::{KqlType, Value};
use smol_str::SmolStr;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// A bound tabular expression.
#[derive(Debug, Clone)]
pub struct Relation {
    pub plan: Plan,
    /// Whether there may be further columns that are only known when there are rows: unknown names are then accepted.
    pub open: bool,
    /// Whether the rows have an order that window functions may rely on.
    pub serialized: bool,
    /// The visualization that a `render` asked for.
    pub render: Option<Render>,
    /// The table's own name, for `withsource`, `search` and `as`.
    pub name: Option<String>,
    /// Results beside the main one: `fork`, `facet`.
    pub extra: Vec<BoundResult>,
}

impl Relation {
    /// Makes a closed relation whose rows have no order.
    pub fn new(plan: Plan) -> Relation {
        Relation { plan, open: false, serialized: false, render: None, name: None, extra: Vec::new() }
    }

    /// Returns the column of a name.
    pub fn column(&self, name: &str) -> Option<&Field> {
        self.plan.columns.iter().find(|field| field.name == name)
    }

    /// Returns the columns.
    pub fn columns(&self) -> &[Field] {
        &self.plan.columns
    }
}

/// What an expression turned out to be.
#[derive(Debug, Clone)]
pub enum Bound {
    Scalar(Expr),
    Table(Relation),
    /// A database or cluster, as the target of a path.
    Database(Entity),
    /// `entity_group [...]`.
    Entities(Vec<Bound>),
    /// `*`, where it is allowed.
    Star,
}

/// A database or a cluster, by the names that the query gives it. All of them stand for the tables of the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entity {
    pub cluster: Option<String>,
    pub database: Option<String>,
    /// The name is not written in the query as it stands: a parameter's value.
    pub is_given: bool,
}

/// The columns that a scalar expression may name.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub columns: Vec<Field>,
    pub open: bool,
    /// `$left` and `$right` of a join.
    pub sides: Option<Box<(Row, Row)>>,
    pub serialized: bool,
    /// Names that stand for whole rows: the steps of `scan`, whose columns are read by `step.column`.
    pub nested: Vec<(String, Vec<Field>)>,
}

impl Row {
    /// Returns the row of a relation.
    pub fn of(relation: &Relation) -> Row {
        Row {
            columns: relation.plan.columns.clone(),
            open: relation.open,
            sides: None,
            serialized: relation.serialized,
            nested: Vec::new(),
        }
    }

    /// Returns a row without columns.
    pub fn none() -> Row {
        Row::default()
    }

    /// Returns the column of a name.
    pub fn column(&self, name: &str) -> Option<&Field> {
        self.columns.iter().find(|field| field.name == name)
    }
}

/// Name of the call that stands for what could not be bound.
const UNKNOWN: &str = "(unknown)";
/// Nesting of functions and expressions past which a query is refused.
const DEPTH_MAX: usize = 256;

/// Parts of expressions and columns of plans that names stand for, over all uses of such names. Each use is a copy, so that
/// `let`s and functions that name another one twice double it; past this, some hundred megabytes, a query is refused.
const COPIED_MAX: usize = 5_000_000;
/// Findings about dynamic values where they are not allowed. A column of which nothing is known counts as dynamic, so
/// where there is such a column they say nothing.
const BY_DYNAMIC: [&str; 3] = ["KS116", "KS206", "KS241"];

/// What a query is bound against.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    pub catalog: &'a dyn Catalog,
    pub functions: &'a dyn FunctionCatalog,
    /// Runs parts early; `None` when a query is only checked.
    pub host: Option<&'a dyn Host>,
    /// What `now()` gives, in ticks.
    pub now: i64,
    /// Who asks, for `current_principal()`.
    pub principal: &'a str,
    /// Values for `declare query_parameters`, by name, as KQL literals or plain text.
    pub parameters: &'a [(String, String)],
}

/// Binds one query.
pub struct Binder<'a> {
    pub(crate) text: &'a str,
    pub(crate) env: Environment<'a>,
    diagnostics: Vec<Diagnostic>,
    reported: HashSet<(&'static str, Span)>,
    next_column: u32,
    next_shared: u32,
    pub(crate) scope: Scope,
    depth: usize,
    /// What names have been replaced by so far, see [`COPIED_MAX`].
    copied: usize,
    /// When set, every finding is reported here: the call of a stored function whose own text the user does not see.
    span_override: Option<Span>,
    options: Vec<(String, Value)>,
    pub(crate) unnamed: usize,
    /// The rows that a pipe without a source reads.
    pub(crate) context: Option<Relation>,
    /// Inside of `partition by column { query }`: the column's name, and its value in the partition.
    pub(crate) partition_key: Option<(String, Expr)>,
    /// Tables that `restrict access to` allows; `None` when there is no restriction.
    pub(crate) restricted: Option<HashSet<String>>,
    /// Whether there are columns that nothing is known of.
    saw_open: Cell<bool>,
    /// Where `ingestion_time()` is called, by the marks that stand for it.
    ingestion_times: HashMap<ColumnId, Span>,
    /// The aggregations of the item being bound; `None` where none is allowed.
    aggregating: Option<Vec<crate::plan::Aggregate>>,
}

/// Parses and binds a query.
///
/// The plan is present when there is no error among the diagnostics.
pub fn bind(text: &str, env: Environment<'_>) -> (Option<BoundQuery>, Vec<Diagnostic>) {
    let parse = crate::syntax::parse(text);
    bind_parsed(text, &parse, env)
}

/// Binds a query that is parsed already. The parser's diagnostics come first.
pub fn bind_parsed(
    text: &str,
    parse: &crate::syntax::Parse,
    env: Environment<'_>,
) -> (Option<BoundQuery>, Vec<Diagnostic>) {
    let mut binder = Binder {
        text,
        env,
        diagnostics: parse.diagnostics.clone(),
        reported: HashSet::new(),
        next_column: 1,
        next_shared: 1,
        scope: Scope::default(),
        depth: 0,
        copied: 0,
        span_override: None,
        options: Vec::new(),
        unnamed: 0,
        context: None,
        partition_key: None,
        restricted: None,
        saw_open: Cell::new(false),
        ingestion_times: HashMap::new(),
        aggregating: None,
    };
    let mut results = binder.bind_query(&parse.block);
    results.iter_mut().for_each(|result| binder.resolve_ingestion_times(&mut result.plan));
    let mut diagnostics = binder.diagnostics;
    diagnostics.sort_by_key(|d| (d.span.start, d.span.end));
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    (if failed { None } else { Some(BoundQuery { results, options: binder.options }) }, diagnostics)
}

impl<'a> Binder<'a> {
    /// Reports a finding, once per place and code.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        if let Some(span) = self.span_override {
            diagnostic.span = span;
        }
        if self.saw_open.get() && BY_DYNAMIC.contains(&diagnostic.code) {
            return;
        }
        if self.reported.insert((diagnostic.code, diagnostic.span)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Returns whether an error was found so far.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Makes a column with an id of its own.
    pub fn new_field(&mut self, name: impl Into<SmolStr>, ktype: KqlType) -> Field {
        Field { id: self.new_id(), name: name.into(), ktype }
    }

    /// Makes a column id.
    pub fn new_id(&mut self) -> ColumnId {
        self.next_column += 1;
        ColumnId(self.next_column)
    }

    /// Makes an id for a shared plan.
    pub fn new_shared(&mut self) -> u32 {
        self.next_shared += 1;
        self.next_shared
    }

    /// Returns the expression that stands for what could not be bound; nothing complains about it again.
    pub fn unknown(&self) -> Expr {
        Expr::Call { function: UNKNOWN, args: vec![], ktype: KqlType::Dynamic }
    }

    /// Returns whether an expression stands for, or contains, what could not be bound.
    pub fn is_unknown(&self, expr: &Expr) -> bool {
        let mut unknown = false;
        expr.walk(&mut |e| unknown |= matches!(e, Expr::Call { function, .. } if *function == UNKNOWN));
        unknown
    }

    /// Returns an empty relation that accepts every column name.
    pub fn open_relation(&self) -> Relation {
        self.saw_open.set(true);
        let plan = Plan { node: Node::Values { rows: vec![] }, columns: vec![] };
        Relation { open: true, ..Relation::new(plan) }
    }

    /// Returns the input of a piped operator; reports one that stands at the start.
    pub fn expect_input(&mut self, input: Option<Relation>, at: &PipeOperator) -> Relation {
        input.unwrap_or_else(|| {
            let word = self.word(at.keyword).to_string();
            self.report(Diagnostic::semantic(
                "KS120",
                at.keyword,
                format!("the operator `{word}` needs a table before it"),
            ));
            self.open_relation()
        })
    }

    /// Returns the text at a place.
    pub fn word(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// Reports a valid form that is refused or not supported yet, and gives an open relation.
    pub fn refuse(&mut self, span: Span, message: impl Into<String>) -> Relation {
        self.report(Diagnostic::unsupported("VQ001", span, message));
        self.open_relation()
    }

    /// Reports an operator whose binding is not supported yet.
    pub fn unbound(&mut self, _input: Option<Relation>, at: &PipeOperator) -> Relation {
        let word = self.word(at.keyword).to_string();
        self.refuse(at.keyword, format!("the operator `{word}` is not supported yet"))
    }

    /// Enters a level of nesting; reports and returns false when there are too many.
    pub(crate) fn enter(&mut self, span: Span) -> bool {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            self.report(Diagnostic {
                kind: crate::diagnostic::Kind::Limit,
                ..Diagnostic::semantic("VQ002", span, format!("the query is nested more than {DEPTH_MAX} levels deep"))
            });
            return false;
        }
        true
    }

    /// Notes that a name is replaced by something of a size. Returns false when the query has become too large.
    pub(crate) fn copy(&mut self, size: usize, span: Span) -> bool {
        self.copied = self.copied.saturating_add(size);
        if self.copied > COPIED_MAX {
            let message = "the query becomes too large when its names are replaced by what they stand for";
            let found = Diagnostic::semantic("VQ002", span, message);
            let help = "use `materialize()` or `toscalar()` for what is used often";
            self.report(Diagnostic { kind: crate::diagnostic::Kind::Limit, ..found }.help(help));
            return false;
        }
        true
    }

    /// Leaves a level of nesting.
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Keeps the rows for which a predicate is true.
    pub fn filter(&mut self, input: Relation, predicate: Expr) -> Relation {
        let columns = input.plan.columns.clone();
        let mut exprs = [predicate];
        let plan = self.hoist_windows(input.plan, &mut exprs);
        let hoisted = plan.columns.len() > columns.len();
        let [predicate] = exprs;
        let inner = plan.columns.clone();
        let mut plan = Plan { node: Node::Filter { input: Box::new(plan), predicate }, columns: inner };
        if hoisted {
            let exprs = columns.iter().map(Expr::column).collect();
            plan = Plan { node: Node::Project { input: Box::new(plan), exprs }, columns };
        }
        Relation { plan, ..input }
    }

    /// Reports a column that does not exist, with the nearest name.
    pub(crate) fn report_unknown_name(&mut self, name: &ast::Name, candidates: &[&str], what: &str) {
        let mut diagnostic = Diagnostic::semantic(
            "KS142",
            name.span,
            format!("the name `{}` does not refer to any known {what}", name.text),
        );
        if let Some(near) = nearest(&name.text, candidates.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic);
    }
}
