//! Filters in KQL. What a client sends gets there as a literal or as the name of a property that we know, and in no other way.

use super::{Comparison, Expr, Literal, Test};
use crate::graph::resource::{Field, Kind, find};
use crate::kql_text;

/// What keeps the rows that a filter is true of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Compiled {
    /// Operators that look into lists, each with its pipe.
    pub lists: String,
    /// The condition.
    pub condition: String,
}

/// Says a filter in KQL. `event` is what kind of event a table is of, where that is asked.
pub(crate) fn compile(expr: &Expr, fields: &'static [Field], event: &str) -> Result<Compiled, String> {
    let mut compiler = Compiler { fields, event, lists: String::new(), n_lists: 0 };
    let condition = compiler.expr(expr, None)?;
    Ok(Compiled { lists: compiler.lists, condition })
}

struct Compiler<'a> {
    fields: &'static [Field],
    event: &'a str,
    lists: String,
    n_lists: usize,
}

/// The variable of a list, and what stands for it.
struct Item<'a> {
    variable: &'a str,
    kql: String,
    is_event: bool,
}

impl Compiler<'_> {
    fn expr(&mut self, expr: &Expr, item: Option<&Item<'_>>) -> Result<String, String> {
        Ok(match expr {
            Expr::And(left, right) => format!("({} and {})", self.expr(left, item)?, self.expr(right, item)?),
            Expr::Or(left, right) => format!("({} or {})", self.expr(left, item)?, self.expr(right, item)?),
            Expr::Not(inner) => format!("not({})", self.expr(inner, item)?),
            Expr::Compare { path, comparison, literal } => {
                let (value, kind) = self.value(path, item)?;
                compare(&path.join("/"), &value, kind, *comparison, literal)?
            }
            Expr::Test { test, path, text } => {
                let (value, kind) = self.value(path, item)?;
                if !matches!(kind, Kind::Text) {
                    return Err(format!("the property '{}' is no text", path.join("/")));
                }
                let operator = match test {
                    Test::StartsWith => "startswith",
                    Test::EndsWith => "endswith",
                    Test::Contains => "contains",
                };
                format!("({value} {operator} {})", kql_text::string(text))
            }
            Expr::Any { path, body } => {
                if item.is_some() {
                    return Err("a list inside a list cannot be asked".to_string());
                }
                self.any(path, body.as_ref())?
            }
        })
    }

    fn any(&mut self, path: &[String], body: Option<&(String, Box<Expr>)>) -> Result<String, String> {
        let [name] = path else { return Err(format!("'{}' is no list", path.join("/"))) };
        let field = find(self.fields, name).ok_or_else(|| unknown(name))?;
        if field.kind == Kind::Event {
            let Some((variable, body)) = body else { return Ok("true".to_string()) };
            let item = Item { variable, kql: kql_text::string(self.event), is_event: true };
            return self.expr(body, Some(&item));
        }
        if field.kind != Kind::List {
            return Err(format!("the property '{name}' is no list"));
        }
        let list = field.dynamic();
        let has_some = format!("coalesce(array_length({list}), 0) > 0");
        let Some((variable, body)) = body else { return Ok(format!("({has_some})")) };
        let n = self.n_lists;
        self.n_lists += 1;
        let item = Item { variable, kql: format!("Item_{n}"), is_event: false };
        let condition = self.expr(body, Some(&item))?;
        // A row with an empty list would be lost.
        let some = format!("iff({has_some}, {list}, dynamic([null]))");
        self.lists.push_str(&format!(
            " | mv-apply Item_{n} = {some} to typeof(dynamic) on (summarize Any_{n} = countif({condition}))"
        ));
        Ok(format!("(Any_{n} > 0 and {has_some})"))
    }

    /// Returns what a path stands for, and of what kind it is.
    fn value(&self, path: &[String], item: Option<&Item<'_>>) -> Result<(String, Kind), String> {
        let (first, rest) = path.split_first().ok_or("a property is expected")?;
        if let Some(item) = item {
            if first != item.variable {
                return Err(format!("'{first}' is not '{}'", item.variable));
            }
            if item.is_event {
                return if rest.is_empty() {
                    Ok((item.kql.clone(), Kind::Text))
                } else {
                    Err(unknown(&path.join("/")))
                };
            }
            return Ok((format!("tostring({})", inside(&item.kql, rest)?), Kind::Text));
        }
        let field = find(self.fields, first).ok_or_else(|| unknown(first))?;
        match (field.kind, rest.is_empty()) {
            (Kind::Text | Kind::Time | Kind::Bool | Kind::Int, true) => Ok((field.kql(), field.kind)),
            (Kind::Object, false) => {
                let value = inside(&field.dynamic(), rest)?;
                if rest.last().is_some_and(|name| name == "errorCode") {
                    return Ok((format!("tolong({value})"), Kind::Int));
                }
                Ok((format!("tostring({value})"), Kind::Text))
            }
            _ => Err(format!("the property '{}' cannot be compared", path.join("/"))),
        }
    }
}

fn unknown(name: &str) -> String {
    format!("there is no property '{name}'")
}

/// Returns a member of a dynamic value, by names that are letters, digits and underscores.
fn inside(value: &str, path: &[String]) -> Result<String, String> {
    let mut value = value.to_string();
    for name in path {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(unknown(name));
        }
        value.push_str(&format!("[{}]", kql_text::string(name)));
    }
    Ok(value)
}

fn compare(name: &str, value: &str, kind: Kind, comparison: Comparison, literal: &Literal) -> Result<String, String> {
    let wrong = |what: &str| Err(format!("the property '{name}' is {what}, and is compared with something else"));
    if *literal == Literal::Null {
        let is_null = if kind == Kind::Text { "isempty" } else { "isnull" };
        return match comparison {
            Comparison::Eq => Ok(format!("{is_null}({value})")),
            Comparison::Ne => Ok(format!("not({is_null}({value}))")),
            _ => Err(format!("'{name}' cannot be more or less than null")),
        };
    }
    let operator = match comparison {
        Comparison::Eq => "==",
        Comparison::Ne => "!=",
        Comparison::Gt => ">",
        Comparison::Ge => ">=",
        Comparison::Lt => "<",
        Comparison::Le => "<=",
    };
    match kind {
        Kind::Text => {
            let (Literal::Text(text) | Literal::Bare(text)) = literal else { return wrong("a text") };
            // Graph's texts are equal in any case.
            let operator = match comparison {
                Comparison::Eq => "=~",
                Comparison::Ne => "!~",
                _ => return Err(format!("the text '{name}' can be compared by eq and ne only")),
            };
            Ok(format!("({value} {operator} {})", kql_text::string(text)))
        }
        Kind::Time => {
            let (Literal::Text(text) | Literal::Bare(text)) = literal else { return wrong("a time") };
            let is_plain = text.len() >= 10 && text.bytes().all(|b| b.is_ascii_digit() || b"-:.TZtz+".contains(&b));
            let instant = schema::ticks::parse_datetime(text).filter(|_| is_plain);
            let Some(instant) = instant else { return wrong("a time") };
            Ok(format!("({value} {operator} {})", kql_text::datetime(instant)))
        }
        Kind::Int => {
            let (Literal::Text(text) | Literal::Bare(text)) = literal else { return wrong("a number") };
            let Ok(number) = text.parse::<i64>() else { return wrong("a number") };
            Ok(format!("coalesce({value} {operator} long({number}), false)"))
        }
        Kind::Bool => match (literal, comparison) {
            (Literal::Bool(truth), Comparison::Eq | Comparison::Ne) => {
                Ok(format!("coalesce({value} {operator} {truth}, false)"))
            }
            _ => wrong("a truth value"),
        },
        Kind::Object | Kind::List | Kind::Event => Err(format!("the property '{name}' cannot be compared")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::filter::parse;
    use crate::graph::resource::{DIRECTORY_AUDIT, SIGN_IN};

    fn said(text: &str) -> Result<String, String> {
        let compiled = compile(&parse(text)?, DIRECTORY_AUDIT.fields, "")?;
        Ok(format!("{}{}", compiled.condition, compiled.lists))
    }

    #[test]
    fn filters_become_conditions_over_columns() {
        for (filter, expected) in [
            ("category eq 'User''s \"x\"'", r#"(Category =~ "User's \"x\"")"#),
            ("result ne 'success'", r#"(Result !~ "success")"#),
            (
                "activityDateTime ge 2020-01-01T00:00:00Z and activityDateTime lt 2020-01-02",
                "((coalesce(ActivityDateTime, TimeGenerated) >= datetime(2020-01-01T00:00:00.0000000Z)) and \
                 (coalesce(ActivityDateTime, TimeGenerated) < datetime(2020-01-02T00:00:00.0000000Z)))",
            ),
            (
                "startswith(initiatedBy/user/userPrincipalName, 'ann')",
                r#"(tostring(parse_json(tostring(InitiatedBy))["user"]["userPrincipalName"]) startswith "ann")"#,
            ),
            (
                "not targetResources/any(t: t/id eq 'x')",
                r#"not((Any_0 > 0 and coalesce(array_length(parse_json(tostring(TargetResources))), 0) > 0)) | mv-apply Item_0 = iff(coalesce(array_length(parse_json(tostring(TargetResources))), 0) > 0, parse_json(tostring(TargetResources)), dynamic([null])) to typeof(dynamic) on (summarize Any_0 = countif((tostring(Item_0["id"]) =~ "x")))"#,
            ),
            (
                "correlationId eq 74be27de-1e4e-49d9-b579-fe0b331d3642",
                r#"(CorrelationId =~ "74be27de-1e4e-49d9-b579-fe0b331d3642")"#,
            ),
            ("resultReason eq null", "isempty(ResultReason)"),
        ] {
            assert_eq!(said(filter).as_deref(), Ok(expected), "{filter}");
        }
        let event = |filter: &str| compile(&parse(filter)?, SIGN_IN.fields, "interactiveUser").map(|of| of.condition);
        let expected = r#"("interactiveUser" =~ "nonInteractiveUser")"#;
        assert_eq!(event("signInEventTypes/any(t: t eq 'nonInteractiveUser')").as_deref(), Ok(expected));
        assert_eq!(
            event("status/errorCode eq 0").as_deref(),
            Ok(r#"coalesce(tolong(parse_json(tostring(Status))["errorCode"]) == long(0), false)"#)
        );
    }

    #[test]
    fn what_is_no_property_or_no_value_of_it_is_refused() {
        for filter in [
            "nothing eq 'x'",
            "Category_ eq 'x'",
            "initiatedBy eq 'x'",
            "initiatedBy/user/a-b eq 'x'",
            "category gt 'x'",
            "category eq true",
            "activityDateTime ge 'yesterday'",
            "activityDateTime ge now",
            "category/any(t: t eq 'x')",
            "targetResources/any(t: u/id eq 'x')",
            "targetResources/any(t: t/modifiedProperties/any(m: m/x eq 'y'))",
        ] {
            assert!(said(filter).is_err(), "{filter}: {:?}", said(filter));
        }
    }
}
