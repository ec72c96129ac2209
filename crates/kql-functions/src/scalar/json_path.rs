//! JSONPath, as far as Kusto takes it: the root `$`, members `.name` and `['name']`, elements `[0]`.
//!
//! # Source
//! Kusto reference, "JSONPath expressions". Wildcards and searches are refused.

use crate::args::EvalError;
use schema::dynamic::raw;

/// The way from a JSON value to a part of it.
#[derive(Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<Step>);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(i64),
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// Names the path when it is not of the forms above: the query's fault.
    pub fn parse(path: &str) -> Result<JsonPath, EvalError> {
        let wrong = || {
            EvalError::new(format!(
                "`{path}` is no path that can be followed; one is written `$.name[0]['other name']`"
            ))
        };
        let text = path.trim();
        let mut rest = text.strip_prefix('$').unwrap_or(text);
        // A path may begin with a member's name alone.
        let mut after_dot = rest.len() == text.len() && !rest.starts_with(['.', '[']);
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (step, after) = bracketed(inner).ok_or_else(wrong)?;
                steps.push(step);
                rest = after;
            } else if after_dot {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end).ok_or_else(wrong)?;
                if name.is_empty() || name == "*" {
                    return Err(wrong());
                }
                steps.push(Step::Member(name.to_string()));
                rest = after;
            } else {
                rest = rest.strip_prefix('.').filter(|rest| !rest.is_empty()).ok_or_else(wrong)?;
                after_dot = true;
                continue;
            }
            after_dot = false;
        }
        Ok(JsonPath(steps))
    }

    /// Returns the text of the part that the path leads to, or `None` when there is none.
    pub fn find<'j>(&self, json: &'j str) -> Option<&'j str> {
        self.0.iter().try_fold(json.trim(), |json, step| match step {
            Step::Member(name) => raw::member(json, name),
            Step::Element(index) => raw::element(json, *index),
        })
    }
}

/// Reads `0]` or `'name']`, and returns the text after it.
fn bracketed(text: &str) -> Option<(Step, &str)> {
    let text = text.trim_start();
    let Some(quote) = text.chars().next().filter(|quote| matches!(quote, '\'' | '"')) else {
        let (index, after) = text.split_once(']')?;
        return Some((Step::Element(index.trim().parse().ok()?), after));
    };
    let (name, after) = text.get(1..)?.split_once(quote)?;
    Some((Step::Member(name.to_string()), after.trim_start().strip_prefix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_parts() {
        let json = r#" {"a":{"b c":[10,{"d":"x"}]},"e.f":1,"g":[[7]]} "#;
        let cases = [
            ("$", Some(json.trim())),
            ("$.a['b c'][0]", Some("10")),
            ("$['a'][\"b c\"][1].d", Some("\"x\"")),
            ("$['e.f']", Some("1")),
            ("$.g[0][0]", Some("7")),
            ("$.g.[0]", Some("[7]")),
            ("a.zz", None),
            ("a", Some(r#"{"b c":[10,{"d":"x"}]}"#)),
            ("$.g[5]", None),
            ("$.g.x", None),
        ];
        for (path, expected) in cases {
            assert_eq!(JsonPath::parse(path).map(|path| path.find(json)), Ok(expected), "{path}");
        }
        for path in ["$..a", "$.*", "$[*]", "$.a[", "$.a['x]", "$.", "$.a[1:2]", "$x"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}
