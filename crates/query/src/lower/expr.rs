//! Scalar expressions.
//!
//! The engine's own expression is taken where it means the same as Kusto's (and is faster, or lets the engine prune and
//! push filters); every other call goes through the function's body in `kql-functions`.

use super::{Lowering, column};
use crate::error::QueryError;
use crate::native;
use crate::scalar::KqlFunction;
use crate::value::{scalar_of, value_of};
use datafusion::common::DFSchema;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{ColumnarValue, Expr as EngineExpr};
use datafusion::physical_expr::create_physical_expr;
use kql::plan::Expr;
use kql_functions::{Body, FUNCTIONS};
use schema::{KqlType, Value};

impl Lowering<'_> {
    /// Lowers an expression to one of the same value in every row.
    ///
    /// # Errors
    /// When it calls a function that does not exist.
    pub fn expr(&self, expr: &Expr) -> Result<EngineExpr, QueryError> {
        match expr {
            Expr::Literal(value) => Ok(EngineExpr::Literal(scalar_of(value), None)),
            Expr::Column { id, .. } => Ok(column(*id)),
            Expr::Call { function, args, ktype } => self.call(function, args, *ktype),
            Expr::Subquery { .. } | Expr::InTable { .. } => {
                Err(QueryError::internal("planning the query", "a subquery was not evaluated before the query"))
            }
        }
    }

    /// Lowers an expression to one that is true in the same rows; where it is not true it may be false or null. That
    /// lets a comparison with a nullable column be the engine's own.
    ///
    /// # Errors
    /// When it calls a function that does not exist.
    pub fn predicate(&self, expr: &Expr) -> Result<EngineExpr, QueryError> {
        if let Expr::Call { function, args, .. } = expr
            && let Some(lowered) = native::predicate(self, function, args)?
        {
            return Ok(lowered);
        }
        self.expr(expr)
    }

    fn call(&self, function: &str, args: &[Expr], returns: KqlType) -> Result<EngineExpr, QueryError> {
        if let Some(lowered) = native::call(self, function, args, returns)? {
            return Ok(lowered);
        }
        let unknown = || QueryError::UnknownFunction { name: function.to_string() };
        let (found, _) = FUNCTIONS.scalar(function).ok_or_else(unknown)?;
        let (eval, volatile) = match found.body {
            Body::Eval(eval) => (eval, false),
            Body::Volatile(eval) => (eval, true),
            Body::Refused(why) => return Err(QueryError::Evaluation(why.to_string())),
            Body::Window(_) | Body::Engine | Body::Binder => return Err(unknown()),
        };
        let args = args.iter().map(|arg| Ok((self.expr(arg)?, arg.ktype()))).collect::<Result<Vec<_>, QueryError>>()?;
        Ok(KqlFunction::call(found.name, eval, volatile, args, returns, &self.ctx))
    }

    /// Evaluates an expression without columns; `None` when it reads one.
    ///
    /// # Errors
    /// When its evaluation fails.
    pub fn constant(&self, expr: &Expr) -> Result<Option<Value>, QueryError> {
        if let Some(value) = expr.as_literal() {
            return Ok(Some(value.clone()));
        }
        if !expr.is_constant() {
            return Ok(None);
        }
        let failed = |error| QueryError::from_engine(error, "evaluating a constant", 0);
        let lowered = self.expr(expr)?;
        let physical = create_physical_expr(
            &lowered,
            &DFSchema::empty(),
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )
        .map_err(failed)?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
        let schema = std::sync::Arc::new(arrow::datatypes::Schema::empty());
        let row =
            arrow::array::RecordBatch::try_new_with_options(schema, vec![], &options).map_err(|e| failed(e.into()))?;
        let value = match physical.evaluate(&row).map_err(failed)? {
            ColumnarValue::Scalar(scalar) => value_of(&scalar, expr.ktype()).map_err(failed)?,
            ColumnarValue::Array(array) => kql_functions::args::value_at(&array, expr.ktype(), 0),
        };
        Ok(Some(value))
    }
}
