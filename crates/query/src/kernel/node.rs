//! A kernel in the engine's logical plan.

use super::{Added, Kernel, Sees};
use crate::error::QueryError;
use arrow::datatypes::{Field, Schema};
use datafusion::common::{DFSchema, DFSchemaRef, Result as EngineResult, internal_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore};
use schema::KqlType;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A kernel over inputs. The result has the columns of the first input that pass through (all but those that are added
/// anew, or none), then the added ones.
#[derive(Debug, Clone)]
pub struct KernelNode {
    pub kernel: Arc<dyn Kernel>,
    pub inputs: Vec<LogicalPlan>,
    /// Evaluated over the first input, with their KQL types.
    pub args: Vec<Expr>,
    pub arg_types: Vec<KqlType>,
    pub passes: bool,
    pub added: Vec<Added>,
    pub schema: DFSchemaRef,
}

/// Makes the plan of a kernel.
///
/// # Errors
/// When two columns have one name: our fault.
pub fn kernel_plan(
    kernel: Arc<dyn Kernel>,
    inputs: Vec<LogicalPlan>,
    args: Vec<(Expr, KqlType)>,
    passes: bool,
    added: Vec<Added>,
) -> Result<LogicalPlan, QueryError> {
    let (args, arg_types) = args.into_iter().unzip();
    let schema =
        schema_of(&inputs, passes, &added).map_err(|error| QueryError::from_engine(error, "planning the query", 0))?;
    let node = KernelNode { kernel, inputs, args, arg_types, passes, added, schema };
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

/// Returns the positions of the first input's columns that pass through.
pub(super) fn passed_positions(names: &[&str], passes: bool, added: &[Added]) -> Vec<usize> {
    if !passes {
        return vec![];
    }
    let is_added = |name: &str| added.iter().any(|column| column.name == name);
    (0..names.len()).filter(|i| !is_added(names[*i])).collect()
}

/// Returns the result's schema.
pub(super) fn arrow_schema_of(input: Option<&Schema>, passes: bool, added: &[Added]) -> Schema {
    let mut fields = Vec::new();
    if let Some(input) = input {
        let names: Vec<&str> = input.fields().iter().map(|field| field.name().as_str()).collect();
        fields.extend(passed_positions(&names, passes, added).into_iter().map(|i| input.field(i).as_ref().clone()));
    }
    fields.extend(added.iter().map(|column| Field::new(&column.name, column.ktype.arrow(), true)));
    Schema::new(fields)
}

fn schema_of(inputs: &[LogicalPlan], passes: bool, added: &[Added]) -> Result<DFSchemaRef, DataFusionError> {
    let input = inputs.first().map(|plan| plan.schema().as_arrow());
    Ok(Arc::new(DFSchema::try_from(arrow_schema_of(input, passes, added))?))
}

impl KernelNode {
    /// Two nodes are the same when their kernels are the same object.
    fn identity(&self) -> (usize, &[LogicalPlan], &[Expr]) {
        (Arc::as_ptr(&self.kernel).cast::<()>() as usize, &self.inputs, &self.args)
    }
}

impl PartialEq for KernelNode {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for KernelNode {}

impl Hash for KernelNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl PartialOrd for KernelNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for KernelNode {
    fn name(&self) -> &str {
        self.kernel.name()
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.inputs.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.args.clone()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let columns = self.schema.fields().iter().map(|field| field.name().clone());
        match self.kernel.sees() {
            Sees::EachRow if self.inputs.len() == 1 => self.added.iter().map(|column| column.name.clone()).collect(),
            _ => columns.collect(),
        }
    }

    fn fmt_for_explain(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let args: Vec<String> = self.args.iter().map(ToString::to_string).collect();
        let added: Vec<&str> = self.added.iter().map(|column| column.name.as_str()).collect();
        write!(f, "{}: {} => {}", self.kernel.name(), args.join(", "), added.join(", "))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> EngineResult<Self> {
        if exprs.len() != self.args.len() || inputs.len() != self.inputs.len() {
            return internal_err!("`{}` has other arguments or inputs", self.kernel.name());
        }
        let schema = schema_of(&inputs, self.passes, &self.added)?;
        Ok(KernelNode { inputs, args: exprs, schema, ..self.clone() })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        // Further inputs are read whole; what arguments read of the first is added by the engine.
        let all = |plan: &LogicalPlan| (0..plan.schema().fields().len()).collect::<Vec<usize>>();
        let mut necessary: Vec<Vec<usize>> = self.inputs.iter().map(all).collect();
        if let (true, Some(input), Some(first)) = (self.passes, self.inputs.first(), necessary.first_mut()) {
            let names: Vec<&str> = input.schema().fields().iter().map(|field| field.name().as_str()).collect();
            let passed = passed_positions(&names, true, &self.added);
            *first = output_columns.iter().filter_map(|i| passed.get(*i).copied()).collect();
        }
        Some(necessary)
    }
}
