//! Aggregations: the items of `summarize`, `make-series` and their kin.

use super::call::{common_type, count, return_type};
use super::{Binder, Row};
use crate::catalog::{AggregateInfo, NamedArg};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Aggregate, Expr, Field};
use crate::signature::{ArgumentForm, Param, ParamKind, Signature};
use crate::syntax::ast::{self, ExprKind};
use schema::KqlType;

/// A column that an item of `summarize` gives: an expression over the aggregates' outputs.
#[derive(Debug, Clone)]
pub struct BoundAggregate {
    /// The name as written, or as derived.
    pub name: String,
    /// Whether the name was written.
    pub declared: bool,
    pub expr: Expr,
    pub span: Span,
}

impl Binder<'_> {
    /// Binds one item of `summarize`: an expression over aggregation calls. The calls are added to `aggregates`; the
    /// columns that the item gives are returned. `keys` are the columns of the `by` clause, which `*` leaves out.
    pub fn bind_aggregate_item(
        &mut self,
        item: &ast::Expr,
        row: &Row,
        keys: &[Expr],
        aggregates: &mut Vec<Aggregate>,
    ) -> Vec<BoundAggregate> {
        let (names, value): (&[ast::Name], &ast::Expr) = match &item.kind {
            ExprKind::Named { names, value } => (names, value),
            _ => (&[], item),
        };
        if let ExprKind::Call { name, args } = &value.kind
            && let Some(columns) = self.bind_many(name, args, value.span, row, keys, aggregates)
        {
            if names.len() > columns.len() {
                let message = format!("{} for {}", count(names.len(), "name"), count(columns.len(), "column"));
                self.report(Diagnostic::semantic("KS150", item.span, message));
            }
            let rename = |(i, (name, expr)): (usize, (String, Expr))| match names.get(i) {
                Some(given) => BoundAggregate { name: given.text.clone(), declared: true, expr, span: given.span },
                None => BoundAggregate { name, declared: false, expr, span: value.span },
            };
            return columns.into_iter().enumerate().map(rename).collect();
        }
        let outer = self.aggregating.replace(std::mem::take(aggregates));
        let expr = self.bind_scalar(value, row);
        *aggregates = std::mem::replace(&mut self.aggregating, outer).unwrap_or_default();
        self.check_aggregated(&expr, aggregates, value);
        match names {
            [] => {
                let name = self.aggregate_name(value);
                vec![BoundAggregate { name, declared: false, expr, span: value.span }]
            }
            [name] => vec![BoundAggregate { name: name.text.clone(), declared: true, expr, span: name.span }],
            _ => {
                self.report(Diagnostic::semantic("KS149", item.span, "the expression gives one column only"));
                vec![BoundAggregate { name: names[0].text.clone(), declared: true, expr, span: names[0].span }]
            }
        }
    }

    /// Returns the name of an unnamed item: that of the call, or that of the first call in it.
    fn aggregate_name(&mut self, value: &ast::Expr) -> String {
        if let Some(name) = self.result_name(value) {
            return name;
        }
        self.unnamed += 1;
        format!("Column{}", self.unnamed)
    }

    /// Reports a column that is neither aggregated nor a key.
    fn check_aggregated(&mut self, expr: &Expr, aggregates: &[Aggregate], value: &ast::Expr) {
        let outputs: Vec<_> = aggregates.iter().flat_map(|a| a.outputs.iter().map(|f| f.id)).collect();
        let mut stray = false;
        expr.walk(&mut |e| stray |= matches!(e, Expr::Column { id, .. } if !outputs.contains(id)));
        if stray {
            let text = self.word(value.span).to_string();
            let message = format!("`{text}` is not aggregated: every column must be inside an aggregation function");
            let help = "wrap it in an aggregation such as `take_any(...)`, or move it to the `by` clause";
            self.report(Diagnostic::semantic("KS236", value.span, message).help(help));
        }
    }

    /// Binds a call of a function that names its columns by a rule of its own (`arg_max`, `percentiles`); `None` for
    /// other calls.
    fn bind_many(
        &mut self,
        name: &ast::Name,
        args: &[ast::Expr],
        span: Span,
        row: &Row,
        keys: &[Expr],
        aggregates: &mut Vec<Aggregate>,
    ) -> Option<Vec<(String, Expr)>> {
        let info = self.env.functions.aggregate(&name.text)?;
        let name_results = info.names?;
        let columns = self.arguments(args, row, keys);
        if columns.is_empty() && !args.is_empty() {
            // `*` where every column is a key.
            return Some(vec![]);
        }
        let (named, bound): (Vec<Option<String>>, Vec<Expr>) = columns.into_iter().unzip();
        let Some((params, types)) = self.check_aggregate(&info, &bound, span) else { return Some(vec![]) };
        let described: Vec<NamedArg> = named
            .iter()
            .zip(&bound)
            .map(|(name, expr)| NamedArg { name: name.as_deref(), value: expr.as_literal() })
            .collect();
        let names = name_results(&described);
        let outputs: Vec<Field> =
            names.iter().zip(types).map(|(name, ktype)| self.new_field(name.clone(), ktype)).collect();
        let args = self.convert_arguments(bound, &params, None);
        let result = names.into_iter().zip(outputs.iter().map(Expr::column)).collect();
        aggregates.push(Aggregate { function: info.name, args, filter: None, outputs });
        Some(result)
    }

    /// Binds the arguments of a call, each with the name it has as a column. `*` stands for the row's columns but the
    /// keys and those that stand before it; beside it, a column that it has given is not given again.
    fn arguments(&mut self, args: &[ast::Expr], row: &Row, keys: &[Expr]) -> Vec<(Option<String>, Expr)> {
        let any_star = args.iter().any(|arg| matches!(arg.kind, ExprKind::Star));
        let mut columns: Vec<(Option<String>, Expr)> = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            let is_listed = |columns: &[(Option<String>, Expr)], column: &Expr| {
                keys.contains(column) || columns.iter().any(|(_, listed)| listed == column)
            };
            if let ExprKind::Star = arg.kind {
                for field in &row.columns {
                    let column = Expr::column(field);
                    if !is_listed(&columns, &column) {
                        columns.push((Some(field.name.to_string()), column));
                    }
                }
                continue;
            }
            let inner = match &arg.kind {
                ExprKind::Named { value, .. } => value.as_ref(),
                _ => arg,
            };
            let expr = self.bind_scalar(inner, row);
            let again = i > 0 && any_star && matches!(expr, Expr::Column { .. }) && is_listed(&columns, &expr);
            if !again {
                columns.push((self.result_name(arg), expr));
            }
        }
        columns
    }

    /// Finds the overload of an aggregation for bound arguments and checks their forms. Returns the parameter of each
    /// argument and the types of the results; `None` when none takes the arguments, which is reported.
    fn check_aggregate<'i>(
        &mut self,
        info: &AggregateInfo<'i>,
        bound: &[Expr],
        span: Span,
    ) -> Option<(Vec<&'i Param>, Vec<KqlType>)> {
        let types: Vec<KqlType> = bound.iter().map(Expr::ktype).collect();
        let any_unknown = bound.iter().any(|arg| self.is_unknown(arg));
        let name = info.name;
        let Some((signature, params)) = self.resolve(info.signatures, bound) else {
            if any_unknown {
                return None;
            }
            let is_order = |signature: &Signature| {
                signature.params.first().is_some_and(|param| param.kind == ParamKind::Orderable)
            };
            if types.first() == Some(&KqlType::Dynamic) && info.signatures.iter().all(is_order) {
                let diagnostic = Diagnostic::semantic("KS206", span, format!("`{name}` cannot order dynamic values"));
                self.report(diagnostic.help("convert the value first, as with `tostring()` or `tolong()`"));
                return None;
            }
            let is_number = info.signatures.iter().all(|s| s.assign(types.len()).is_none());
            let types: Vec<&str> = types.iter().map(|t| t.name()).collect();
            let message = format!("the function `{name}` does not take arguments of the types ({})", types.join(", "));
            self.report(Diagnostic::semantic(if is_number { "KS119" } else { "KS127" }, span, message));
            return None;
        };
        for (param, arg) in params.iter().zip(bound) {
            if param.form == ArgumentForm::Constant && !arg.is_constant() && !self.is_unknown(arg) {
                let message = format!("the argument `{}` of `{name}` must be constant", param.name);
                self.report(Diagnostic::semantic("KS129", span, message));
            }
        }
        let common = common_type(&params, &types);
        let returns = match return_type(signature.returns, &types, common) {
            Some(ktype) => vec![ktype],
            None => info.returns.map_or_else(|| vec![KqlType::Dynamic], |returns| returns(&types)),
        };
        Some((params, returns))
    }

    /// Binds a call of an aggregation function inside an expression; outside `summarize` and its kin it is reported.
    pub(super) fn bind_aggregate_call(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span, row: &Row) -> Expr {
        let Some(mut aggregates) = self.aggregating.take() else {
            let message = format!("the aggregation function `{}` is not allowed here", name.text);
            self.report(Diagnostic::semantic("KS144", name.span, message).help("aggregations stand in `summarize`"));
            return self.unknown();
        };
        let result = self.bind_single(name, args, span, row, &mut aggregates);
        self.aggregating = Some(aggregates);
        result
    }

    fn bind_single(
        &mut self,
        name: &ast::Name,
        args: &[ast::Expr],
        span: Span,
        row: &Row,
        aggregates: &mut Vec<Aggregate>,
    ) -> Expr {
        if let Some(columns) = self.bind_many(name, args, span, row, &[], aggregates) {
            // Inside a larger expression only the first column can be meant.
            return match columns.into_iter().next() {
                Some((_, expr)) => expr,
                None => self.unknown(),
            };
        }
        let Some(info) = self.env.functions.aggregate(&name.text) else { return self.unknown() };
        let mut bound: Vec<Expr> = args.iter().map(|arg| self.bind_scalar(arg, row)).collect();
        // `count(x)`, which old rules write, counts rows.
        if info.name == "count" {
            bound.clear();
        }
        let any_unknown = bound.iter().any(|arg| self.is_unknown(arg));
        let Some((params, types)) = self.check_aggregate(&info, &bound, span) else { return self.unknown() };
        let ktype = types.first().copied().unwrap_or(KqlType::Dynamic);
        if any_unknown {
            return Expr::Call { function: super::UNKNOWN, args: vec![], ktype };
        }
        let common = common_type(&params, &bound.iter().map(Expr::ktype).collect::<Vec<_>>());
        let mut args = self.convert_arguments(bound, &params, common);
        let filter = match info.filter_of {
            Some((_, predicate)) if predicate < args.len() => Some(args.remove(predicate)),
            _ => None,
        };
        let function = info.filter_of.map_or(info.name, |(name, _)| name);
        let output = self.new_field(name.text.clone(), ktype);
        let result = Expr::column(&output);
        aggregates.push(Aggregate { function, args, filter, outputs: vec![output] });
        result
    }
}
