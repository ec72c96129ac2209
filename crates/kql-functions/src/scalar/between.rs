use super::prelude::*;
use crate::kernels::arithmetic::{self, Operator};
use crate::kernels::compare::{Comparison, compare};
use crate::kernels::convert::Truth;
use crate::kernels::{logic, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "between",
    signatures: &[
        "(value: number, low: number, high: number) -> bool",
        "(value: datetime, low: datetime, high: datetime) -> bool",
        "(value: datetime, low: datetime, high: timespan) -> bool",
        "(value: timespan, low: timespan, high: timespan) -> bool",
        "(value: number, low: dynamic, high: dynamic) -> bool",
        "(value: dynamic, low: number, high: number) -> bool",
    ],
    summary: "Whether a value is in a range, both ends included. Beside a datetime the upper end may be a timespan: so much after the lower end.",
    examples: &[
        ("print 5 between (1 .. 5)", "true"),
        ("print datetime(2007-07-29) between (datetime(2007-07-27) .. 3d)", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(Arc::new(between(&args.args[0], &args.args[1], &args.args[2])?.array), args.rows)
}

/// Returns whether values lie between two others.
///
/// # Errors
/// The types cannot be compared.
pub(super) fn between(value: &Arg, low: &Arg, high: &Arg) -> Result<Truth, EvalError> {
    let above = compare(Comparison::GreaterOrEqual, value, low)?;
    if high.ktype == KqlType::Timespan && low.ktype == KqlType::Datetime {
        let end = arithmetic::apply(Operator::Add, low, high)?;
        return logic::and(&above, &compare(Comparison::LessOrEqual, value, &end)?);
    }
    logic::and(&above, &compare(Comparison::LessOrEqual, value, high)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_inside_and_null_is_unknown() {
        use Value::{Bool, Datetime, Int, Long, Null, Real, Timespan};
        let cases = [
            ([Int(5), Long(5), Real(7.5)], Bool(true)),
            ([Real(8.0), Long(5), Real(7.5)], Bool(false)),
            ([Datetime(15), Datetime(5), Timespan(10)], Bool(true)),
            ([Datetime(16), Datetime(5), Timespan(10)], Bool(false)),
            ([Timespan(-1), Timespan(-1), Timespan(0)], Bool(true)),
            ([Null(KqlType::Int), Long(1), Long(2)], Null(KqlType::Bool)),
            ([Long(9), Null(KqlType::Int), Long(2)], Bool(false)),
        ];
        for (args, result) in cases {
            assert_eq!(crate::call("between", KqlType::Bool, &args), Ok(result), "{args:?}");
        }
    }
}
