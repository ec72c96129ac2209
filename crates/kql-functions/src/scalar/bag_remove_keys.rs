use super::prelude::*;
use super::{dynamics, json_path};
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_remove_keys",
    signatures: &["(bag: bag, keys: array) -> dynamic"],
    summary: "A bag without the members named in the array; a key that starts with `$` is a JSONPath to a nested member. \
              Null when the value is no bag.",
    examples: &[
        ("print bag_remove_keys(dynamic({'key1': 123, 'key2': 'abc'}), dynamic(['key2', 'key4']))", "{\"key1\":123}"),
        ("print bag_remove_keys(dynamic({'a': {'b': 1, 'c': 2}}), dynamic(['$.a.b']))", "{\"a\":{\"c\":2}}"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (bag, keys) = (&args.args[0], &args.args[1]);
    let constant = keys.constant.then(|| paths(keys, 0));
    Ok(args.written(|row, out| {
        let Some(json) = dynamics::dynamic(bag, row).filter(|json| raw::kind(json) == raw::Kind::Bag) else {
            return false;
        };
        match &constant {
            Some(paths) => without(json, &tails(paths), out),
            None => without(json, &tails(&paths(keys, row)), out),
        }
        true
    }))
}

/// Reads the keys as paths of names. What is no string, or goes through an array, removes nothing.
fn paths(keys: &Arg, row: usize) -> Vec<Vec<String>> {
    let keys = dynamics::array(keys, row).unwrap_or_default();
    keys.into_iter().filter_map(|key| json_path::names(&raw::string(key)?)).collect()
}

fn tails(paths: &[Vec<String>]) -> Vec<&[String]> {
    paths.iter().map(Vec::as_slice).collect()
}

/// Appends a value without what the paths lead to. It descends no deeper than the longest path.
fn without(json: &str, paths: &[&[String]], out: &mut String) {
    let Some(members) = dynamics::members(json) else {
        out.push_str(json);
        return;
    };
    out.push('{');
    let mut first = true;
    for (name, value) in members {
        let below: Vec<&[String]> = paths
            .iter()
            .filter_map(|path| path.split_first())
            .filter(|(head, _)| **head == name)
            .map(|(_, tail)| tail)
            .collect();
        if below.iter().any(|tail| tail.is_empty()) {
            continue;
        }
        if !first {
            out.push(',');
        }
        first = false;
        write_json_string(out, &name);
        out.push(':');
        if below.is_empty() { out.push_str(value) } else { without(value, &below, out) }
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn removes_names_and_paths() {
        let bag = r#"{"key1":123,"key2":{"prop1":"abc","prop2":"xyz"},"key3":[100,200]}"#;
        for (keys, expected) in [
            (r#"["key2","key4"]"#, r#"{"key1":123,"key3":[100,200]}"#),
            (r#"["$.key2.prop1","key3"]"#, r#"{"key1":123,"key2":{"prop2":"xyz"}}"#),
            (r#"["$.key2.prop1","$.key2.prop2","$.key1.x"]"#, r#"{"key1":123,"key2":{},"key3":[100,200]}"#),
            (r#"["$.key3[0]",5]"#, bag),
            ("[]", bag),
            ("7", bag),
        ] {
            assert_eq!(json_of("bag_remove_keys", &[d(bag), d(keys)]), expected, "{keys}");
        }
        assert_eq!(json_of("bag_remove_keys", &[d("[1]"), d(r#"["a"]"#)]), "null");
    }
}
