use super::prelude::*;
use crate::kernels::{bins, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bin_at",
    signatures: &[
        "(value: number, bin_size: number, fixed_point: number) -> custom",
        "(value: timespan, bin_size: timespan, fixed_point: timespan) -> custom",
        "(value: timespan, bin_size: number, fixed_point: timespan) -> custom",
        "(value: datetime, bin_size: summable, fixed_point: datetime) -> custom",
    ],
    returns: Some(bins::returns),
    naming: Naming::FirstArgument,
    summary: "Rounds down to a multiple of the bin size, counted from a fixed point. Null for a size that is not positive.",
    examples: &[
        ("print bin_at(6.5, 2.5, 7)", "4.5"),
        ("print bin_at(time(1h), 1d, 12h)", "-12:00:00"),
        (
            "print bin_at(datetime(2017-05-17 10:20:00.0), 7d, datetime(2017-06-04 00:00:00.0))",
            "2017-05-14T00:00:00.0000000Z",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(bins::bin_at(&args.args[0], &args.args[1], &args.args[2])?, args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_counted_from_the_fixed_point() {
        use Value::{Datetime, Long, Null, Real, Timespan};
        let cases = [
            ([Long(13), Long(10), Long(11)], Long(11)),
            ([Real(6.5), Real(2.5), Long(7)], Real(4.5)),
            ([Timespan(1), Timespan(10), Timespan(5)], Timespan(-5)),
            ([Datetime(1), Timespan(10), Datetime(5)], Null(KqlType::Datetime)),
            ([Datetime(26), Timespan(10), Datetime(5)], Datetime(25)),
            ([Long(13), Long(-1), Long(0)], Null(KqlType::Long)),
        ];
        for (args, result) in cases {
            assert_eq!(crate::call("bin_at", result.ktype(), &args), Ok(result), "{args:?}");
        }
    }
}
