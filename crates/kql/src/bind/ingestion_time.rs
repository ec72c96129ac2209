//! `ingestion_time()`: a column that every stored table has and no name stands for.
//!
//! Operators do not see it, so that `*` and `pack_all()` leave it out. A call is bound to a mark; when the plan is whole, the column is
//! handed up from the table to where the mark is.

use std::collections::{HashMap, HashSet};

use schema::{KqlType, Value};

use super::Binder;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{ColumnId, Expr, Field, JoinKind, Node, Plan};

/// Name of the call that stands for the column.
const CALL: &str = "ingestion_time";
/// Kusto's name of the column.
const COLUMN: &str = "$IngestionTime";

/// Whether the rows of a plan have an ingestion time.
enum Found {
    /// They do, in this column.
    Column(Field),
    /// They are records of no table.
    None,
    /// What the operator of this name does to it, nobody documents.
    Unknown(&'static str),
}

struct Resolver<'a> {
    catalog: &'a dyn Catalog,
    next_column: &'a mut u32,
    /// Where the calls are, by their marks.
    calls: &'a HashMap<ColumnId, Span>,
    /// The columns of ingestion times that were handed up so far.
    handed_up: HashSet<ColumnId>,
    unknown: Vec<(Span, &'static str)>,
}

impl Binder<'_> {
    /// Returns what stands for the ingestion time of the rows that an expression is about, until the plan is whole.
    pub(super) fn ingestion_time(&mut self, span: Span) -> Expr {
        let mark = self.new_id();
        // What is wrong is only known when the plan is whole, and then no function's text is being bound any more.
        self.ingestion_times.insert(mark, self.span_override.unwrap_or(span));
        Expr::call(CALL, vec![Expr::Column { id: mark, ktype: KqlType::Datetime }], KqlType::Datetime)
    }

    /// Makes a column id that takes the place of another one in a copy.
    pub(super) fn new_id_for(&mut self, id: ColumnId) -> ColumnId {
        let new = self.new_id();
        if let Some(span) = self.ingestion_times.get(&id) {
            self.ingestion_times.insert(new, *span);
        }
        new
    }

    /// Replaces what stands for ingestion times in a plan that is whole: by a column, or by null for rows that are records of no table.
    /// After an operator of which it is not known what it does to them, a call is an error.
    ///
    /// # Source
    /// Kusto reference, "ingestion_time()"; "Materialized views limitations" names operators that do not keep it.
    pub(super) fn resolve_ingestion_times(&mut self, plan: &mut Plan) {
        if self.ingestion_times.is_empty() {
            return;
        }
        let mut resolver = Resolver {
            catalog: self.env.catalog,
            next_column: &mut self.next_column,
            calls: &self.ingestion_times,
            handed_up: HashSet::new(),
            unknown: Vec::new(),
        };
        resolver.plan(plan);
        for (span, operator) in resolver.unknown {
            let message = format!("what `ingestion_time()` is after {operator} is not documented");
            let help = format!("keep it before: `| extend IngestionTime = ingestion_time()` ahead of {operator}");
            self.report(Diagnostic::unsupported("VQ001", span, message).help(help));
        }
    }
}

impl Resolver<'_> {
    /// Replaces the calls in a plan. Its columns stay as they are.
    fn plan(&mut self, plan: &mut Plan) {
        plan.inputs_mut().into_iter().for_each(|input| self.plan(input));
        let mut calls = Vec::new();
        for expr in plan.exprs_mut() {
            self.find(expr, &mut calls);
        }
        if calls.is_empty() {
            return;
        }
        let found = match &plan.node {
            Node::Scan { .. } => Found::Unknown("`scan`"),
            Node::Reduce { of_rows: true, .. } => Found::Unknown("`reduce`"),
            _ => match plan.inputs_mut().as_mut_slice() {
                [] => Found::None,
                [input] => self.hand_up(input),
                _ => Found::Unknown("`join`"),
            },
        };
        let value = match &found {
            Found::Column(field) => Expr::column(field),
            Found::None => Expr::Literal(Value::Null(KqlType::Datetime)),
            Found::Unknown(operator) => {
                let spans = calls.iter().filter_map(|mark| self.calls.get(mark));
                return self.unknown.extend(spans.map(|span| (*span, *operator)));
            }
        };
        plan.exprs_mut().into_iter().for_each(|expr| replace(expr, &value));
        if let Found::Column(field) = found {
            let columns = plan.columns.clone();
            pass_on(plan, &field);
            if plan.columns == columns {
                return;
            }
            let exprs = columns.iter().map(Expr::column).collect();
            let input = std::mem::replace(plan, Plan { node: Node::PartitionInput, columns: vec![] });
            *plan = Plan { node: Node::Project { input: Box::new(input), exprs }, columns };
        }
    }

    /// Finds the marks of calls in an expression. What subqueries have in them is replaced.
    fn find(&mut self, expr: &mut Expr, calls: &mut Vec<ColumnId>) {
        match expr {
            Expr::Call { function: CALL, args, .. } => {
                calls.extend(args.iter().filter_map(|arg| match arg {
                    Expr::Column { id, .. } => Some(*id),
                    _ => None,
                }));
            }
            Expr::Call { args, .. } => args.iter_mut().for_each(|arg| self.find(arg, calls)),
            Expr::Subquery { plan, .. } => self.plan(plan),
            Expr::InTable { value, plan, .. } => {
                self.find(value, calls);
                self.plan(plan);
            }
            Expr::Literal(_) | Expr::Column { .. } => {}
        }
    }

    /// Adds the ingestion time to the columns of a plan.
    fn hand_up(&mut self, plan: &mut Plan) -> Found {
        if let Some(field) = plan.columns.iter().find(|field| self.handed_up.contains(&field.id)) {
            return Found::Column(field.clone());
        }
        let found = match &mut plan.node {
            Node::Table { table, source } => match self.catalog.ingestion_time(table) {
                Some(column) => {
                    source.push(column);
                    Found::Column(self.new_field())
                }
                None => Found::None,
            },
            Node::Filter { input, .. }
            | Node::Sort { input, .. }
            | Node::Take { input, .. }
            | Node::Sample { input, .. }
            | Node::Window { input, .. }
            | Node::Parse { input, .. }
            | Node::ParseKv { input, .. } => self.hand_up(input),
            Node::Project { input, exprs } => {
                let found = self.hand_up(input);
                if let Found::Column(field) = &found {
                    exprs.push(Expr::column(field));
                }
                found
            }
            Node::Join { left, kind: JoinKind::LeftSemi | JoinKind::LeftAnti, .. } => self.hand_up(left),
            Node::Join { right, kind: JoinKind::RightSemi | JoinKind::RightAnti, .. } => self.hand_up(right),
            Node::Union { inputs, exprs } => self.hand_up_all(inputs, exprs),
            Node::Join { .. } => Found::Unknown("`join` or `lookup`"),
            Node::Scan { .. } => Found::Unknown("`scan`"),
            Node::Reduce { of_rows: true, .. } => Found::Unknown("`reduce`"),
            Node::Shared { .. } => Found::Unknown("`materialize`, `as`, `fork`, `facet` or `top-nested`"),
            Node::Partition { .. } | Node::PartitionInput => Found::Unknown("`partition` or `mv-apply`"),
            Node::External { .. }
            | Node::Values { .. }
            | Node::Range { .. }
            | Node::Aggregate { .. }
            | Node::MvExpand { .. }
            | Node::MakeSeries { .. }
            | Node::Plugin { .. }
            | Node::Reduce { .. }
            | Node::SampleDistinct { .. }
            | Node::Materialised { .. } => Found::None,
        };
        if let Found::Column(field) = &found {
            self.handed_up.insert(field.id);
            pass_on(plan, field);
            if !plan.columns.contains(field) {
                plan.columns.push(field.clone());
            }
        }
        found
    }

    /// Adds the ingestion times to the columns of plans whose rows are put together: null for those that have none.
    fn hand_up_all(&mut self, inputs: &mut [Plan], exprs: &mut [Vec<Expr>]) -> Found {
        let found: Vec<Found> = inputs.iter_mut().map(|input| self.hand_up(input)).collect();
        if let Some(operator) = found.iter().find_map(|found| match found {
            Found::Unknown(operator) => Some(*operator),
            _ => None,
        }) {
            return Found::Unknown(operator);
        }
        if found.iter().all(|found| matches!(found, Found::None)) {
            return Found::None;
        }
        for (found, exprs) in found.iter().zip(exprs) {
            exprs.push(match found {
                Found::Column(field) => Expr::column(field),
                _ => Expr::Literal(Value::Null(KqlType::Datetime)),
            });
        }
        Found::Column(self.new_field())
    }

    fn new_field(&mut self) -> Field {
        *self.next_column += 1;
        Field { id: ColumnId(*self.next_column), name: COLUMN.into(), ktype: KqlType::Datetime }
    }
}

/// Adds a column that was added to a plan's input, if all of the input's are the plan's too.
fn pass_on(plan: &mut Plan, field: &Field) {
    let n_own = match &plan.node {
        Node::Filter { .. } | Node::Sort { .. } | Node::Take { .. } | Node::Sample { .. } | Node::Parse { .. } => 0,
        Node::Window { calls, .. } => calls.len(),
        Node::ParseKv { keys, .. } => keys.len(),
        _ => return,
    };
    if !plan.columns.contains(field) {
        let place = plan.columns.len().saturating_sub(n_own);
        plan.columns.insert(place, field.clone());
    }
}

fn replace(expr: &mut Expr, value: &Expr) {
    match expr {
        Expr::Call { function: CALL, .. } => *expr = value.clone(),
        Expr::Call { args, .. } => args.iter_mut().for_each(|arg| replace(arg, value)),
        Expr::InTable { value: inner, .. } => replace(inner, value),
        Expr::Literal(_) | Expr::Column { .. } | Expr::Subquery { .. } => {}
    }
}
