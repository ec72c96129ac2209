use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_zip",
    signatures: &["(keys: array, values: array) -> dynamic"],
    summary: "A bag whose names are the elements of the first array and whose values are those of the second. A missing \
              value is null, an element that is no string names nothing; null when the keys are no array.",
    examples: &[
        ("print bag_zip(dynamic(['a', 'b', 'c']), dynamic([1, '2']))", "{\"a\":1,\"b\":\"2\",\"c\":null}"),
        ("print bag_zip(dynamic(['a', 8, 'b']), dynamic([1, '2', 2.5]))", "{\"a\":1,\"b\":2.5}"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(keys) = dynamics::array(&args.args[0], row) else { return false };
        let values = dynamics::array(&args.args[1], row).unwrap_or_default();
        let names: Vec<_> = keys.into_iter().map(raw::string).collect();
        let members = names.iter().enumerate().filter_map(|(i, name)| {
            let name = name.as_deref()?;
            let is_last = !names[i + 1..].iter().any(|later| later.as_deref() == Some(name));
            is_last.then(|| (name, values.get(i).copied().unwrap_or("null")))
        });
        dynamics::write_bag(out, members);
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn pairs_names_with_values() {
        for (keys, values, expected) in [
            (r#"["a","b","c"]"#, r#"[1,"2",3.4]"#, r#"{"a":1,"b":"2","c":3.4}"#),
            (r#"["a","b","c"]"#, r#"[1,"2"]"#, r#"{"a":1,"b":"2","c":null}"#),
            (r#"["a","b"]"#, r#"[1,"2",2.5]"#, r#"{"a":1,"b":"2"}"#),
            (r#"["a",8,"b"]"#, r#"[1,"2",2.5]"#, r#"{"a":1,"b":2.5}"#),
            (r#"["a",8,"b"]"#, "1", r#"{"a":null,"b":null}"#),
            (r#"["a","a"]"#, "[1,2]", r#"{"a":2}"#),
            (r#""a""#, "[1,2]", "null"),
        ] {
            assert_eq!(json_of("bag_zip", &[d(keys), d(values)]), expected);
        }
    }
}
