//! What a filter asks of the index of terms of an extent.
//!
//! ```text
//! properties has "zq7" and User == "ann"   ⟶   blocks with the term zq7 in properties, and with ann as the value of User
//! ```
//!
//! The filter itself is evaluated all the same: an index only says where no match can be.

use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;
use schema::KqlType;
use std::collections::HashMap;
use terms::{Predicate, Subject};

/// A table's columns of text: the id in the index, and the type.
pub type TextColumns = HashMap<String, (u16, KqlType)>;

/// Returns what all of several filters ask.
pub fn predicate(filters: &[Expr], columns: &TextColumns) -> Predicate {
    Predicate::every(filters.iter().map(|filter| of(filter, columns)))
}

fn of(filter: &Expr, columns: &TextColumns) -> Predicate {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            Predicate::every([of(left, columns), of(right, columns)])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Predicate::any([of(left, columns), of(right, columns)])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::IsNotDistinctFrom, right }) => {
            let sides = [(left, right), (right, left)];
            let found = sides.into_iter().find_map(|(value, text)| Some((subject(value, columns)?, literal(text)?)));
            found.map_or(Predicate::All, |(subject, text)| subject.equals(text))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            let texts: Option<Vec<&str>> = list.iter().map(literal).collect();
            let found = subject(expr, columns).zip(texts);
            found.map_or(Predicate::All, |(subject, texts)| subject.is_in(texts))
        }
        Expr::ScalarFunction(call) => of_call(call, columns).unwrap_or(Predicate::All),
        _ => Predicate::All,
    }
}

/// Returns what an operator of KQL asks of its left side.
fn of_call(call: &ScalarFunction, columns: &TextColumns) -> Option<Predicate> {
    let (value, needles) = call.args.split_first()?;
    let subject = subject(value, columns)?;
    let needles: Vec<&str> = needles.iter().map(literal).collect::<Option<_>>()?;
    let name = base_name(call);
    Some(match (name, needles.as_slice()) {
        ("==" | "=~", [text]) => subject.equals(text),
        ("in" | "in~", texts) => subject.is_in(texts),
        ("has" | "has_cs", [text]) => subject.has(text),
        ("has_any", texts) => subject.has_any(texts),
        ("has_all", texts) => subject.has_all(texts),
        ("hasprefix" | "hasprefix_cs", [text]) => subject.has_prefix(text),
        ("hassuffix" | "hassuffix_cs", [text]) => subject.has_suffix(text),
        ("contains" | "contains_cs", [text]) => subject.contains(text),
        ("startswith" | "startswith_cs", [text]) => subject.starts_with(text),
        ("endswith" | "endswith_cs", [text]) => subject.ends_with(text),
        ("has_ipv4", [address]) => subject.has_ipv4(address),
        _ => return None,
    })
}

/// Returns the text that an expression is, if it comes from a column of text unchanged.
fn subject(expr: &Expr, columns: &TextColumns) -> Option<Subject> {
    match expr {
        Expr::Column(column) => {
            let (id, ktype) = columns.get(&column.name)?;
            match ktype {
                KqlType::String | KqlType::Guid => Some(Subject::value(*id)),
                // The text of a dynamic string is a part of what is stored, which has quotes around it.
                KqlType::Dynamic => Some(Subject::part(*id)),
                _ => None,
            }
        }
        Expr::ScalarFunction(call) => match (base_name(call), call.args.as_slice()) {
            ("tostring", [value]) => subject(value, columns),
            ("[]", [value, _]) => member(value, columns),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the member of a value as a text to ask for: any part of the column, for the index does not say where a text stands.
fn member(value: &Expr, columns: &TextColumns) -> Option<Subject> {
    match value {
        Expr::Column(column) => {
            let (id, ktype) = columns.get(&column.name)?;
            (*ktype == KqlType::Dynamic).then(|| Subject::part(*id))
        }
        Expr::ScalarFunction(call) => match (base_name(call), call.args.as_slice()) {
            ("[]", [value, _]) => member(value, columns),
            ("parse_json" | "todynamic", [text]) => match text {
                Expr::Column(column) => columns.get(&column.name).map(|(id, _)| Subject::reparsed(*id)),
                Expr::ScalarFunction(inner) if base_name(inner) == "tostring" => {
                    let [value] = inner.args.as_slice() else { return None };
                    let (id, _) = columns.get(&root(value)?.name)?;
                    Some(Subject::reparsed(*id))
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Returns the column that a chain of members begins with.
fn root(value: &Expr) -> Option<&datafusion::common::Column> {
    match value {
        Expr::Column(column) => Some(column),
        Expr::ScalarFunction(call) if base_name(call) == "[]" => root(call.args.first()?),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8View(Some(text)), _) => Some(text),
        _ => None,
    }
}

/// Returns a function's name without its types: `has(string,string):bool` is `has`.
fn base_name(call: &ScalarFunction) -> &str {
    let name = call.func.name();
    name.split_once('(').map_or(name, |(base, _)| base)
}
