use super::prelude::*;
use crate::kernels::convert::{bools, converted};
use crate::kernels::{choose, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "iff",
    aliases: &["iif"],
    signatures: &["(if: bool, then: common, else: common) -> common"],
    summary: "The second argument where the condition is true, the third where it is false or null.",
    examples: &[("print iff(2 > 1, 'yes', 'no')", "yes"), ("print iff(bool(null), 1, 2)", "2")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let [condition, then, otherwise] = [&args.args[0], &args.args[1], &args.args[2]];
    let (then, otherwise) = (converted(then, args.returns), converted(otherwise, args.returns));
    spread(choose::select(&bools(condition), &then, &otherwise)?.array, args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::args::{CallContext, array_of};

    #[test]
    fn branches_take_the_common_type() {
        let cases = [
            ([Value::Bool(true), Value::Int(1), Value::Real(2.5)], Value::Real(1.0)),
            ([Value::Null(KqlType::Bool), Value::Long(1), Value::Long(2)], Value::Long(2)),
            ([Value::Bool(true), Value::String("a".into()), Value::Null(KqlType::Dynamic)], Value::String("a".into())),
        ];
        for (args, result) in cases {
            assert_eq!(crate::call("iff", result.ktype(), &args), Ok(result));
        }
    }

    #[test]
    fn columns_and_constants_mix() {
        let condition = [Value::Bool(true), Value::Null(KqlType::Bool), Value::Bool(false)];
        let column = |ktype: KqlType, values: &[Value]| Arg {
            array: array_of(ktype, values.iter().cloned()),
            ktype,
            constant: values.len() == 1,
        };
        let numbers = [Value::Long(1), Value::Long(2), Value::Null(KqlType::Long)];
        let words = ["a".to_string(), "b".to_string(), "a text that is too long to be held inline".to_string()];
        let words = words.map(Value::String);
        let cases = [
            (KqlType::Long, vec![Value::Long(9)], numbers.to_vec()),
            (KqlType::Long, numbers.to_vec(), vec![Value::Null(KqlType::Long)]),
            (KqlType::String, words.to_vec(), vec![Value::String("else".into())]),
            (KqlType::String, vec![Value::String("then".into())], words.to_vec()),
        ];
        for (ktype, then, otherwise) in cases {
            let args = [column(KqlType::Bool, &condition), column(ktype, &then), column(ktype, &otherwise)];
            let ctx = CallContext::default();
            let found = eval(&Args { args: &args, rows: 3, returns: ktype, ctx: &ctx });
            let at = |values: &[Value], row: usize| values[if values.len() == 1 { 0 } else { row }].clone();
            let expected: Vec<Value> = (0..3)
                .map(|row| at(if condition[row] == Value::Bool(true) { &then } else { &otherwise }, row))
                .collect();
            let found: Vec<Value> =
                found.map(|array| (0..3).map(|row| value_at(&array, ktype, row)).collect()).unwrap_or_default();
            assert_eq!(found, expected);
        }
    }
}
