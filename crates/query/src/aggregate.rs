//! Aggregation functions of KQL as aggregation functions of the engine: one adapter for all of them.
//!
//! A function with several result columns gives one struct column; [`field_of`] takes a column out of it.

use crate::error::eval_error;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StructArray, new_empty_array};
use arrow::compute::{filter, prep_null_mask_filter};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator as EngineAccumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, EmitTo, Expr, GroupsAccumulator,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use kql_functions::{Accumulate, Accumulator, AggregateCall, CallContext, EvalError};
use schema::{KqlType, Value};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// What an aggregation call is: function, arguments' types and constants, results' types. Cheap to copy.
#[derive(Clone)]
struct Call {
    accumulate: Accumulate,
    args: Vec<(KqlType, Option<Value>)>,
    returns: Vec<KqlType>,
    ctx: Arc<CallContext>,
}

impl Call {
    fn as_aggregate_call(&self) -> AggregateCall<'_> {
        AggregateCall { args: self.args.clone(), returns: self.returns.clone(), ctx: &self.ctx }
    }

    fn accumulator(&self) -> EngineResult<Box<dyn Accumulator>> {
        (self.accumulate.make)(&self.as_aggregate_call()).map_err(eval_error)
    }

    fn result_type(&self) -> DataType {
        match self.returns.as_slice() {
            [one] => one.arrow(),
            several => DataType::Struct(result_fields(several)),
        }
    }

    /// Puts the result columns of a function together to the one column that the engine wants.
    fn join(&self, mut columns: Vec<ArrayRef>) -> EngineResult<ArrayRef> {
        if columns.len() != self.returns.len() {
            return internal_err!("an aggregation gave {} columns instead of {}", columns.len(), self.returns.len());
        }
        let rows = columns.first().map_or(0, |column| column.len());
        for (column, ktype) in columns.iter_mut().zip(&self.returns) {
            *column = crate::scalar::checked("aggregation", column.clone(), *ktype, rows)?;
        }
        if columns.len() == 1 {
            return Ok(columns.swap_remove(0));
        }
        Ok(Arc::new(StructArray::try_new(result_fields(&self.returns), columns, None)?))
    }
}

fn result_fields(types: &[KqlType]) -> Fields {
    types.iter().enumerate().map(|(i, ktype)| Field::new(format!("f{i}"), ktype.arrow(), true)).collect()
}

/// An aggregation function for arguments of given types and constants. Two are the same when their names are.
pub struct KqlAggregate {
    name: String,
    follows_order: bool,
    call: Call,
    signature: Signature,
}

impl KqlAggregate {
    /// Returns whether the result follows the order of the rows, as that of `make_list` does.
    pub fn follows_order(&self) -> bool {
        self.follows_order
    }
}

/// Makes the engine's function for a call of the aggregation `name`. `args` are the arguments' types, with the value of
/// those that are constant.
pub fn aggregate_function(
    name: &str,
    accumulate: Accumulate,
    args: Vec<(KqlType, Option<Value>)>,
    returns: Vec<KqlType>,
    follows_order: bool,
    ctx: &Arc<CallContext>,
) -> Arc<AggregateUDF> {
    let texts: Vec<String> = args
        .iter()
        .map(|(ktype, value)| match value {
            Some(value) => format!("{ktype}={}", value.to_dynamic().to_json()),
            None => ktype.to_string(),
        })
        .collect();
    let results: Vec<&str> = returns.iter().map(|ktype| ktype.name()).collect();
    let name = format!("{name}({}):{}", texts.join(","), results.join(","));
    let signature = Signature::any(args.len(), Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(KqlAggregate {
        name,
        follows_order,
        call: Call { accumulate, args, returns, ctx: ctx.clone() },
        signature,
    }))
}

impl std::fmt::Debug for KqlAggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for KqlAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for KqlAggregate {}

impl Hash for KqlAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for KqlAggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(self.call.result_type())
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn state_fields(&self, args: StateFieldsArgs) -> EngineResult<Vec<FieldRef>> {
        let types = (self.call.accumulate.state_types)(&self.call.as_aggregate_call());
        Ok(types
            .into_iter()
            .enumerate()
            .map(|(i, t)| Arc::new(Field::new(format!("{}[{i}]", args.name), t, true)))
            .collect())
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> EngineResult<Box<dyn EngineAccumulator>> {
        Ok(Box::new(OneGroup {
            call: self.call.clone(),
            inner: Mutex::new(self.call.accumulator()?),
            groups: Vec::new(),
        }))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs) -> EngineResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(ManyGroups { inner: self.call.accumulator()?, call: self.call.clone() }))
    }
}

/// Accumulates many groups (`summarize ... by`).
struct ManyGroups {
    call: Call,
    inner: Box<dyn Accumulator>,
}

fn first_groups(emit: EmitTo) -> Option<usize> {
    match emit {
        EmitTo::All => None,
        EmitTo::First(n) => Some(n),
    }
}

impl GroupsAccumulator for ManyGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        opt_filter: Option<&BooleanArray>,
        n_groups: usize,
    ) -> EngineResult<()> {
        let Some(predicate) = opt_filter else {
            return self.inner.update(values, groups, n_groups).map_err(eval_error);
        };
        let (values, kept) = accepted(values, predicate)?;
        let groups: Vec<usize> =
            groups.iter().zip(kept.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(g, _)| *g).collect();
        self.inner.update(&values, &groups, n_groups).map_err(eval_error)
    }

    fn evaluate(&mut self, emit: EmitTo) -> EngineResult<ArrayRef> {
        let columns = self.inner.evaluate(first_groups(emit)).map_err(eval_error)?;
        self.call.join(columns)
    }

    fn state(&mut self, emit: EmitTo) -> EngineResult<Vec<ArrayRef>> {
        self.inner.state(first_groups(emit)).map_err(eval_error)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], n_groups: usize) -> EngineResult<()> {
        self.inner.merge(values, groups, n_groups).map_err(eval_error)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> EngineResult<Vec<ArrayRef>> {
        let rows = values.first().map_or_else(|| opt_filter.map_or(0, Array::len), |column| column.len());
        let mut each = ManyGroups { inner: self.call.accumulator()?, call: self.call.clone() };
        let groups: Vec<usize> = (0..rows).collect();
        each.update_batch(values, &groups, opt_filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

/// Keeps the rows for which the predicate is true, and returns them with the predicate free of nulls.
fn accepted(values: &[ArrayRef], predicate: &BooleanArray) -> EngineResult<(Vec<ArrayRef>, BooleanArray)> {
    let predicate = if predicate.null_count() > 0 { prep_null_mask_filter(predicate) } else { predicate.clone() };
    let values = values.iter().map(|column| filter(column, &predicate)).collect::<Result<_, _>>()?;
    Ok((values, predicate))
}

/// Accumulates the single group of a `summarize` without keys.
struct OneGroup {
    call: Call,
    /// Never contended: the engine wants the accumulator to be `Sync`.
    inner: Mutex<Box<dyn Accumulator>>,
    /// Zeros, as many as the longest batch so far.
    groups: Vec<usize>,
}

impl std::fmt::Debug for OneGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneGroup")
    }
}

impl OneGroup {
    /// Runs `step` with the accumulator and the group of each of the rows.
    fn with<T>(
        &mut self,
        rows: usize,
        step: impl FnOnce(&mut dyn Accumulator, &[usize]) -> Result<T, EvalError>,
    ) -> EngineResult<T> {
        if self.groups.len() < rows {
            self.groups.resize(rows, 0);
        }
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        step(inner.as_mut(), &self.groups[..rows]).map_err(eval_error)
    }

    /// Makes sure that the group exists though there were no rows.
    fn touch(&mut self) -> EngineResult<()> {
        let nothing: Vec<ArrayRef> = self.call.args.iter().map(|(ktype, _)| new_empty_array(&ktype.arrow())).collect();
        self.with(0, |inner, groups| inner.update(&nothing, groups, 1))
    }
}

fn rows_of(columns: &[ArrayRef]) -> usize {
    columns.first().map_or(0, |column| column.len())
}

impl EngineAccumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        self.with(rows_of(values), |inner, groups| inner.update(values, groups, 1))
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        self.touch()?;
        let columns = self.with(0, |inner, _| inner.evaluate(None))?;
        ScalarValue::try_from_array(&self.call.join(columns)?, 0)
    }

    fn size(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).size()
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        self.touch()?;
        let columns = self.with(0, |inner, _| inner.state(None))?;
        columns.iter().map(|column| ScalarValue::try_from_array(column, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        self.with(rows_of(states), |inner, groups| inner.merge(states, groups, 1))
    }
}

/// Takes result column `index` out of a struct made by an aggregation with several results.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TakeField {
    index: usize,
    returns: KqlType,
    signature: Signature,
}

/// Returns column `index`, of type `ktype`, of the struct column `expr`.
pub fn field_of(expr: Expr, index: usize, ktype: KqlType) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(TakeField { index, returns: ktype, signature }).call(vec![expr])
}

impl ScalarUDFImpl for TakeField {
    fn name(&self) -> &str {
        "result_column"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(self.returns.arrow())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        match arrays
            .first()
            .and_then(|array| array.as_struct_opt())
            .and_then(|columns| columns.columns().get(self.index))
        {
            Some(column) => Ok(ColumnarValue::Array(column.clone())),
            None => internal_err!("there is no result column {}", self.index),
        }
    }
}
