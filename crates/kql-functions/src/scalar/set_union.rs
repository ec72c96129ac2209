use super::dynamics;
use super::prelude::*;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "set_union",
    signatures: &["(set: array, sets+: array) -> dynamic"],
    summary: "The distinct elements of all the arrays, in the order of their first occurrence. A value that is no array is \
              left out; null when none is one.",
    examples: &[("print set_union(dynamic([1, 2, 1, 4]), dynamic([1, 2]), dynamic([8]))", "[1,2,4,8]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let arrays: Vec<_> = args.args.iter().filter_map(|arg| dynamics::array(arg, row)).collect();
        let mut seen = HashSet::new();
        let distinct = arrays.iter().flatten().copied().filter(|item| seen.insert(dynamics::identity(item)));
        dynamics::write_array(out, distinct);
        !arrays.is_empty()
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};
    use schema::Value;

    #[test]
    fn sets_combine() {
        let sets = |jsons: &[&str]| jsons.iter().map(|json| d(json)).collect::<Vec<Value>>();
        for (arrays, union, intersection, difference) in [
            (vec!["[1,2,1,4]", "[1,2]", "[8]"], "[1,2,4,8]", "[]", "[4]"),
            (vec!["[1,2,1,4]", "[1,2]", "[8,1]"], "[1,2,4,8]", "[1]", "[4]"),
            (vec![r#"["A4","A2","A4"]"#, r#"["A4","A2"]"#], r#"["A4","A2"]"#, r#"["A4","A2"]"#, "[]"),
            (vec!["[1,\"1\"]", "[1.0]"], "[1,\"1\"]", "[1]", "[\"1\"]"),
            (vec!["[null,1]", "[null]"], "[null,1]", "[null]", "[1]"),
            (vec![r#"[{"a":1,"b":2}]"#, r#"[{"b":2,"a":1}]"#], r#"[{"a":1,"b":2}]"#, r#"[{"a":1,"b":2}]"#, "[]"),
            (vec!["[]", "[9]"], "[9]", "[]", "[]"),
            (vec!["[1,1]", "null"], "[1]", "null", "[1]"),
            (vec!["null", "[1]"], "[1]", "null", "null"),
            (vec!["null", "3"], "null", "null", "null"),
        ] {
            assert_eq!(json_of("set_union", &sets(&arrays)), union, "{arrays:?}");
            assert_eq!(json_of("set_intersect", &sets(&arrays)), intersection, "{arrays:?}");
            assert_eq!(json_of("set_difference", &sets(&arrays)), difference, "{arrays:?}");
        }
    }
}
