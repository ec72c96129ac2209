//! Calls: overloads resolved, arguments converted, constants folded, calls that the binder itself replaces.

use super::scope::Binding;
use super::{Binder, Bound, Relation, Row};
use crate::catalog::{ScalarClass, ScalarInfo};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Expr, Node};
use crate::signature::{ArgumentForm, Param, ParamKind, Returns, Signature};
use crate::syntax::ast::{self, ExprKind, ParameterType, StatementKind};
use schema::{KqlType, Value};

/// How well an argument fits a parameter: smaller is better, `None` is not at all.
fn fit(param: ParamKind, arg: KqlType) -> Option<u32> {
    let when = |fits: bool, cost: u32| fits.then_some(cost);
    match param {
        ParamKind::Type(wanted) if wanted == arg => Some(0),
        ParamKind::Type(wanted) if widens(arg, wanted) => Some(2),
        // Of a dynamic value only the text is taken without a conversion.
        ParamKind::Type(wanted) => when(arg == KqlType::Dynamic && wanted == KqlType::String, 6),
        ParamKind::Scalar | ParamKind::Common | ParamKind::CommonScalar => Some(5),
        ParamKind::Integer => when(arg.is_integer(), 3),
        ParamKind::Number | ParamKind::CommonNumber => when(arg.is_numeric(), 3),
        ParamKind::NumberOrBool => when(arg.is_numeric() || arg == KqlType::Bool, 3),
        ParamKind::Summable | ParamKind::CommonSummable => {
            when(arg.is_numeric() || matches!(arg, KqlType::Datetime | KqlType::Timespan), 4)
        }
        ParamKind::Orderable | ParamKind::CommonOrderable => when(!matches!(arg, KqlType::Dynamic | KqlType::Guid), 4),
        ParamKind::NotDynamic => when(arg != KqlType::Dynamic, 4),
        ParamKind::NotBool => when(arg != KqlType::Bool, 4),
        ParamKind::NotReal => when(!matches!(arg, KqlType::Real | KqlType::Bool), 4),
        ParamKind::StringOrDynamic | ParamKind::StringOrArray => {
            when(matches!(arg, KqlType::String | KqlType::Dynamic), 1)
        }
        ParamKind::IntegerOrArray => when(arg.is_integer() || arg == KqlType::Dynamic, 1),
        ParamKind::Array | ParamKind::Bag => when(arg == KqlType::Dynamic, 1),
        ParamKind::TypeLiteral => Some(0),
    }
}

/// Returns whether values of one type are taken where the other is wanted.
fn widens(from: KqlType, to: KqlType) -> bool {
    matches!(
        (from, to),
        (KqlType::Int, KqlType::Long | KqlType::Real | KqlType::Decimal)
            | (KqlType::Long, KqlType::Real | KqlType::Decimal)
            | (KqlType::Real, KqlType::Decimal)
    )
}

/// Returns the wider of two types when one widens to the other.
pub fn wider(a: KqlType, b: KqlType) -> Option<KqlType> {
    if a == b || widens(b, a) {
        Some(a)
    } else if widens(a, b) {
        Some(b)
    } else {
        None
    }
}

impl Binder<'_> {
    /// Makes a call of a function or operator that exists; resolves the overload and converts the arguments.
    pub fn call(&mut self, name: &str, args: Vec<Expr>, span: Span, at: Span) -> Expr {
        let Some(info) = self.env.functions.scalar(name) else {
            self.report(Diagnostic::semantic(
                "KS211",
                at,
                format!("the name `{name}` does not refer to any known function"),
            ));
            return self.unknown();
        };
        self.call_info(&info, args, span, at)
    }

    pub(super) fn call_info(&mut self, info: &ScalarInfo<'_>, args: Vec<Expr>, span: Span, at: Span) -> Expr {
        if let ScalarClass::Refused(reason) = info.class {
            self.report(Diagnostic::unsupported("VQ003", at, reason));
            return self.unknown_of(info.signatures, args.len());
        }
        let any_unknown = args.iter().any(|arg| self.is_unknown(arg));
        let Some((signature, params)) = self.resolve(info.signatures, &args) else {
            if any_unknown {
                return self.unknown_of(info.signatures, args.len());
            }
            self.report_mismatch(info, &args, at);
            return self.unknown();
        };
        for (param, arg) in params.iter().zip(&args) {
            if param.form == ArgumentForm::Literal && !any_unknown && arg.as_literal().is_none() && !arg.is_constant() {
                let message = format!("the argument `{}` of `{}` must be a literal", param.name, info.name);
                self.report(Diagnostic::semantic("KS131", at, message));
            } else if param.form == ArgumentForm::Constant && !any_unknown && !arg.is_constant() {
                let message = format!("the argument `{}` of `{}` must be constant", param.name, info.name);
                self.report(Diagnostic::semantic("KS129", at, message));
            }
        }
        let types: Vec<KqlType> = args.iter().map(Expr::ktype).collect();
        if !any_unknown && !agree(&params, &types) {
            let types: Vec<&str> = types.iter().map(|ktype| ktype.name()).collect();
            let message = format!("the arguments of `{}` have no common type: {}", info.name, types.join(", "));
            self.report(Diagnostic::semantic("KS232", at, message).help("convert them to one type first"));
        }
        let common = common_type(&params, &types);
        let ktype = return_type(signature.returns, &types, common)
            .unwrap_or_else(|| info.returns.map_or(KqlType::Dynamic, |returns| returns(&types)));
        let converted = self.convert_arguments(args, &params, common);
        let call = Expr::call(info.name, converted, ktype);
        if info.class == ScalarClass::Row { self.fold(call, span) } else { call }
    }

    /// Returns whether a call of `n` arguments is one of an aggregation. `hll_merge` and its kin are aggregations and
    /// scalar functions both, and told apart by how many arguments they are given.
    pub(super) fn is_aggregate(&self, name: &str, n: usize) -> bool {
        let takes = |signatures: &[Signature]| signatures.iter().any(|signature| signature.assign(n).is_some());
        match (self.env.functions.aggregate(name), self.env.functions.scalar(name)) {
            (Some(aggregate), Some(scalar)) => takes(aggregate.signatures) && !takes(scalar.signatures),
            (aggregate, _) => aggregate.is_some(),
        }
    }

    /// Converts arguments to what their parameters take, where the body does not do so itself.
    pub(super) fn convert_arguments(
        &mut self,
        args: Vec<Expr>,
        params: &[&Param],
        common: Option<KqlType>,
    ) -> Vec<Expr> {
        let convert = |(arg, param): (Expr, &&Param)| match (param.kind, common) {
            (ParamKind::Type(wanted), _) if arg.ktype() == KqlType::Dynamic => self.convert(arg, wanted),
            (ParamKind::Type(KqlType::Decimal), _) => self.convert(arg, KqlType::Decimal),
            (kind, Some(common)) if is_common(kind) => self.convert(arg, common),
            _ => arg,
        };
        args.into_iter().zip(params).map(convert).collect()
    }

    /// Computes a call whose arguments are all literals.
    pub(super) fn fold(&mut self, call: Expr, span: Span) -> Expr {
        let Expr::Call { function, args, ktype } = &call else { return call };
        let values: Option<Vec<Value>> = args.iter().map(|arg| arg.as_literal().cloned()).collect();
        let Some(values) = values else { return call };
        if !self.env.functions.scalar(function).is_some_and(|f| f.class == ScalarClass::Row) {
            return call;
        }
        match self.env.functions.fold(function, &values, *ktype) {
            Some(Ok(value)) if value.ktype() == *ktype => Expr::Literal(value),
            Some(Err(message)) => {
                self.report(Diagnostic::runtime("VQ004", span, message));
                self.unknown()
            }
            _ => call,
        }
    }

    /// Finds the signature that fits best, and the parameter of each argument.
    pub(super) fn resolve<'s>(
        &self,
        signatures: &'s [Signature],
        args: &[Expr],
    ) -> Option<(&'s Signature, Vec<&'s Param>)> {
        let mut best: Option<(u32, &Signature, Vec<&Param>)> = None;
        for signature in signatures {
            let Some(params) = signature.assign(args.len()) else { continue };
            let costs: Option<u32> = params
                .iter()
                .zip(args)
                .map(|(param, arg)| if self.is_unknown(arg) { Some(1) } else { fit(param.kind, arg.ktype()) })
                .try_fold(0u32, |sum, cost| Some(sum + cost?));
            let Some(cost) = costs else { continue };
            if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                best = Some((cost, signature, params));
            }
        }
        best.map(|(_, signature, params)| (signature, params))
    }

    /// Gives an unknown of the type that every overload agrees on, as far as there is one.
    fn unknown_of(&self, signatures: &[Signature], n: usize) -> Expr {
        let mut types = signatures.iter().filter(|s| s.assign(n).is_some()).map(|s| s.returns);
        let first = types.next();
        match first {
            Some(Returns::Type(ktype)) if types.all(|t| Some(t) == first) => {
                Expr::Call { function: super::UNKNOWN, args: vec![], ktype }
            }
            _ => self.unknown(),
        }
    }

    fn report_mismatch(&mut self, info: &ScalarInfo<'_>, args: &[Expr], at: Span) {
        let types: Vec<&str> = args.iter().map(|arg| arg.ktype().name()).collect();
        let is_operator =
            !info.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || is_word_operator(info.name);
        let diagnostic = if is_operator {
            let types = types.join(" and ");
            Diagnostic::semantic(
                "KS106",
                at,
                format!("the operator `{}` is not defined for the types {types}", info.name),
            )
        } else if info.signatures.iter().all(|s| s.assign(args.len()).is_none()) {
            let message = format!("the function `{}` does not take {}", info.name, count(args.len(), "argument"));
            Diagnostic::semantic("KS119", at, message).help(format!(
                "it is `{}{}`",
                info.name,
                describe(info.signatures)
            ))
        } else {
            let types = types.join(", ");
            Diagnostic::semantic(
                "KS127",
                at,
                format!("the function `{}` does not take arguments of the types ({types})", info.name),
            )
            .help(format!("it is `{}{}`", info.name, describe(info.signatures)))
        };
        self.report(diagnostic);
    }

    /// Binds a call as written: a special form, a `let` function, a built-in or a stored function.
    pub(super) fn bind_call(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span, row: &Row) -> Bound {
        if let Some(binding) = self.scope.get(&name.text).cloned()
            && matches!(binding, Binding::Function { .. } | Binding::Pattern { .. })
        {
            return self.call_bound(&binding, name, args, span, row);
        }
        if let Some(bound) = self.special_call(name, args, span, row) {
            return bound;
        }
        if self.is_aggregate(&name.text, args.len()) {
            return Bound::Scalar(self.bind_aggregate_call(name, args, span, row));
        }
        if let Some(info) = self.env.functions.scalar(&name.text) {
            let class = info.class;
            let takes_star =
                info.signatures.iter().flat_map(|s| &s.params).any(|param| param.form == ArgumentForm::Star);
            let mut bound = Vec::new();
            for arg in args {
                if takes_star && matches!(arg.kind, ExprKind::Star) {
                    bound.extend(row.columns.iter().map(Expr::column));
                } else {
                    bound.push(self.bind_scalar(arg, row));
                }
            }
            if class == ScalarClass::Window && !row.serialized && !row.open {
                let message = format!("`{}` needs rows in a fixed order", name.text);
                self.report(
                    Diagnostic::runtime("VQ005", name.span, message)
                        .help("put `| serialize` or `| sort by ...` before it"),
                );
            }
            let info = match self.env.functions.scalar(&name.text) {
                Some(info) => info,
                None => return Bound::Scalar(self.unknown()),
            };
            return Bound::Scalar(self.call_info(&info, bound, span, name.span));
        }
        if let Some(bound) = self.call_stored(name, args, span, row) {
            return bound;
        }
        if !name.text.is_empty() {
            let candidates = self.env.functions.names();
            let message = format!("the name `{}` does not refer to any known function", name.text);
            let mut diagnostic = Diagnostic::semantic("KS211", name.span, message);
            if self.env.functions.plugin(&name.text).is_some() {
                diagnostic =
                    diagnostic.help(format!("`{}` is a plugin: write `| evaluate {}(...)`", name.text, name.text));
            } else if let Some(near) =
                crate::diagnostic::nearest(&name.text, candidates.iter().copied().filter(|n| n.is_ascii()))
            {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
        }
        for arg in args {
            self.bind_expr_or_table(arg, row);
        }
        Bound::Scalar(self.unknown())
    }

    /// Calls that the binder replaces.
    fn special_call(&mut self, name: &ast::Name, args: &[ast::Expr], span: Span, row: &Row) -> Option<Bound> {
        let scalar = match (name.text.as_str(), args) {
            ("now", []) => Expr::Literal(Value::Datetime(self.env.now)),
            ("now", [offset]) => {
                let offset = self.bind_timespan(offset, row);
                self.call("+", vec![Expr::Literal(Value::Datetime(self.env.now)), offset], span, name.span)
            }
            ("ago", [offset]) => {
                let offset = self.bind_timespan(offset, row);
                self.call("-", vec![Expr::Literal(Value::Datetime(self.env.now)), offset], span, name.span)
            }
            ("bin_auto", [value]) => {
                let value = self.bind_scalar(value, row);
                let option = |binder: &Self, name: &str| {
                    binder
                        .options
                        .iter()
                        .rev()
                        .find(|(option, _)| option == name)
                        .map(|(_, value)| Expr::Literal(value.clone()))
                };
                match (option(self, "query_bin_auto_size"), option(self, "query_bin_auto_at")) {
                    (None, _) => {
                        let message = "`bin_auto()` needs the size of its bins";
                        let help = "put `set query_bin_auto_size = 1h;` before the query";
                        self.report(Diagnostic::runtime("VQ013", span, message).help(help));
                        self.unknown()
                    }
                    (Some(size), Some(at)) => self.call("bin_at", vec![value, size, at], span, name.span),
                    (Some(size), None) => self.call("bin", vec![value, size], span, name.span),
                }
            }
            ("toscalar", [table]) => return Some(Bound::Scalar(self.scalar_of_table(table, row))),
            ("totable", [table]) => return Some(Bound::Table(self.bind_table_expr(table, row))),
            ("materialize", [table]) => {
                let relation = self.bind_table_expr(table, row);
                return Some(Bound::Table(self.share(relation)));
            }
            ("column_ifexists" | "columnifexists", [column, default]) => self.column_if_exists(column, default, row),
            ("pack_all", _) if args.len() <= 1 => {
                let skip = args.first().and_then(|arg| self.bind_literal(arg)) == Some(Value::Bool(true));
                self.pack(row.columns.iter().map(|f| (f.name.to_string(), Expr::column(f))).collect(), skip)
            }
            ("bag_pack_columns", columns) => {
                let mut members = Vec::new();
                for column in columns {
                    let value = self.bind_scalar(column, row);
                    let member = self.result_name(column).unwrap_or_default();
                    if let ExprKind::Name(_) = column.kind {
                    } else {
                        self.report(Diagnostic::semantic("KS109", column.span, "a column's name is expected here"));
                    }
                    members.push((member, value));
                }
                self.pack(members, false)
            }
            ("column_names_of", [table]) => {
                let relation = self.bind_table_expr(table, row);
                let names = relation.columns().iter().map(|f| schema::Dynamic::String(f.name.to_string())).collect();
                Expr::Literal(Value::Dynamic(schema::Dynamic::Array(names)))
            }
            ("ingestion_time", []) if row.columns.is_empty() && !row.open => {
                Expr::Literal(Value::Null(KqlType::Datetime))
            }
            ("ingestion_time", []) => self.ingestion_time(name.span),
            ("current_database", []) => Expr::Literal(Value::String(self.env.catalog.database())),
            ("current_principal", []) => Expr::Literal(Value::String(self.env.principal.to_string())),
            _ => return self.special_table_call(name, args, row),
        };
        Some(Bound::Scalar(scalar))
    }

    fn bind_timespan(&mut self, expr: &ast::Expr, row: &Row) -> Expr {
        let bound = self.bind_scalar(expr, row);
        if self.is_unknown(&bound) || bound.ktype() == KqlType::Timespan {
            return bound;
        }
        let message = format!("a timespan is expected here, not {}", bound.ktype());
        self.report(Diagnostic::semantic("KS107", expr.span, message));
        self.unknown()
    }

    fn pack(&mut self, members: Vec<(String, Expr)>, skip_empty: bool) -> Expr {
        let mut args = Vec::new();
        for (name, value) in members {
            args.push(Expr::Literal(Value::String(name)));
            args.push(value);
        }
        Expr::call(if skip_empty { "(bag_pack_nonempty)" } else { "bag_pack" }, args, KqlType::Dynamic)
    }

    fn column_if_exists(&mut self, column: &ast::Expr, default: &ast::Expr, row: &Row) -> Expr {
        let name = match &column.kind {
            // A bare column name is taken as the name, as old rules write it.
            ExprKind::Name(name) if row.column(&name.text).is_some() => Some(name.text.clone()),
            _ => match self.bind_literal(column) {
                Some(Value::String(name)) => Some(name),
                _ => None,
            },
        };
        let default = self.bind_scalar(default, row);
        match name.and_then(|name| row.column(&name).cloned()) {
            Some(field) => Expr::column(&field),
            None if row.open => Expr::Call { function: super::UNKNOWN, args: vec![], ktype: default.ktype() },
            None => default,
        }
    }

    fn scalar_of_table(&mut self, table: &ast::Expr, row: &Row) -> Expr {
        // Inside of `partition by column { query }`, whose tables may have a column of that name too.
        if let (ExprKind::Name(name), Some((key, value))) = (&table.kind, &self.partition_key)
            && name.text == *key
        {
            return value.clone();
        }
        let key = self.partition_key.take();
        let bound = self.bind_expr_or_table(table, row);
        self.partition_key = key;
        match bound {
            Bound::Scalar(scalar) => {
                if !scalar.is_constant() {
                    let message = "`toscalar()` takes a table or a constant, not a value of each row";
                    self.report(Diagnostic::semantic("KS190", table.span, message));
                }
                scalar
            }
            Bound::Table(relation) => {
                let Some(first) = relation.columns().first().cloned() else {
                    if !relation.open {
                        self.report(Diagnostic::semantic("KS190", table.span, "the table has no columns"));
                    }
                    return self.unknown();
                };
                let shared = self.share(relation);
                Expr::Subquery { plan: Box::new(shared.plan), ktype: first.ktype }
            }
            _ => {
                self.report(Diagnostic::semantic("KS112", table.span, "a table or a scalar value is expected here"));
                self.unknown()
            }
        }
    }

    /// Makes a relation that is computed once, however often it is read.
    pub fn share(&mut self, relation: Relation) -> Relation {
        if matches!(relation.plan.node, Node::Shared { .. } | Node::Materialised { .. } | Node::Values { .. }) {
            return relation;
        }
        let columns = relation.plan.columns.clone();
        let id = self.new_shared();
        let plan = crate::plan::Plan { node: Node::Shared { id, plan: Box::new(relation.plan) }, columns };
        Relation { plan, serialized: false, ..relation }
    }

    /// Calls a `let` function or a pattern.
    pub(super) fn call_bound(
        &mut self,
        binding: &Binding,
        name: &ast::Name,
        args: &[ast::Expr],
        span: Span,
        row: &Row,
    ) -> Bound {
        match binding {
            Binding::Function { statement, scope } => {
                let StatementKind::Let { value, .. } = &statement.kind else { return Bound::Scalar(self.unknown()) };
                let ExprKind::Function(function) = &value.kind else { return Bound::Scalar(self.unknown()) };
                let Some(inner) = self.bind_parameters(name, &function.parameters, args, scope, row, span, None) else {
                    return Bound::Scalar(self.unknown());
                };
                self.run_body(&function.body, inner, span)
            }
            Binding::Pattern { statement, scope } => self.call_pattern(statement, scope, args, None, span, row),
            _ => Bound::Scalar(self.unknown()),
        }
    }

    /// Binds a function's body in the scope of its parameters.
    pub(super) fn run_body(&mut self, body: &ast::Block, scope: super::Scope, span: Span) -> Bound {
        if !self.enter(span) {
            self.leave();
            return Bound::Scalar(self.unknown());
        }
        let outer = std::mem::replace(&mut self.scope, scope);
        let bound = self.bind_body(body, span);
        self.scope = outer;
        self.leave();
        bound
    }

    /// Gives the parameters their arguments: by position, by name, by default. `piped` is the table that `invoke` gives
    /// to the first parameter.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    pub(super) fn bind_parameters(
        &mut self,
        name: &ast::Name,
        parameters: &[ast::Parameter],
        args: &[ast::Expr],
        scope: &super::Scope,
        row: &Row,
        span: Span,
        piped: Option<Relation>,
    ) -> Option<super::Scope> {
        let offset = usize::from(piped.is_some());
        let required = parameters.iter().filter(|p| p.default.is_none()).count();
        if args.len() + offset > parameters.len() || args.len() + offset < required {
            let message = format!(
                "the function `{}` takes {}, not {}",
                name.text,
                count(parameters.len(), "argument"),
                args.len() + offset
            );
            self.report(Diagnostic::semantic("KS119", name.span, message));
            for arg in args {
                self.bind_expr_or_table(arg, row);
            }
            return None;
        }
        let mut given: Vec<Option<&ast::Expr>> = vec![None; parameters.len()];
        for (i, arg) in args.iter().enumerate() {
            let place = match &arg.kind {
                ExprKind::Named { names, value } => {
                    let named = names.first().map(|n| n.text.as_str()).unwrap_or_default();
                    match parameters.iter().position(|p| p.name.text == named) {
                        Some(place) => {
                            given[place] = Some(value);
                            continue;
                        }
                        None => {
                            let message = format!("the function `{}` has no parameter `{named}`", name.text);
                            self.report(Diagnostic::semantic("KS196", arg.span, message));
                            continue;
                        }
                    }
                }
                _ => i + offset,
            };
            if let Some(slot) = given.get_mut(place) {
                *slot = Some(arg);
            }
        }
        let mut inner = scope.clone();
        let mut piped = piped;
        for (parameter, argument) in parameters.iter().zip(given) {
            let binding = match (&parameter.ktype, argument) {
                (ParameterType::Table(schema), argument) => {
                    let relation = match (piped.take(), argument) {
                        (Some(relation), _) => relation,
                        (None, Some(argument)) => self.bind_table_expr(argument, row),
                        (None, None) => {
                            let message = format!("the parameter `{}` needs a table", parameter.name.text);
                            self.report(Diagnostic::semantic("KS197", span, message));
                            self.open_relation()
                        }
                    };
                    Binding::Table(self.tabular_argument(relation, schema, argument.map_or(span, |a| a.span)))
                }
                (ParameterType::Scalar(ktype), Some(argument)) => {
                    let value = self.bind_scalar(argument, row);
                    Binding::Scalar(self.scalar_argument(value, *ktype, &parameter.name.text, argument.span))
                }
                (ParameterType::Scalar(ktype), None) => {
                    let value = match &parameter.default {
                        Some(default) => self.bind_scalar(default, &Row::none()),
                        None => {
                            let message = format!("the parameter `{}` has no value", parameter.name.text);
                            self.report(Diagnostic::semantic("KS197", span, message));
                            self.unknown()
                        }
                    };
                    Binding::Scalar(self.scalar_argument(value, *ktype, &parameter.name.text, span))
                }
            };
            inner = inner.with(parameter.name.text.clone(), binding);
        }
        Some(inner)
    }

    fn scalar_argument(&mut self, value: Expr, wanted: KqlType, name: &str, span: Span) -> Expr {
        let given = value.ktype();
        if given == wanted || self.is_unknown(&value) {
            return value;
        }
        let compatible = given == KqlType::Dynamic
            || wanted == KqlType::Dynamic
            || widens(given, wanted)
            || widens(wanted, given)
            || wanted == KqlType::String
            || given == KqlType::String;
        if !compatible {
            let message = format!("the argument `{name}` must have the type {wanted}, not {given}");
            self.report(Diagnostic::semantic("KS107", span, message));
        }
        self.convert(value, wanted)
    }

    /// Checks a tabular argument against the columns that the parameter declares.
    fn tabular_argument(&mut self, relation: Relation, schema: &ast::SchemaType, span: Span) -> Relation {
        if relation.open {
            return relation;
        }
        for column in &schema.columns {
            match relation.column(&column.name.text) {
                Some(field) if field.ktype == column.ktype => {}
                found => {
                    let problem = match found {
                        Some(field) => format!("has the type {}", field.ktype),
                        None => "is missing".to_string(),
                    };
                    let message = format!(
                        "the table needs the column `{}` of type {}: it {problem}",
                        column.name.text, column.ktype
                    );
                    self.report(Diagnostic::semantic("KS249", span, message));
                }
            }
        }
        relation
    }
}

/// Returns the type that a signature gives, or `None` when the function has a rule of its own.
pub(super) fn return_type(returns: Returns, types: &[KqlType], common: Option<KqlType>) -> Option<KqlType> {
    Some(match returns {
        Returns::Type(ktype) => ktype,
        Returns::Same(i) => types.get(i).copied().unwrap_or(KqlType::Dynamic),
        Returns::Promoted(i) => match types.get(i) {
            Some(KqlType::Int) => KqlType::Long,
            Some(ktype) => *ktype,
            None => KqlType::Dynamic,
        },
        Returns::Common => common.unwrap_or(KqlType::Dynamic),
        Returns::Widest => widest(types),
        Returns::LiteralType(i) => i.map_or(types.last(), |i| types.get(i)).copied().unwrap_or(KqlType::Dynamic),
        Returns::Custom => return None,
    })
}

fn is_common(kind: ParamKind) -> bool {
    kind == ParamKind::Common || is_strictly_common(kind)
}

/// Returns whether arguments of this kind must widen to one type.
fn is_strictly_common(kind: ParamKind) -> bool {
    matches!(
        kind,
        ParamKind::CommonScalar | ParamKind::CommonNumber | ParamKind::CommonSummable | ParamKind::CommonOrderable
    )
}

/// Returns whether the arguments that must have a common type have one.
fn agree(params: &[&Param], types: &[KqlType]) -> bool {
    let strict = params.iter().zip(types).filter(|(param, _)| is_strictly_common(param.kind));
    let mut strict = strict.map(|(_, ktype)| Some(*ktype));
    strict.next().is_none_or(|first| {
        strict.try_fold(first, |a, b| Some(a.zip(b).and_then(|(a, b)| wider(a, b)))).flatten().is_some()
    })
}

/// Returns the common type of the arguments whose parameters must agree, that of dynamic ones not counting; dynamic when
/// the others differ.
pub(super) fn common_type(params: &[&Param], types: &[KqlType]) -> Option<KqlType> {
    let mut common = params.iter().zip(types).filter(|(param, _)| is_common(param.kind)).map(|(_, ktype)| *ktype);
    let typed = common.clone().filter(|ktype| *ktype != KqlType::Dynamic);
    match typed.map(Some).reduce(|a, b| a.zip(b).and_then(|(a, b)| wider(a, b))) {
        Some(agreed) => Some(agreed.unwrap_or(KqlType::Dynamic)),
        None => common.next(),
    }
}

/// Returns the widest numeric type; int and long mixed or alone as arithmetic gives them.
fn widest(types: &[KqlType]) -> KqlType {
    let widest = types.iter().copied().reduce(|a, b| wider(a, b).unwrap_or(a)).unwrap_or(KqlType::Dynamic);
    // Integer arithmetic is done in long.
    if widest == KqlType::Int { KqlType::Long } else { widest }
}

fn is_word_operator(name: &str) -> bool {
    matches!(
        name,
        "and"
            | "or"
            | "has"
            | "has_cs"
            | "contains"
            | "contains_cs"
            | "startswith"
            | "startswith_cs"
            | "endswith"
            | "endswith_cs"
            | "hasprefix"
            | "hasprefix_cs"
            | "hassuffix"
            | "hassuffix_cs"
            | "in"
            | "has_any"
            | "has_all"
            | "between"
    )
}

/// `1 argument`, `2 arguments`.
pub(super) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Returns the parameters of the longest signature, for help.
fn describe(signatures: &[Signature]) -> String {
    let Some(signature) = signatures.iter().max_by_key(|s| s.params.len()) else { return "()".to_string() };
    let params: Vec<String> = signature
        .params
        .iter()
        .map(|param| match param.occurs {
            crate::signature::Occurs::Once => param.name.to_string(),
            crate::signature::Occurs::Optional => format!("[{}]", param.name),
            crate::signature::Occurs::Many | crate::signature::Occurs::ManyOnce => format!("{}, ...", param.name),
        })
        .collect();
    format!("({})", params.join(", "))
}
