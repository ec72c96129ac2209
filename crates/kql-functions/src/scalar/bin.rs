use super::prelude::*;
use crate::kernels::{bins, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bin",
    aliases: &["floor"],
    signatures: &[
        "(value: number, roundTo: number) -> custom",
        "(value: timespan, roundTo: timespan) -> custom",
        "(value: datetime, roundTo: timespan) -> custom",
        "(value: datetime, roundTo: datetime) -> custom",
    ],
    returns: Some(bins::returns),
    naming: Naming::FirstArgument,
    summary: "Rounds a number, timespan or datetime down to a multiple of the bin size; datetimes count from 0001-01-01, a Monday. Null for a size that is not positive.",
    examples: &[
        ("print bin(4.5, 1)", "4.0"),
        ("print bin(-7, 5)", "-10"),
        ("print bin(datetime(1970-05-11 13:45:07), 1d)", "1970-05-11T00:00:00.0000000Z"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(bins::bin(&args.args[0], &args.args[1]), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::args::{CallContext, array_of};

    #[test]
    fn values_round_down() {
        use Value::{Datetime, Int, Long, Null, Real, Timespan};
        let decimal = |text: &str| number::parse_decimal(text).map_or(Null(KqlType::Decimal), Value::Decimal);
        let cases = [
            (Long(5), Int(2), Long(4)),
            (Long(-5), Long(2), Long(-6)),
            (Real(5.5), Long(2), Real(4.0)),
            (Real(-5.5), Real(2.0), Real(-6.0)),
            (decimal("-5.5"), Long(2), decimal("-6")),
            (Timespan(-1), Timespan(ticks::DAY), Timespan(-ticks::DAY)),
            (Datetime(616_894_272_000_000_000 + 5), Timespan(7 * ticks::DAY), Datetime(616_889_952_000_000_000)),
            (Datetime(5), Timespan(-1), Null(KqlType::Datetime)),
            (Long(5), Long(0), Null(KqlType::Long)),
            (Real(5.0), Real(0.0), Null(KqlType::Real)),
            (Long(5), Null(KqlType::Long), Null(KqlType::Long)),
            (Null(KqlType::Int), Long(2), Null(KqlType::Long)),
        ];
        for (value, size, result) in cases {
            let returns = bins::returns(&[value.ktype(), size.ktype()]);
            assert_eq!(crate::call("bin", returns, &[value.clone(), size.clone()]), Ok(result), "{value:?} {size:?}");
        }
    }

    #[test]
    fn a_column_agrees_with_each_of_its_values() {
        let numbers = [i64::MIN, -11, -10, -1, 0, 1, 9, 10, 11, 25, 24, 3, i64::MAX - 1, i64::MAX, 7].map(Value::Long);
        let column =
            Arg { array: array_of(KqlType::Long, numbers.iter().cloned()), ktype: KqlType::Long, constant: false };
        for size in [1, 7, 10, i64::MAX] {
            let size = Value::Long(size);
            let arg = Arg {
                array: array_of(KqlType::Long, [size.clone()].into_iter()),
                ktype: KqlType::Long,
                constant: true,
            };
            let ctx = CallContext::default();
            let args = [column.clone(), arg];
            let found = eval(&Args { args: &args, rows: numbers.len(), returns: KqlType::Long, ctx: &ctx });
            for (row, number) in numbers.iter().enumerate() {
                let one = crate::call("bin", KqlType::Long, &[number.clone(), size.clone()]);
                assert_eq!(found.clone().map(|array| value_at(&array, KqlType::Long, row)), one, "{number:?} {size:?}");
            }
        }
    }
}
