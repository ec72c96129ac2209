//! Copies of a plan with column ids of their own, so that one table can stand on both sides of a join.

use super::{Binder, Relation};
use crate::plan::{Aggregate, ColumnId, Expr, Field, Node, ParsePart, Plan};
use std::collections::HashMap;

/// Old ids and their new ones.
struct Fresh<'b, 'a> {
    binder: &'b mut Binder<'a>,
    ids: HashMap<ColumnId, ColumnId>,
}

impl Binder<'_> {
    /// Returns a copy of a relation in which every column has a new id. What is shared stays shared.
    pub fn refresh(&mut self, relation: &Relation) -> Relation {
        let mut copy = relation.clone();
        let mut fresh = Fresh { binder: self, ids: HashMap::new() };
        fresh.plan(&mut copy.plan);
        copy
    }
}

impl Fresh<'_, '_> {
    fn id(&mut self, id: &mut ColumnId) {
        let binder = &mut *self.binder;
        *id = *self.ids.entry(*id).or_insert_with(|| binder.new_id_for(*id));
    }

    fn field(&mut self, field: &mut Field) {
        self.id(&mut field.id);
    }

    fn fields<'f>(&mut self, fields: impl IntoIterator<Item = &'f mut Field>) {
        fields.into_iter().for_each(|field| self.field(field));
    }

    fn expr(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Column { id, .. } => self.id(id),
            Expr::Call { args, .. } => args.iter_mut().for_each(|arg| self.expr(arg)),
            Expr::InTable { value, .. } => self.expr(value),
            Expr::Literal(_) | Expr::Subquery { .. } => {}
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e mut Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn aggregate(&mut self, aggregate: &mut Aggregate) {
        self.exprs(aggregate.args.iter_mut().chain(&mut aggregate.filter));
        self.fields(&mut aggregate.outputs);
    }

    fn plan(&mut self, plan: &mut Plan) {
        if matches!(plan.node, Node::Shared { .. } | Node::Materialised { .. }) {
            let exprs = plan.columns.iter().map(Expr::column).collect();
            let mut columns = plan.columns.clone();
            self.fields(&mut columns);
            let shared = std::mem::replace(plan, Plan { node: Node::PartitionInput, columns: vec![] });
            *plan = Plan { node: Node::Project { input: Box::new(shared), exprs }, columns };
            return;
        }
        match &mut plan.node {
            Node::Table { .. }
            | Node::External { .. }
            | Node::Values { .. }
            | Node::Shared { .. }
            | Node::Materialised { .. }
            | Node::PartitionInput => {}
            Node::Range { from, to, step } => self.exprs([from, to, step]),
            Node::Filter { input, predicate } => {
                self.plan(input);
                self.expr(predicate);
            }
            Node::Project { input, exprs } | Node::Window { input, calls: exprs } => {
                self.plan(input);
                self.exprs(exprs);
            }
            Node::Aggregate { input, keys, aggregates } => {
                self.plan(input);
                self.exprs(keys);
                aggregates.iter_mut().for_each(|aggregate| self.aggregate(aggregate));
            }
            Node::Sort { input, keys } => {
                self.plan(input);
                self.exprs(keys.iter_mut().map(|key| &mut key.expr));
            }
            Node::Take { input, count } | Node::Sample { input, count } => {
                self.plan(input);
                self.expr(count);
            }
            Node::Join { left, right, on, .. } => {
                self.plan(left);
                self.plan(right);
                for (l, r) in on {
                    self.expr(l);
                    self.expr(r);
                }
            }
            Node::Union { inputs, exprs } => {
                inputs.iter_mut().for_each(|input| self.plan(input));
                self.exprs(exprs.iter_mut().flatten());
            }
            Node::MvExpand { input, items, index, .. } => {
                self.plan(input);
                for item in items {
                    self.expr(&mut item.expr);
                    self.field(&mut item.output);
                }
                index.iter_mut().for_each(|id| self.id(id));
            }
            Node::Parse { input, subject, parts, .. } => {
                self.plan(input);
                self.expr(subject);
                for part in parts {
                    if let ParsePart::Capture(field) = part {
                        self.field(field);
                    }
                }
            }
            Node::ParseKv { input, subject, keys, .. } => {
                self.plan(input);
                self.expr(subject);
                self.fields(keys);
            }
            Node::MakeSeries { input, keys, aggregates, axis, from, to, step, .. } => {
                self.plan(input);
                self.exprs(keys);
                for (aggregate, default) in aggregates {
                    self.aggregate(aggregate);
                    self.expr(default);
                }
                self.exprs([axis, step].into_iter().chain(from).chain(to));
            }
            Node::Scan { input, declared, steps, partition_by, match_id } => {
                self.plan(input);
                for (field, default) in declared {
                    self.field(field);
                    self.expr(default);
                }
                for step in steps {
                    step.state.iter_mut().for_each(|id| self.id(id));
                    self.expr(&mut step.condition);
                    self.exprs(step.assignments.iter_mut().map(|(_, value)| value));
                }
                self.exprs(partition_by);
                match_id.iter_mut().for_each(|id| self.id(id));
            }
            Node::Plugin { inputs, .. } => inputs.iter_mut().for_each(|input| self.plan(input)),
            Node::Reduce { input, subject, .. } => {
                self.plan(input);
                self.expr(subject);
            }
            Node::SampleDistinct { input, subject, count } => {
                self.plan(input);
                self.exprs([subject, count]);
            }
            Node::Partition { input, keys, carry, body } => {
                self.plan(input);
                keys.iter_mut().chain(carry).for_each(|id| self.id(id));
                self.plan(body);
            }
        }
        self.fields(&mut plan.columns);
    }
}
