use super::prelude::*;
use crate::sketch::tdigest::TypedDigest;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "rank_tdigest",
    signatures: &["(digest: array, value: scalar) -> real"],
    summary: "How many of a `tdigest` value's values are not larger than a value, about. Null for null, for other values and for a value of another type than the digest's.",
    examples: &[
        (
            "range x from 1 to 1000 step 1 | summarize t_x = tdigest(x) | project rank_of_685 = rank_tdigest(t_x, 685)",
            "685.0",
        ),
        ("print rank_tdigest(dynamic([[\"long\"],[1,5],[2,3]]), 4)", "2.0"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let digest = args.str(0);
    Ok(args.reals(|row| TypedDigest::from_json(digest.opt(row)?)?.rank(&args.args.get(1)?.value(row))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_by_type() {
        let digest = |text: &str| Dynamic::parse(text).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let longs = digest(r#"[["long"],[1,5],[2,3]]"#);
        let reals = digest(r#"[["real"],[1.5],[2]]"#);
        let cases = [
            (&longs, Value::Int(0), Some(0.0)),
            (&longs, Value::Long(5), Some(5.0)),
            (&longs, Value::Real(4.9), Some(2.0)),
            (&longs, Value::String("1".into()), None),
            (&longs, Value::Datetime(1), None),
            (&reals, Value::Long(2), Some(2.0)),
            (&reals, Value::Null(KqlType::Long), None),
        ];
        for (digest, value, expected) in cases {
            let result = crate::call("rank_tdigest", KqlType::Real, &[digest.clone(), value.clone()]);
            assert_eq!(result, Ok(expected.map_or(Value::Null(KqlType::Real), Value::Real)), "{value:?}");
        }
    }
}
