use super::prelude::*;
use crate::sketch::tdigest::{TypedDigest, as_type};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "percentile_tdigest",
    signatures: &[
        "(tdigest: array, percentile1: real) -> dynamic",
        "(tdigest: array, percentile1: real, type: literal type) -> literal(last)",
    ],
    naming: Naming::NameAndFirstArgument,
    summary: "The value at a percentile, 0 to 100, of a `tdigest` value, by nearest rank: dynamic, or of the type named, null where the digest's values are of another. Null for null, for other values and for a percentile out of range.",
    examples: &[
        (
            "datatable(V:real, W:long)[1.0, 1, 2.0, 2] | summarize TD = tdigest(V, W) | project percentile_tdigest(TD, 50)",
            "2.0",
        ),
        (
            "range x from 1 to 100 step 1 | summarize t = tdigest(x) | project percentile_tdigest(t, 90, typeof(long))",
            "90",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (digest, percentile) = (args.str(0), args.real(1));
    let value = |row: usize| {
        let percentile = percentile.get(row).filter(|p| (0.0..=100.0).contains(p))?;
        TypedDigest::from_json(digest.opt(row)?)?.percentile(percentile)
    };
    Ok(args.values(|row| value(row).map_or(Value::null(args.returns), |value| as_type(args.returns, value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_results() {
        let digest = |text: &str| Dynamic::parse(text).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let instants = digest(r#"[["datetime"],["2020-01-01T00:00:00.0000000Z"],[3]]"#);
        let longs = digest(r#"[["long"],[2,1],[1,1]]"#);
        let instant = ticks::parse_datetime("2020-01-01").map(Value::Datetime);
        let cases = [
            (KqlType::Datetime, &instants, 50.0, instant),
            (KqlType::Dynamic, &instants, 50.0, Some(digest(r#""2020-01-01T00:00:00.0000000Z""#))),
            (KqlType::Long, &instants, 50.0, None),
            (KqlType::Long, &longs, 100.0, Some(Value::Long(2))),
            (KqlType::Int, &longs, 0.0, Some(Value::Int(1))),
            (KqlType::Real, &longs, 0.0, Some(Value::Real(1.0))),
            (KqlType::Long, &longs, 100.5, None),
            (KqlType::Long, &digest("[]"), 50.0, None),
        ];
        for (returns, digest, percentile, expected) in cases {
            let result = crate::call("percentile_tdigest", returns, &[digest.clone(), Value::Real(percentile)]);
            assert_eq!(result, Ok(expected.unwrap_or(Value::null(returns))), "{digest:?} as {returns}");
        }
    }
}
