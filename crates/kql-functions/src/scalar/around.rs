use super::prelude::*;
use crate::kernels::arithmetic::{Operator, apply};
use crate::kernels::compare::{Comparison, compare};
use crate::kernels::{logic, spread};
use arrow::array::BooleanArray;
use arrow::buffer::NullBuffer;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "around",
    signatures: &["(value: scalar, center: scalar, delta: scalar) -> bool"],
    summary: "Whether a number or a time is at most `delta` away from `center`; null where an argument is null.",
    examples: &[
        ("print around(9, 10, 1)", "true"),
        ("print around(datetime(2021-01-01 01:32), datetime(2021-01-01 01:30), 1m)", "false"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let [value, center, delta] = [&args.args[0], &args.args[1], &args.args[2]];
    let (low, high) = (apply(Operator::Subtract, center, delta)?, apply(Operator::Add, center, delta)?);
    let above = compare(Comparison::GreaterOrEqual, value, &low)?;
    let inside = logic::and(&above, &compare(Comparison::LessOrEqual, value, &high)?)?.array;
    let inside: ArrayRef = Arc::new(inside);
    // A null makes the answer null, also where the other end alone would decide.
    let mut answer = arrow::array::AsArray::as_boolean(&spread(inside, args.rows)?).clone();
    for arg in args.args {
        let nulls = spread(arg.array.clone(), args.rows)?.logical_nulls();
        let nulls = NullBuffer::union(answer.nulls(), nulls.as_ref());
        answer = BooleanArray::new(answer.values().clone(), nulls);
    }
    Ok(Arc::new(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_near_and_null_is_unknown() {
        use Value::{Bool, Datetime, Long, Null, Real, Timespan};
        let cases = [
            ([Long(9), Long(10), Long(1)], Bool(true)),
            ([Long(11), Long(10), Real(0.5)], Bool(false)),
            ([Datetime(20), Datetime(10), Timespan(10)], Bool(true)),
            ([Long(20), Long(10), Null(KqlType::Long)], Null(KqlType::Bool)),
            ([Null(KqlType::Long), Long(10), Long(1)], Null(KqlType::Bool)),
        ];
        for (args, result) in cases {
            assert_eq!(crate::call("around", KqlType::Bool, &args), Ok(result), "{args:?}");
        }
    }
}
