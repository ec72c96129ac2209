use super::prelude::*;
use schema::dynamic::write_json_string;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "treepath",
    signatures: &["(object: bag) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("tree"),
    summary: "An array of the paths to all members and elements inside a value, each once; every element of an array counts \
              as `[0]`. Null when the value is neither bag nor array.",
    examples: &[
        ("print treepath(dynamic({'a': 'b', 'c': 123}))", "[\"['a']\",\"['c']\"]"),
        ("print treepath(dynamic({'p': [1, {'x': 'y'}]}))", "[\"['p']\",\"['p'][0]\",\"['p'][0]['x']\"]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(json) = super::dynamics::dynamic(&args.args[0], row) else { return false };
        if !matches!(raw::kind(json), raw::Kind::Bag | raw::Kind::Array) {
            return false;
        }
        let mut paths = Paths::default();
        paths.collect(json, &mut String::new());
        out.push('[');
        for (i, path) in paths.ordered.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_json_string(out, path);
        }
        out.push(']');
        true
    }))
}

#[derive(Default)]
struct Paths {
    seen: HashSet<String>,
    ordered: Vec<String>,
}

impl Paths {
    /// Adds the paths below a value that stands at `path`. JSON's nesting is bounded, and so is the recursion.
    fn collect(&mut self, json: &str, path: &mut String) {
        let here = path.len();
        match raw::kind(json) {
            raw::Kind::Bag => {
                for (name, value) in super::dynamics::members(json).unwrap_or_default() {
                    path.push_str("['");
                    path.push_str(&name.replace('\\', "\\\\").replace('\'', "\\'"));
                    path.push_str("']");
                    self.add_and_descend(value, path);
                    path.truncate(here);
                }
            }
            raw::Kind::Array => {
                path.push_str("[0]");
                for item in raw::items(json) {
                    self.add_and_descend(item, path);
                }
                path.truncate(here);
            }
            _ => {}
        }
    }

    fn add_and_descend(&mut self, json: &str, path: &mut String) {
        if self.seen.insert(path.clone()) {
            self.ordered.push(path.clone());
        }
        self.collect(json, path);
    }
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn lists_each_path_once() {
        for (json, expected) in [
            (r#"{"a":"b","c":123}"#, r#"["['a']","['c']"]"#),
            (r#"{"prop1":[1,2,3,4],"prop2":"value2"}"#, r#"["['prop1']","['prop1'][0]","['prop2']"]"#),
            (
                r#"{"listProperty":[100,200,300,"abcde",{"x":"y"}]}"#,
                r#"["['listProperty']","['listProperty'][0]","['listProperty'][0]['x']"]"#,
            ),
            (r#"{"a":{"b":1}}"#, r#"["['a']","['a']['b']"]"#),
            (r#"[[1],{}]"#, r#"["[0]","[0][0]"]"#),
            (r#"{"it's":1}"#, r#"["['it\\'s']"]"#),
            ("{}", "[]"),
            ("5", "null"),
            ("null", "null"),
        ] {
            assert_eq!(json_of("treepath", &[d(json)]), expected);
        }
    }
}
