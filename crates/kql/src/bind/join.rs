//! Joins: keys matched on both sides, kinds reduced to the core ones.

use super::call::wider;
use super::{Binder, Projection, Relation, Row};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Aggregate, Expr, Field, JoinKind, Node, Plan};
use crate::syntax::ast::{self, ExprKind};
use schema::KqlType;

/// A pair of key expressions.
type Keys = Vec<(Expr, Expr)>;

impl Binder<'_> {
    /// Binds the conditions of `on`: a column of both sides, or `$left.a == $right.b`, several joined by `and`.
    pub fn bind_join_keys(&mut self, on: &[ast::Expr], left: &Relation, right: &Relation) -> Keys {
        let (left_row, right_row) = (Row::of(left), Row::of(right));
        let sides = Row { sides: Some(Box::new((left_row.clone(), right_row.clone()))), ..Row::default() };
        let mut keys = Vec::new();
        for condition in on {
            self.bind_join_condition(condition, &left_row, &right_row, &sides, &mut keys);
        }
        keys
    }

    fn bind_join_condition(&mut self, condition: &ast::Expr, left: &Row, right: &Row, sides: &Row, keys: &mut Keys) {
        match &condition.kind {
            ExprKind::Error => {}
            ExprKind::Parenthesized(inner) => self.bind_join_condition(inner, left, right, sides, keys),
            ExprKind::Name(name) => {
                let pair = (left.column(&name.text), right.column(&name.text));
                if let (Some(l), Some(r)) = pair {
                    if l.ktype != r.ktype {
                        let message = format!(
                            "the column `{}` has the type {} on the left and {} on the right",
                            name.text, l.ktype, r.ktype
                        );
                        let help = "convert one of them first, as with `tolong()`";
                        self.report(Diagnostic::semantic("KS227", name.span, message).help(help));
                        return;
                    }
                    let pair = (Expr::column(l), Expr::column(r));
                    self.push_key(pair, condition.span, keys);
                } else if !(left.open && pair.0.is_none() || right.open && pair.1.is_none()) {
                    let message = format!("the column `{}` must exist on both sides of the join", name.text);
                    let names: Vec<&str> = left.columns.iter().chain(&right.columns).map(|f| f.name.as_str()).collect();
                    let mut diagnostic = Diagnostic::semantic("KS145", name.span, message);
                    if let Some(near) =
                        crate::diagnostic::nearest(&name.text, names.into_iter().filter(|n| *n != name.text))
                    {
                        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                    }
                    self.report(diagnostic);
                }
            }
            ExprKind::Binary { op: "and", left: a, right: b, .. } => {
                self.bind_join_condition(a, left, right, sides, keys);
                self.bind_join_condition(b, left, right, sides, keys);
            }
            ExprKind::Binary { op: "==", left: a, right: b, .. } => {
                let (first, second) = (side_of(a), side_of(b));
                let one = self.bind_scalar(a, sides);
                let other = self.bind_scalar(b, sides);
                match (first, second) {
                    (Some("$left"), Some("$right")) => self.push_key((one, other), condition.span, keys),
                    (Some("$right"), Some("$left")) => self.push_key((other, one), condition.span, keys),
                    _ => {
                        let message = "a join condition compares `$left.column` with `$right.column`";
                        self.report(Diagnostic::semantic("KS183", condition.span, message));
                    }
                }
            }
            _ => {
                let message = "a join condition is a column's name or `$left.column == $right.column`";
                self.report(Diagnostic::semantic("KS182", condition.span, message));
            }
        }
    }

    /// Adds a pair of keys, brought to one type.
    fn push_key(&mut self, (left, right): (Expr, Expr), span: Span, keys: &mut Keys) {
        if self.is_unknown(&left) || self.is_unknown(&right) {
            return;
        }
        let (l, r) = (left.ktype(), right.ktype());
        if l == KqlType::Dynamic || r == KqlType::Dynamic {
            self.report(
                Diagnostic::semantic("KS241", span, "a join key cannot be dynamic")
                    .help("convert it first, as with `tostring()`"),
            );
            return;
        }
        // int and long are compared, other numbers only with their like.
        match wider(l, r).filter(|_| l == r || l.is_integer() && r.is_integer()) {
            Some(common) => {
                let pair = (self.convert(left, common), self.convert(right, common));
                keys.push(pair);
            }
            None => self.report(Diagnostic::semantic(
                "KS242",
                span,
                format!("join keys of the types {l} and {r} cannot be compared"),
            )),
        }
    }

    /// Binds a join of two relations by keys.
    pub fn join(&mut self, left: Relation, right: Relation, kind: &str, keys: Keys) -> Relation {
        let open = left.open || right.open;
        let (kind, left) = match kind {
            "innerunique" => (JoinKind::Inner, self.first_of_each(left, &mut keys.iter().map(|(l, _)| l))),
            "inner" => (JoinKind::Inner, left),
            "leftouter" => (JoinKind::LeftOuter, left),
            "rightouter" => (JoinKind::RightOuter, left),
            "fullouter" => (JoinKind::FullOuter, left),
            "leftsemi" => (JoinKind::LeftSemi, left),
            "leftanti" | "anti" | "leftantisemi" => (JoinKind::LeftAnti, left),
            "rightsemi" => (JoinKind::RightSemi, left),
            _ => (JoinKind::RightAnti, left),
        };
        let columns: Vec<Field> = match kind {
            JoinKind::LeftSemi | JoinKind::LeftAnti => left.plan.columns.clone(),
            JoinKind::RightSemi | JoinKind::RightAnti => right.plan.columns.clone(),
            _ => left.plan.columns.iter().chain(&right.plan.columns).cloned().collect(),
        };
        let node = Node::Join { left: Box::new(left.plan), right: Box::new(right.plan), kind, on: keys };
        let joined = Relation { open, ..Relation::new(Plan { node, columns }) };
        self.with_unique_names(joined)
    }

    /// Gives columns of one name different names: `x`, `x1`, `x2`.
    pub fn with_unique_names(&mut self, mut relation: Relation) -> Relation {
        let mut names = Projection::new();
        for field in &relation.plan.columns {
            names.add(&field.name, Expr::column(field));
        }
        for (field, name) in relation.plan.columns.iter_mut().zip(names.names()) {
            field.name = name.into();
        }
        relation
    }

    /// Keeps one row for each value of the keys, as `innerunique` does with its left side.
    fn first_of_each(&mut self, input: Relation, keys: &mut dyn Iterator<Item = &Expr>) -> Relation {
        let keys: Vec<Expr> = keys.cloned().collect();
        let rest: Vec<Field> =
            input.plan.columns.iter().filter(|f| !keys.contains(&Expr::column(f))).cloned().collect();
        let mut columns = Vec::new();
        for key in &keys {
            // A key that is a column keeps its id; a converted one is computed anew by the join from the kept columns.
            if let Some(field) = input.plan.columns.iter().find(|f| Expr::column(f) == *key) {
                columns.push(field.clone());
            } else {
                let field = self.new_field("key", key.ktype());
                columns.push(field);
            }
        }
        let mut aggregates = Vec::new();
        let order = input.plan.columns.clone();
        if !rest.is_empty() {
            let outputs: Vec<Field> = rest.iter().map(|f| self.new_field(f.name.clone(), f.ktype)).collect();
            aggregates.push(Aggregate {
                function: "take_any",
                args: rest.iter().map(Expr::column).collect(),
                filter: None,
                outputs: outputs.clone(),
            });
            columns.extend(outputs.iter().cloned());
        }
        let kept: Vec<Expr> = order
            .iter()
            .map(|field| match rest.iter().position(|f| f.id == field.id) {
                Some(i) => Expr::column(&columns[keys.len() + i]),
                None => Expr::column(field),
            })
            .collect();
        let node = Node::Aggregate { input: Box::new(input.plan), keys, aggregates };
        let aggregated = Plan { node, columns };
        // The columns come back under their own ids and in their own order.
        let plan = Plan { node: Node::Project { input: Box::new(aggregated), exprs: kept }, columns: order };
        Relation { plan, ..input }
    }
}

/// Returns which side a condition's operand names.
fn side_of(expr: &ast::Expr) -> Option<&str> {
    let mut expr = expr;
    loop {
        match &expr.kind {
            ExprKind::Parenthesized(inner) => expr = inner,
            ExprKind::Path { target, .. } | ExprKind::Element { target, .. } => match &target.kind {
                ExprKind::Name(name) if name.text.starts_with('$') => return Some(&name.text),
                _ => expr = target,
            },
            ExprKind::Call { args, .. } => expr = args.first()?,
            _ => return None,
        }
    }
}
