use super::prelude::*;
use crate::sketch::hll::Hll;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hll_merge",
    signatures: &["(hll1: array, hll2+: array) -> dynamic"],
    naming: Naming::Fixed("hll_merged_result"),
    summary: "One `hll` value of several, which must be of the same accuracy. Nulls are skipped; only nulls, or a value that is no `hll` value, give null.",
    examples: &[(
        "range x from 1 to 10 step 1 | extend y = x + 10 | summarize a = hll(x), b = hll(y) | project dcount_hll(hll_merge(a, b))",
        "20",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let sketches: Vec<_> = (0..args.len()).map(|i| args.str(i)).collect();
    let mut merged = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let mut whole: Option<Hll> = None;
        for json in sketches.iter().filter_map(|sketch| sketch.opt(row)) {
            let Some(part) = Hll::from_json(json) else {
                whole = None;
                break;
            };
            match &mut whole {
                None => whole = Some(part),
                Some(whole) => whole.merge(&part)?,
            }
        }
        merged.push(whole.map(|hll| hll.to_json()));
    }
    Ok(args.texts(|row| merged[row].take()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracies_do_not_mix() {
        let hll = |text: &str| Dynamic::parse(text).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let (a, b) = (hll(r#"[[1024,14],["1"],[]]"#), hll(r#"[[1024,14],["1","2"],[]]"#));
        assert_eq!(crate::call("hll_merge", KqlType::Dynamic, &[a.clone(), b.clone()]), Ok(b));
        assert!(crate::call("hll_merge", KqlType::Dynamic, &[a.clone(), hll(r#"[[4096,16],["1"],[]]"#)]).is_err());
        let null = Value::Null(KqlType::Dynamic);
        assert_eq!(crate::call("hll_merge", KqlType::Dynamic, &[null.clone(), a.clone()]), Ok(a.clone()));
        assert_eq!(crate::call("hll_merge", KqlType::Dynamic, &[a, hll("5")]), Ok(null));
    }
}
