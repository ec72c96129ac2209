use super::prelude::*;
use crate::args::real_of;
use crate::sketch::tdigest::TypedDigest;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "percentiles_array_tdigest",
    signatures: &[
        "(tdigest: array, percentile+: real) -> dynamic",
        "(tdigest: array, percentiles: array) -> dynamic",
        "(tdigest: array, percentiles: array, type: literal type) -> dynamic",
    ],
    naming: Naming::PrefixAndFirstArgument("percentile_tdigest"),
    summary: "The values at several percentiles, 0 to 100, of a `tdigest` value, by nearest rank, as an array. Null for null, for other values and for percentiles out of range.",
    examples: &[
        (
            "range x from 1 to 100 step 1 | summarize t = tdigest(x) | project percentiles_array_tdigest(t, 10, 50)",
            "[10,50]",
        ),
        (
            "range x from 1 to 100 step 1 | summarize t = tdigest(x) | project percentiles_array_tdigest(t, range(0, 100, 50), typeof(int))",
            "[1,50,100]",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let digest = args.str(0);
    // The type literal, if there is one, changes nothing: elements of an array are dynamic.
    let is_array = args.opt(1).is_some_and(|arg| arg.ktype == KqlType::Dynamic);
    let percentiles = if is_array { &args.args[1..2] } else { args.args.get(1..).unwrap_or_default() };
    let values = |row: usize| {
        let digest = TypedDigest::from_json(digest.opt(row)?)?;
        let mut values = Vec::new();
        for percentile in percentiles {
            match percentile.value(row) {
                Value::Dynamic(Dynamic::Array(items)) => {
                    for item in items {
                        values.push(value_of(&digest, item.as_real()?)?);
                    }
                }
                other => values.push(value_of(&digest, real_of(&other)?)?),
            }
        }
        Some(Dynamic::Array(values))
    };
    Ok(args.dynamics(values))
}

fn value_of(digest: &TypedDigest, percentile: f64) -> Option<Dynamic> {
    let is_percentile = (0.0..=100.0).contains(&percentile);
    is_percentile.then(|| digest.percentile(percentile)).flatten().map(|value| value.to_dynamic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_come_one_by_one_or_as_an_array() {
        let json = |text: &str| Dynamic::parse(text).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let digest = json(r#"[["real"],[1.5,3],[1,1]]"#);
        let call = |args: &[Value]| crate::call("percentiles_array_tdigest", KqlType::Dynamic, args);
        assert_eq!(call(&[digest.clone(), Value::Real(0.0), Value::Real(100.0)]), Ok(json("[1.5,3.0]")));
        assert_eq!(call(&[digest.clone(), json("[50,51]")]), Ok(json("[1.5,3.0]")));
        assert_eq!(call(&[digest.clone(), json("[50,101]")]), Ok(Value::Null(KqlType::Dynamic)));
        assert_eq!(call(&[json("{}"), json("[50]")]), Ok(Value::Null(KqlType::Dynamic)));
    }
}
