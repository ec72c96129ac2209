use super::prelude::*;
use crate::kernels::convert::bools;
use crate::kernels::spread;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "assert",
    signatures: &["(predicate: bool, message: string) -> bool"],
    summary: "True when the predicate is; otherwise the query fails with the message.",
    examples: &[("print assert(1 < 2, 'order is lost')", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (predicate, message) = (bools(&args.args[0]).array, args.str(1));
    // A constant predicate is looked at even when there are no rows.
    let failed = (0..predicate.len()).find(|row| predicate.is_null(*row) || !predicate.value(*row));
    match failed {
        Some(row) => Err(EvalError::new(format!("assert() has failed with message: '{}'", message.get(row)))),
        None => spread(Arc::new(predicate), args.rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::args::{CallContext, array_of};

    #[test]
    fn a_false_constant_fails_without_rows() {
        let constant = |value: Value| Arg {
            ktype: value.ktype(),
            array: array_of(value.ktype(), [value].into_iter()),
            constant: true,
        };
        let ctx = CallContext::default();
        let run = |truth: bool| {
            let args = [constant(Value::Bool(truth)), constant(Value::String("too long".into()))];
            eval(&Args { args: &args, rows: 0, returns: KqlType::Bool, ctx: &ctx }).map(|array| array.len())
        };
        assert_eq!(run(true), Ok(0));
        assert_eq!(run(false), Err(EvalError::new("assert() has failed with message: 'too long'")));
    }
}
