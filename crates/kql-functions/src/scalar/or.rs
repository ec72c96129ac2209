use super::prelude::*;
use crate::kernels::convert::bools;
use crate::kernels::{logic, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "or",
    signatures: &[
        "(left: bool, right: bool) -> bool",
        "(left: dynamic, right: bool) -> bool",
        "(left: bool, right: dynamic) -> bool",
        "(left: dynamic, right: dynamic) -> bool",
    ],
    summary: "Whether one of the sides is true. True beats null: `true or null` is true, `false or null` is null.",
    examples: &[("print true or false", "true"), ("print bool(null) or true", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(Arc::new(logic::or(&bools(&args.args[0]), &bools(&args.args[1]))?.array), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_unknown() {
        let (yes, no, unknown) = (Value::Bool(true), Value::Bool(false), Value::Null(KqlType::Bool));
        let cases = [
            (&yes, &no, &yes),
            (&no, &no, &no),
            (&yes, &unknown, &yes),
            (&unknown, &yes, &yes),
            (&no, &unknown, &unknown),
            (&unknown, &unknown, &unknown),
        ];
        for (left, right, result) in cases {
            assert_eq!(crate::call("or", KqlType::Bool, &[left.clone(), right.clone()]).as_ref(), Ok(result));
        }
    }
}
