use super::dynamics;
use super::prelude::*;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "jaccard_index",
    signatures: &["(set1: array, set2: array) -> dynamic"],
    summary: "How alike two sets are: the number of common elements over the number of all, NaN for two empty sets. Null \
              when a value is no array.",
    examples: &[("print jaccard_index(dynamic([1, 2, 3]), dynamic([1, 2, 3, 4]))", "0.75")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let set = |i: usize, row: usize| -> Option<HashSet<_>> {
        Some(dynamics::array(&args.args[i], row)?.into_iter().map(dynamics::identity).collect())
    };
    Ok(args.dynamics(|row| {
        let (a, b) = (set(0, row)?, set(1, row)?);
        let common = a.intersection(&b).count();
        Some(Dynamic::from_real(common as f64 / (a.len() + b.len() - common) as f64))
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn counts_distinct_elements() {
        for (a, b, expected) in [
            ("[1,2,3]", "[1,2,3,4]", "0.75"),
            ("[1,1,2,2,3,3]", "[1,2,3,4,4,4]", "0.75"),
            ("[1,2,3]", "[]", "0.0"),
            ("[]", "[]", "\"NaN\""),
            (r#"["a","s"]"#, r#"["s","a"]"#, "1.0"),
            ("[1]", "1", "null"),
        ] {
            assert_eq!(json_of("jaccard_index", &[d(a), d(b)]), expected);
        }
    }
}
