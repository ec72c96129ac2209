//! `mv-expand`, `parse`, `parse-kv`, `make-series`: lowered to kernels over values.

use super::kernels::{added, key_args};
use super::{Lowering, Place};
use crate::error::QueryError;
use crate::kernel::kernel_plan;
use crate::kernel::make_series::MakeSeries;
use crate::kernel::mv_expand::MvExpand;
use crate::kernel::parse::{Parse, ParseKv};
use crate::kernel::reduce::Reduce;
use datafusion::logical_expr::LogicalPlan;
use kql::plan::{Aggregate, ColumnId, ExpandItem, Expr, Field, Node, ParseMode, ParsePart, Plan};
use kql_functions::table::make_series::Axis;
use kql_functions::table::mv_expand::MvExpand as Expansion;
use kql_functions::table::parse::{Mode, Part, Pattern};
use kql_functions::table::parse_kv::KeyValues;
use schema::{KqlType, Value};
use std::sync::Arc;

/// The parts of a `make-series` node.
pub struct SeriesNode<'p> {
    pub input: &'p Plan,
    pub keys: &'p [Expr],
    pub aggregates: &'p [(Aggregate, Expr)],
    pub axis: &'p Expr,
    pub from: Option<&'p Expr>,
    pub to: Option<&'p Expr>,
    pub step: &'p Expr,
    pub to_included: bool,
    pub nonempty: bool,
}

/// The id of the bin between the aggregation and the packing: no column of the query has it.
const BIN: ColumnId = ColumnId(u32::MAX);

impl Lowering<'_> {
    pub(super) fn mv_expand(
        &self,
        input: LogicalPlan,
        items: &[ExpandItem],
        bag_as_array: bool,
        index: Option<ColumnId>,
        limit: Option<u64>,
    ) -> Result<LogicalPlan, QueryError> {
        let args = items.iter().map(|item| Ok((self.expr(&item.expr)?, KqlType::Dynamic)));
        let args = args.collect::<Result<Vec<_>, QueryError>>()?;
        let types = items.iter().map(|item| item.output.ktype).collect();
        let kernel = MvExpand { how: Expansion { types, bag_as_array, limit }, index: index.is_some() };
        let mut outputs: Vec<Field> = items.iter().map(|item| item.output.clone()).collect();
        outputs.extend(index.map(|id| Field { id, name: Default::default(), ktype: KqlType::Long }));
        kernel_plan(Arc::new(kernel), vec![input], args, true, added(&outputs))
    }

    pub(super) fn parse(
        &self,
        input: LogicalPlan,
        subject: &Expr,
        mode: &ParseMode,
        parts: &[ParsePart],
        only_matching: bool,
    ) -> Result<LogicalPlan, QueryError> {
        let mode = match mode {
            ParseMode::Simple => Mode::Simple,
            ParseMode::Relaxed => Mode::Relaxed,
            ParseMode::Regex(flags) => Mode::Regex(flags.clone()),
        };
        let mut captures = Vec::new();
        let mut pattern = Vec::with_capacity(parts.len());
        for part in parts {
            pattern.push(match part {
                ParsePart::Skip => Part::Skip,
                ParsePart::Text(text) => Part::Text(text.clone()),
                ParsePart::Capture(field) => {
                    captures.push(field);
                    Part::Capture(field.ktype)
                }
            });
        }
        let kernel = Parse { pattern: Arc::new(Pattern::new(&pattern, &mode)?), only_matching };
        let args = vec![(self.expr(subject)?, KqlType::String)];
        kernel_plan(Arc::new(kernel), vec![input], args, true, added(captures))
    }

    pub(super) fn parse_kv(
        &self,
        input: LogicalPlan,
        subject: &Expr,
        keys: &[Field],
        how: &kql::plan::ParseKv,
    ) -> Result<LogicalPlan, QueryError> {
        let names = keys.iter().map(|key| (key.name.to_string(), key.ktype)).collect();
        let kernel = ParseKv { keys: Arc::new(KeyValues::new(names, how.clone())?) };
        let args = vec![(self.expr(subject)?, KqlType::String)];
        kernel_plan(Arc::new(kernel), vec![input], args, true, added(keys))
    }

    pub(super) fn reduce(
        &self,
        input: LogicalPlan,
        subject: &Expr,
        (threshold, characters): (f64, &str),
        of_rows: bool,
        columns: &[Field],
    ) -> Result<LogicalPlan, QueryError> {
        let kernel = Reduce { threshold, characters: characters.to_string(), of_rows };
        let outputs = columns.get(columns.len().saturating_sub(3)..).unwrap_or_default();
        let args = vec![(self.expr(subject)?, KqlType::String)];
        kernel_plan(Arc::new(kernel), vec![input], args, of_rows, added(outputs))
    }

    /// Aggregates by the keys and the axis' bin, then packs the bins of each key into arrays.
    pub(super) fn make_series(
        &self,
        node: &SeriesNode<'_>,
        columns: &[Field],
        place: Place<'_>,
    ) -> Result<LogicalPlan, QueryError> {
        let value = |expr: Option<&Expr>, what: &str| -> Result<Option<Value>, QueryError> {
            let Some(expr) = expr else { return Ok(None) };
            let missing = || QueryError::NotConstant { what: format!("the {what} of `make-series`") };
            self.constant(expr)?.map(Some).ok_or_else(missing)
        };
        let from = value(node.from, "start")?.filter(|value| !value.is_null());
        let to = value(node.to, "end")?.filter(|value| !value.is_null());
        let step = value(Some(node.step), "step")?.unwrap_or(Value::Null(KqlType::Long));
        let axis_type = node.axis.ktype();
        let mut input = node.input.clone();
        let bounds = [(&from, ">="), (&to, if node.to_included { "<=" } else { "<" })];
        for (bound, operator) in bounds {
            if let Some(bound) = bound {
                let args = vec![node.axis.clone(), Expr::Literal(bound.clone())];
                let predicate = Expr::call(operator, args, KqlType::Bool);
                let columns = input.columns.clone();
                input = Plan { node: Node::Filter { input: Box::new(input), predicate }, columns };
            }
        }
        let mut bin_args = vec![node.axis.clone(), Expr::Literal(step.clone())];
        let axis = Axis::new(axis_type, from.as_ref(), to.as_ref(), &step, node.to_included)?;
        let bin = match &from {
            // Bins of the older form, `in range()`, are multiples of the step.
            Some(from) if !node.to_included => {
                bin_args.push(Expr::Literal(from.clone()));
                Expr::call("bin_at", bin_args, axis_type)
            }
            _ => Expr::call("bin", bin_args, axis_type),
        };
        let key_fields = columns.get(..node.keys.len()).unwrap_or_default();
        let bin_field = Field { id: BIN, name: Default::default(), ktype: axis_type };
        let mut keys = node.keys.to_vec();
        keys.push(bin);
        let aggregates: Vec<Aggregate> = node.aggregates.iter().map(|(aggregate, _)| aggregate.clone()).collect();
        let outputs: Vec<Field> = aggregates.iter().flat_map(|a| a.outputs.iter().cloned()).collect();
        let grouped: Vec<Field> = key_fields.iter().chain([&bin_field]).chain(&outputs).cloned().collect();
        let plan = self.aggregate(&input, &keys, &aggregates, &grouped, place.ordered(false))?;
        let defaults = node.aggregates.iter().map(|(aggregate, default)| {
            let ktype = aggregate.outputs.first().map_or(KqlType::Long, |output| output.ktype);
            Ok((ktype, self.constant(default)?.unwrap_or(Value::Null(ktype))))
        });
        let defaults = defaults.collect::<Result<Vec<_>, QueryError>>()?;
        // Inside a partition its columns are further keys.
        let passed = place.passed();
        let series_keys: Vec<Field> = key_fields.iter().chain(passed).cloned().collect();
        let kernel = MakeSeries {
            key_types: series_keys.iter().map(|field| field.ktype).collect(),
            axis,
            aggregates: defaults,
            nonempty: node.nonempty,
        };
        let args: Vec<Field> = series_keys.iter().chain([&bin_field]).chain(&outputs).cloned().collect();
        let arrays = columns.get(node.keys.len()..).unwrap_or_default();
        let produced: Vec<Field> = series_keys.iter().chain(arrays).cloned().collect();
        kernel_plan(Arc::new(kernel), vec![plan], key_args(&args), false, added(&produced))
    }
}
