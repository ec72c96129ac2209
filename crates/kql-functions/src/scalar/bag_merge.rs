use super::dynamics;
use super::prelude::*;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_merge",
    signatures: &["(bag: bag, bags+: bag) -> dynamic"],
    summary: "One bag of the members of all the bags; of a name in several, the leftmost bag's value counts. A value that \
              is no bag is left out; null when none is one.",
    examples: &[(
        "print bag_merge(dynamic({'A1': 12, 'B1': 2}), dynamic({'A2': 81, 'A1': 1}))",
        "{\"A1\":12,\"B1\":2,\"A2\":81}",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let bags: Vec<_> = args.args.iter().filter_map(|arg| dynamics::bag(arg, row)).collect();
        let mut seen = HashSet::new();
        let members = bags.iter().flatten().filter(|(name, _)| seen.insert(name.as_ref()));
        dynamics::write_bag(out, members.map(|(name, value)| (name.as_ref(), *value)));
        !bags.is_empty()
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn the_leftmost_value_counts() {
        for (bags, expected) in [
            (
                vec![r#"{"A1":12,"B1":2,"C1":3}"#, r#"{"A2":81,"B2":82,"A1":1}"#],
                r#"{"A1":12,"B1":2,"C1":3,"A2":81,"B2":82}"#,
            ),
            (vec!["{}", r#"{"a":null}"#, r#"{"a":1}"#], r#"{"a":null}"#),
            (vec!["null", r#"{"a":1}"#], r#"{"a":1}"#),
            (vec!["[1]", "2"], "null"),
        ] {
            assert_eq!(json_of("bag_merge", &bags.iter().map(|json| d(json)).collect::<Vec<_>>()), expected);
        }
    }
}
