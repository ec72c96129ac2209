//! Aggregations: the items of `summarize`, `make-series` and their kin.

use super::call::{common_type, count, return_type};
use super::{Binder, Row};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Aggregate, Expr, Field};
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

/// Functions whose arguments, after those that `fixed` counts, give a column each.
fn gives_columns(function: &str) -> bool {
    matches!(function, "arg_max" | "arg_min" | "argmax" | "argmin" | "take_any" | "any" | "take_anyif" | "anyif")
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

    /// Binds a call that gives several columns; `None` for other calls.
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
        let function = info.name;
        if matches!(function, "percentiles" | "percentilesw") {
            return Some(self.bind_percentiles(name, args, span, row, aggregates));
        }
        if !gives_columns(function)
            || (args.len() == 1 && function.contains("any") && !matches!(args[0].kind, ExprKind::Star))
        {
            return None;
        }
        let filtered = info.filter_of.is_some();
        let (args, predicate) = match args.split_last() {
            Some((last, rest)) if filtered => (rest, Some(last)),
            _ => (args, None),
        };
        let is_arg = function.starts_with("arg");
        let old = matches!(function, "argmax" | "argmin");
        let extreme = if function.ends_with("max") { "max" } else { "min" };
        let any_star = args.iter().any(|a| matches!(a.kind, ExprKind::Star));
        let base = match function {
            "argmax" => "arg_max",
            "argmin" => "arg_min",
            "any" | "anyif" | "take_anyif" => "take_any",
            other => other,
        };
        let mut columns: Vec<(String, Expr)> = Vec::new();
        let mut first_name = String::new();
        for (i, arg) in args.iter().enumerate() {
            if let ExprKind::Star = arg.kind {
                for field in &row.columns {
                    let column = Expr::column(field);
                    if !keys.contains(&column) && !columns.iter().any(|(_, listed)| *listed == column) {
                        let name = if old { format!("{first_name}_{}", field.name) } else { field.name.clone() };
                        columns.push((name, column));
                    }
                }
                continue;
            }
            let (given, inner) = match &arg.kind {
                ExprKind::Named { names, value } => (names.first().map(|n| n.text.clone()), value.as_ref()),
                _ => (None, arg),
            };
            let expr = self.bind_scalar(inner, row);
            let own = given.or_else(|| self.result_name(inner));
            let name = match own {
                Some(name) if old && i > 0 => format!("{first_name}_{name}"),
                Some(name) => name,
                None if is_arg && i == 0 => format!("{extreme}_"),
                None if is_arg => format!("{extreme}_{first_name}_arg{i}"),
                None => format!("any_arg{i}"),
            };
            if i == 0 {
                first_name = self.result_name(inner).unwrap_or_default();
            }
            let is_column = matches!(expr, Expr::Column { .. });
            if i > 0
                && any_star
                && is_column
                && (keys.contains(&expr) || columns.iter().any(|(_, listed)| *listed == expr))
            {
                continue;
            }
            columns.push((name, expr));
        }
        if is_arg
            && let Some((_, by)) = columns.first()
            && by.ktype() == KqlType::Dynamic
            && !self.is_unknown(by)
        {
            self.report(
                Diagnostic::semantic("KS206", span, format!("`{}` cannot order dynamic values", name.text))
                    .help("convert the value first, as with `tostring()` or `tolong()`"),
            );
        }
        if columns.is_empty() {
            self.report(Diagnostic::semantic("KS119", span, format!("the function `{}` needs an argument", name.text)));
            return Some(vec![]);
        }
        let filter = predicate.map(|predicate| self.bind_predicate(predicate, row));
        let outputs: Vec<Field> =
            columns.iter().map(|(name, expr)| self.new_field(name.clone(), expr.ktype())).collect();
        let (names, args): (Vec<String>, Vec<Expr>) = columns.into_iter().unzip();
        let result = names.into_iter().zip(outputs.iter().map(Expr::column)).collect();
        let base = self.env.functions.aggregate(base).map_or(function, |info| info.name);
        aggregates.push(Aggregate { function: base, args, filter, outputs });
        Some(result)
    }

    /// `percentiles(x, 5, 50)` gives `percentile_x_5`, `percentile_x_50`; also the weighted form.
    fn bind_percentiles(
        &mut self,
        name: &ast::Name,
        args: &[ast::Expr],
        span: Span,
        row: &Row,
        aggregates: &mut Vec<Aggregate>,
    ) -> Vec<(String, Expr)> {
        let weighted = name.text == "percentilesw";
        let fixed = if weighted { 2 } else { 1 };
        if args.len() <= fixed {
            self.report(Diagnostic::semantic(
                "KS119",
                span,
                format!("the function `{}` needs at least one percentile", name.text),
            ));
            return vec![];
        }
        let values: Vec<Expr> = args.iter().take(fixed).map(|arg| self.bind_scalar(arg, row)).collect();
        let value_name = self.result_name(&args[0]).unwrap_or_default();
        let ktype = match values[0].ktype() {
            KqlType::Int => KqlType::Long,
            other => other,
        };
        if ktype == KqlType::Dynamic && !self.is_unknown(&values[0]) {
            self.report(Diagnostic::semantic(
                "KS127",
                span,
                format!("the function `{}` does not take dynamic values", name.text),
            ));
        }
        let mut bound = values;
        let mut columns = Vec::new();
        let mut outputs = Vec::new();
        for arg in &args[fixed..] {
            let percentile = self.bind_scalar(arg, &Row::none());
            let text = match percentile.as_literal() {
                Some(value) => super::name::percentile_text(value),
                None => {
                    if !self.is_unknown(&percentile) {
                        self.report(Diagnostic::semantic("KS131", arg.span, "the percentile must be a literal number"));
                    }
                    String::new()
                }
            };
            let field = self.new_field(format!("percentile_{value_name}_{text}"), ktype);
            columns.push((field.name.clone(), Expr::column(&field)));
            bound.push(percentile);
            outputs.push(field);
        }
        let function = if weighted { "percentilesw" } else { "percentiles" };
        aggregates.push(Aggregate { function, args: bound, filter: None, outputs });
        columns
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
        let (function, filter_of) = (info.name, info.filter_of);
        let mut bound: Vec<Expr> = args.iter().map(|arg| self.bind_scalar(arg, row)).collect();
        // `count(x)`, which old rules write, counts rows.
        if function == "count" {
            bound.clear();
        }
        let Some(info) = self.env.functions.aggregate(&name.text) else { return self.unknown() };
        let any_unknown = bound.iter().any(|arg| self.is_unknown(arg));
        let types: Vec<KqlType> = bound.iter().map(Expr::ktype).collect();
        let resolved = self.resolve(info.signatures, &bound);
        let Some((signature, params)) = resolved else {
            if !any_unknown {
                let types: Vec<&str> = types.iter().map(|t| t.name()).collect();
                let message =
                    format!("the function `{}` does not take arguments of the types ({})", name.text, types.join(", "));
                let code =
                    if info.signatures.iter().all(|s| s.assign(types.len()).is_none()) { "KS119" } else { "KS127" };
                self.report(Diagnostic::semantic(code, span, message));
            }
            return self.unknown();
        };
        let common = common_type(&params, &types);
        let ktype = return_type(signature.returns, &types, common).unwrap_or_else(|| {
            info.returns.and_then(|returns| returns(&types).first().copied()).unwrap_or(KqlType::Dynamic)
        });
        if any_unknown {
            return Expr::Call { function: super::UNKNOWN, args: vec![], ktype };
        }
        let mut converted = self.convert_arguments(bound, &params, common);
        let filter = filter_of.and_then(|(_, i)| (i < converted.len()).then(|| converted.remove(i)));
        let function = filter_of.map_or(function, |(base, _)| base);
        let output = self.new_field(name.text.clone(), ktype);
        let result = Expr::column(&output);
        aggregates.push(Aggregate { function, args: converted, filter, outputs: vec![output] });
        result
    }
}
