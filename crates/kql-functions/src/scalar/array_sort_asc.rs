//! Given several arrays, Kusto's function gives several columns. This body gives an array of the sorted arrays, which is
//! what indexing the call (`array_sort_asc(a, b)[1]`) asks for; the binder makes columns of it.

use super::dynamics;
use super::prelude::*;
use std::cmp::Ordering;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_sort_asc",
    signatures: &["(arrays+: array) -> dynamic", "(arrays+: array, nulls_last: constant bool) -> dynamic"],
    summary: "The first array in ascending order, and the others in the order that brings the first into it: numbers come \
              before strings, strings before other elements, nulls last (first when `nulls_last` is false). An array of \
              another length than the first gives null.",
    examples: &[
        ("print array_sort_asc(dynamic([3, 1, 2]))", "[1,2,3]"),
        ("print array_sort_asc(dynamic([null, 'b', 'a']), false)", "[null,\"a\",\"b\"]"),
        ("print array_sort_asc(dynamic([3, 1, 2]), dynamic(['c', 'a', 'b']))[1]", "[\"a\",\"b\",\"c\"]"),
    ],
    body: Body::Eval(|args| sort(args, false)),
    ..ScalarFunction::DEFAULT
};

/// Sorts; when `descending`, each kind of elements is turned round while the kinds keep their order.
pub fn sort(args: &Args, descending: bool) -> Result<ArrayRef, EvalError> {
    let (arrays, nulls_last) = match args.args.split_last() {
        Some((last, arrays)) if last.ktype == KqlType::Bool => (arrays, Some(last)),
        _ => (args.args, None),
    };
    Ok(args.written(|row, out| {
        let nulls_last = nulls_last.and_then(|arg| arg.bools().get(row)).unwrap_or(true);
        let order = arrays.first().and_then(|first| Some(order(&dynamics::array(first, row)?, descending, nulls_last)));
        let (Some(order), several) = (order, arrays.len() > 1) else { return false };
        if several {
            out.push('[');
        }
        for (i, array) in arrays.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            match dynamics::array(array, row).filter(|items| items.len() == order.len()) {
                Some(items) => dynamics::write_array(out, order.iter().map(|place| items[*place])),
                None => out.push_str("null"),
            }
        }
        if several {
            out.push(']');
        }
        true
    }))
}

/// Returns the places of the elements in sorted order.
fn order(items: &[&str], descending: bool, nulls_last: bool) -> Vec<usize> {
    let is_null = |place: usize| raw::kind(items[place]) == raw::Kind::Null;
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| match (is_null(*a), is_null(*b)) {
        (true, true) => Ordering::Equal,
        (a, b) if a || b => {
            if nulls_last {
                a.cmp(&b)
            } else {
                b.cmp(&a)
            }
        }
        _ if descending && raw::kind(items[*a]) == raw::kind(items[*b]) => dynamics::compare(items[*b], items[*a]),
        _ => dynamics::compare(items[*a], items[*b]),
    });
    order
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};
    use schema::{KqlType, Value};

    #[test]
    fn sorts_one_array() {
        for (json, ascending, descending) in [
            ("[1,3,4,5,2]", "[1,2,3,4,5]", "[5,4,3,2,1]"),
            ("[10,9.5,-1]", "[-1,9.5,10]", "[10,9.5,-1]"),
            (
                r#"["John","Paul","Jane","Kayo"]"#,
                r#"["Jane","John","Kayo","Paul"]"#,
                r#"["Paul","Kayo","John","Jane"]"#,
            ),
            (r#"[null,"blue","green",null]"#, r#"["blue","green",null,null]"#, r#"["green","blue",null,null]"#),
            (r#"["b",true,2,[1],"a",1]"#, r#"[1,2,"a","b",true,[1]]"#, r#"[2,1,"b","a",true,[1]]"#),
            ("[]", "[]", "[]"),
            (r#"{"a":1}"#, "null", "null"),
        ] {
            assert_eq!(json_of("array_sort_asc", &[d(json)]), ascending, "{json}");
            assert_eq!(json_of("array_sort_desc", &[d(json)]), descending, "{json}");
        }
    }

    #[test]
    fn nulls_go_where_they_are_told() {
        let colors = || d(r#"[null,"blue","yellow","green",null]"#);
        let first = Value::Bool(false);
        assert_eq!(json_of("array_sort_asc", &[colors(), first.clone()]), r#"[null,null,"blue","green","yellow"]"#);
        assert_eq!(json_of("array_sort_desc", &[colors(), first]), r#"[null,null,"yellow","green","blue"]"#);
        let unknown = Value::Null(KqlType::Bool);
        assert_eq!(json_of("array_sort_asc", &[colors(), unknown]), r#"["blue","green","yellow",null,null]"#);
    }

    #[test]
    fn further_arrays_follow_the_first() {
        let args = [d("[1,3,4,5,2]"), d(r#"["a","b","c","d","e"]"#)];
        assert_eq!(json_of("array_sort_asc", &args), r#"[[1,2,3,4,5],["a","e","b","c","d"]]"#);
        assert_eq!(json_of("array_sort_desc", &args), r#"[[5,4,3,2,1],["d","c","b","e","a"]]"#);
        assert_eq!(json_of("array_sort_asc", &[d("[2,1]"), d("[1]"), d("[3,4]")]), "[[1,2],null,[4,3]]");
    }
}
