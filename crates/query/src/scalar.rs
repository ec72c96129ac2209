//! Scalar functions of KQL as functions of the engine: one adapter for all of them.

use crate::error::eval_error;
use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result as EngineResult, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use kql_functions::{Arg, Args, CallContext, EvalError};
use schema::KqlType;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The code of a scalar function.
pub type Eval = fn(&Args) -> Result<ArrayRef, EvalError>;

/// A scalar function for arguments of given types. Two are the same when their names are: the name says the types too,
/// so that another node can make the same function from it.
pub struct KqlFunction {
    name: String,
    eval: Eval,
    args: Vec<KqlType>,
    returns: KqlType,
    ctx: Arc<CallContext>,
    signature: Signature,
}

impl KqlFunction {
    /// Makes a call of the function `name` over the given arguments.
    pub fn call(
        name: &str,
        eval: Eval,
        volatile: bool,
        args: Vec<(Expr, KqlType)>,
        returns: KqlType,
        ctx: &Arc<CallContext>,
    ) -> Expr {
        let (exprs, types): (Vec<Expr>, Vec<KqlType>) = args.into_iter().unzip();
        let volatility = if volatile { Volatility::Volatile } else { Volatility::Immutable };
        let signature =
            if types.is_empty() { Signature::nullary(volatility) } else { Signature::any(types.len(), volatility) };
        let function = KqlFunction {
            name: full_name(name, &types, returns),
            eval,
            args: types,
            returns,
            ctx: ctx.clone(),
            signature,
        };
        ScalarUDF::new_from_impl(function).call(exprs)
    }
}

/// Returns the name under which a function for certain types is known: `strlen(string):long`.
fn full_name(name: &str, args: &[KqlType], returns: KqlType) -> String {
    let args: Vec<&str> = args.iter().map(|ktype| ktype.name()).collect();
    format!("{name}({}):{returns}", args.join(","))
}

impl std::fmt::Debug for KqlFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for KqlFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for KqlFunction {}

impl Hash for KqlFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for KqlFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(self.returns.arrow())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)))
            && self.signature.volatility != Volatility::Volatile;
        let rows = if constant { 1 } else { args.number_rows };
        let inputs: Vec<Arg> = args
            .args
            .into_iter()
            .zip(&self.args)
            .map(|(arg, ktype)| {
                Ok(match arg {
                    ColumnarValue::Array(array) => Arg { array, ktype: *ktype, constant: false },
                    ColumnarValue::Scalar(scalar) => Arg { array: scalar.to_array()?, ktype: *ktype, constant: true },
                })
            })
            .collect::<EngineResult<_>>()?;
        let call = Args { args: &inputs, rows, returns: self.returns, ctx: &self.ctx };
        let result = checked(&self.name, (self.eval)(&call).map_err(eval_error)?, self.returns, rows)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// Makes sure that a function's column is what the plan says: type, length, and no null among strings.
pub fn checked(name: &str, column: ArrayRef, ktype: KqlType, rows: usize) -> EngineResult<ArrayRef> {
    if *column.data_type() != ktype.arrow() || column.len() != rows {
        return internal_err!(
            "`{name}` gave {} of {} rows, expected {ktype} of {rows}",
            column.data_type(),
            column.len()
        );
    }
    if ktype == KqlType::String && column.null_count() > 0 {
        return without_nulls(&column);
    }
    Ok(column)
}

/// Replaces the nulls of a text column by the empty text, sharing its buffers.
pub fn without_nulls(column: &ArrayRef) -> EngineResult<ArrayRef> {
    let Some(texts) = column.as_string_view_opt() else {
        return internal_err!("a text column is {}", column.data_type());
    };
    let Some(nulls) = texts.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(column.clone());
    };
    // The view of an empty text is all zeros.
    let views = texts.views().iter().zip(nulls.iter()).map(|(view, valid)| if valid { *view } else { 0 }).collect();
    Ok(Arc::new(StringViewArray::try_new(views, texts.data_buffers().to_vec(), None)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_texts_become_empty() {
        let texts: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("a"), None, Some("longer than twelve bytes"), None]));
        let expected = StringViewArray::from(vec!["a", "", "longer than twelve bytes", ""]);
        let got = without_nulls(&texts).map(|column| column.as_string_view_opt().cloned());
        assert_eq!(got.ok().flatten(), Some(expected));
    }
}
