//! `make-series`: aggregates per bin of an axis, packed into arrays.

use super::{Binder, Projection, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::plan::{Aggregate, Expr, Field, Node, Plan};
use crate::syntax::ast;
use schema::{KqlType, Value};

/// What the operator says, as parsed.
pub struct SeriesParts<'e> {
    /// Each aggregate with its `default=`.
    pub aggregates: Vec<(&'e ast::Expr, Option<&'e ast::Expr>)>,
    pub axis: &'e ast::Expr,
    pub from: Option<&'e ast::Expr>,
    pub to: Option<&'e ast::Expr>,
    pub step: &'e ast::Expr,
    /// Whether a bin that starts at `to` is included, as in the older form `in range()`.
    pub to_included: bool,
    pub by: &'e [ast::Expr],
    pub nonempty: bool,
}

impl Binder<'_> {
    /// Binds `make-series`: the keys, an array per aggregate, the array of the axis' bins.
    pub fn make_series(&mut self, input: Relation, parts: &SeriesParts<'_>) -> Relation {
        let row = Row::of(&input);
        let keys = self.bind_keys(parts.by, &row, &mut Projection::new());
        let key_exprs: Vec<Expr> = keys.iter().map(|(_, expr)| expr.clone()).collect();
        let mut columns: Vec<Field> =
            keys.iter().map(|(name, expr)| self.new_field(name.clone(), expr.ktype())).collect();
        let mut aggregates = Vec::new();
        for (item, default) in &parts.aggregates {
            let mut calls = Vec::new();
            let mut bound = self.bind_aggregate_item(item, &row, &key_exprs, &mut calls);
            // A constant stands for every bin that has rows.
            if calls.is_empty() && bound.len() == 1 && bound[0].expr.is_constant() && !self.is_unknown(&bound[0].expr) {
                let output = self.new_field(bound[0].name.clone(), bound[0].expr.ktype());
                let value = std::mem::replace(&mut bound[0].expr, Expr::column(&output));
                calls.push(Aggregate { function: "take_any", args: vec![value], filter: None, outputs: vec![output] });
            }
            let plain = calls.len() == 1
                && bound.len() == 1
                && calls[0].outputs.first().map(Expr::column).as_ref() == Some(&bound[0].expr);
            if !plain {
                if bound.iter().all(|b| !self.is_unknown(&b.expr)) {
                    let message = "`make-series` takes one aggregation function per series";
                    self.report(Diagnostic::semantic("KS144", item.span, message));
                }
                columns.extend(bound.iter().map(|b| self.new_field(b.name.clone(), KqlType::Dynamic)));
                continue;
            }
            let Some(call) = calls.pop() else { continue };
            let ktype = call.outputs.first().map_or(KqlType::Long, |output| output.ktype);
            let default = match default {
                Some(default) => {
                    let value = self.bind_scalar(default, &Row::none());
                    if value.ktype() == ktype || matches!(value, Expr::Literal(Value::Null(_))) {
                        value
                    } else {
                        self.convert(
                            value,
                            if ktype.is_numeric() && value_is_real(default) { KqlType::Real } else { ktype },
                        )
                    }
                }
                None if ktype.is_numeric() => Expr::Literal(Value::Long(0)),
                None => Expr::Literal(Value::null(ktype)),
            };
            columns.push(self.new_field(bound[0].name.clone(), KqlType::Dynamic));
            aggregates.push((call, default));
        }
        let axis = self.bind_scalar(parts.axis, &row);
        if !axis.ktype().is_numeric()
            && !matches!(axis.ktype(), KqlType::Datetime | KqlType::Timespan)
            && !self.is_unknown(&axis)
        {
            let message = format!("the axis must be a number, datetime or timespan, not {}", axis.ktype());
            self.report(Diagnostic::semantic("KS138", parts.axis.span, message));
        }
        let bound = |binder: &mut Self, expr: &ast::Expr| {
            let value = binder.bind_scalar(expr, &Row::none());
            if value.ktype().is_integer() && axis.ktype() == KqlType::Real {
                binder.convert(value, KqlType::Real)
            } else {
                value
            }
        };
        let from = parts.from.map(|expr| bound(self, expr));
        let to = parts.to.map(|expr| bound(self, expr));
        let step = self.bind_scalar(parts.step, &Row::none());
        if !self.is_unknown(&axis) && !self.is_unknown(&step) && !steps_over(axis.ktype(), step.ktype()) {
            let message = format!("an axis of type {} has no steps of type {}", axis.ktype(), step.ktype());
            self.report(Diagnostic::semantic("KS178", parts.step.span, message));
        }
        let axis_name = self.result_name(parts.axis).unwrap_or_else(|| self.default_name(&row));
        columns.push(self.new_field(axis_name, KqlType::Dynamic));
        let node = Node::MakeSeries {
            input: Box::new(input.plan),
            keys: key_exprs,
            aggregates,
            axis,
            from,
            to,
            step,
            to_included: parts.to_included,
            nonempty: parts.nonempty,
        };
        self.with_unique_names(Relation {
            open: input.open && columns.is_empty(),
            ..Relation::new(Plan { node, columns })
        })
    }
}

/// Returns whether an axis can have such steps. Other axes are reported as such.
fn steps_over(axis: KqlType, step: KqlType) -> bool {
    match axis {
        KqlType::Datetime | KqlType::Timespan => step == KqlType::Timespan,
        KqlType::Long => step.is_integer(),
        KqlType::Real => step.is_numeric() && step != KqlType::Decimal,
        KqlType::Int | KqlType::Decimal => step.is_numeric(),
        _ => true,
    }
}

fn value_is_real(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ast::ExprKind::Literal(Value::Real(_)))
}
