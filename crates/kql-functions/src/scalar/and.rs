use super::prelude::*;
use crate::kernels::convert::bools;
use crate::kernels::{logic, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "and",
    signatures: &[
        "(left: bool, right: bool) -> bool",
        "(left: dynamic, right: bool) -> bool",
        "(left: bool, right: dynamic) -> bool",
        "(left: dynamic, right: dynamic) -> bool",
    ],
    summary: "Whether both sides are true. False beats null: `false and null` is false, `true and null` is null.",
    examples: &[("print true and false", "false"), ("print iff(bool(null) and true, 1, 2)", "2")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(Arc::new(logic::and(&bools(&args.args[0]), &bools(&args.args[1]))?.array), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_unknown() {
        let (yes, no, unknown) = (Value::Bool(true), Value::Bool(false), Value::Null(KqlType::Bool));
        let cases = [
            (&yes, &yes, &yes),
            (&yes, &no, &no),
            (&no, &unknown, &no),
            (&unknown, &no, &no),
            (&yes, &unknown, &unknown),
            (&unknown, &unknown, &unknown),
        ];
        for (left, right, result) in cases {
            assert_eq!(crate::call("and", KqlType::Bool, &[left.clone(), right.clone()]).as_ref(), Ok(result));
        }
    }
}
