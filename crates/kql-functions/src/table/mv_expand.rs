//! `mv-expand`: a row per element of one or several arrays, side by side.

use crate::args::{Arg, Args, CallContext, EvalError, array_of, parse_as};
use crate::registry::{Body, FUNCTIONS};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewBuilder, UInt32Array};
use schema::dynamic::raw::{self, Kind};
use schema::{KqlType, Value};
use std::sync::Arc;

/// What the rows of one batch expand to.
pub struct Expanded {
    /// For each row of the result, the row of the input that it comes from: for `arrow::compute::take`.
    pub rows: UInt32Array,
    /// One per item, of its type.
    pub columns: Vec<ArrayRef>,
    /// The place of each element in its array, from 0.
    pub index: ArrayRef,
}

/// Expands dynamic columns. `items` are the columns with the type that their elements are cast to (an element that has
/// another becomes null). A null gives one row, an empty array or bag none; a value that is neither array nor bag counts
/// as an array of one. Arrays of different lengths in one row are filled up with nulls. Properties of a bag become bags
/// of one property, or with `bag_as_array` arrays of name and value. At most `limit` rows come of each row.
///
/// # Source
/// Kusto reference, "mv-expand operator".
///
/// # Errors
/// When the result has more than 2^32 rows per batch or a conversion fails, which is ours.
pub fn mv_expand(
    items: &[(ArrayRef, KqlType)],
    n_rows: usize,
    bag_as_array: bool,
    limit: Option<u64>,
) -> Result<Expanded, EvalError> {
    let texts: Vec<_> = items.iter().map(|(array, _)| array.as_string_view()).collect();
    let mut builders: Vec<StringViewBuilder> = items.iter().map(|_| StringViewBuilder::new()).collect();
    let mut rows: Vec<u32> = Vec::with_capacity(n_rows);
    let mut index: Vec<i64> = Vec::with_capacity(n_rows);
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut lists: Vec<Vec<Element<'_>>> = items.iter().map(|_| Vec::new()).collect();
    for row in 0..n_rows {
        let mut longest = 0;
        for (list, text) in lists.iter_mut().zip(&texts) {
            list.clear();
            if text.is_null(row) {
                list.push(Element::Null);
            } else {
                elements(text.value(row), bag_as_array, list);
            }
            longest = longest.max(list.len());
        }
        let take = longest.min(limit);
        let source = u32::try_from(row).map_err(|_| EvalError::new("a batch has too many rows to expand"))?;
        for place in 0..take {
            rows.push(source);
            index.push(place as i64);
            for (list, builder) in lists.iter().zip(&mut builders) {
                match list.get(place) {
                    None | Some(Element::Null) => builder.append_null(),
                    Some(Element::Json(json)) if raw::kind(json) == Kind::Null => builder.append_null(),
                    Some(Element::Json(json)) => builder.append_value(json),
                    Some(Element::Made(json)) => builder.append_value(json),
                }
            }
        }
    }
    let columns = builders
        .iter_mut()
        .zip(items)
        .map(|(builder, (_, ktype))| cast(Arc::new(builder.finish()), *ktype))
        .collect::<Result<_, _>>()?;
    Ok(Expanded { rows: UInt32Array::from(rows), columns, index: Arc::new(Int64Array::from(index)) })
}

enum Element<'a> {
    Null,
    Json(&'a str),
    Made(String),
}

fn elements<'a>(json: &'a str, bag_as_array: bool, out: &mut Vec<Element<'a>>) {
    match raw::kind(json) {
        Kind::Null => out.push(Element::Null),
        Kind::Array => out.extend(raw::items(json).map(Element::Json)),
        Kind::Bag => out.extend(raw::members(json).map(|(name, value)| {
            // The name is raw: between its quotes as it was received.
            Element::Made(if bag_as_array {
                format!("[\"{name}\",{value}]")
            } else {
                format!("{{\"{name}\":{value}}}")
            })
        })),
        _ => out.push(Element::Json(json)),
    }
}

/// Brings a column of dynamic elements to a type, as the conversion function of that type does.
///
/// # Errors
/// The conversion's own, which is ours.
pub fn cast(column: ArrayRef, to: KqlType) -> Result<ArrayRef, EvalError> {
    let function = match to {
        KqlType::Dynamic => return Ok(column),
        KqlType::Bool => "tobool",
        KqlType::Int => "toint",
        KqlType::Long => "tolong",
        KqlType::Real => "toreal",
        KqlType::Decimal => "todecimal",
        KqlType::String => "tostring",
        KqlType::Datetime => "todatetime",
        KqlType::Timespan => "totimespan",
        KqlType::Guid => "toguid",
    };
    let rows = column.len();
    if let Some((found, _)) = FUNCTIONS.scalar(function)
        && let Body::Eval(body) = found.body
    {
        let args = [Arg { array: column, ktype: KqlType::Dynamic, constant: false }];
        return body(&Args { args: &args, rows, returns: to, ctx: &CallContext::default() });
    }
    let texts = column.as_string_view();
    let value = |row: usize| {
        if texts.is_null(row) { Value::null(to) } else { parse_as(to, &raw::text(texts.value(row))) }
    };
    Ok(array_of(to, (0..rows).map(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringViewArray;

    fn expand(values: &[Option<&str>], to: KqlType, bag_as_array: bool, limit: Option<u64>) -> Vec<(u32, Value)> {
        let array: ArrayRef = Arc::new(values.iter().copied().collect::<StringViewArray>());
        let expanded = mv_expand(&[(array, to)], values.len(), bag_as_array, limit).expect("expands");
        let value = |i: usize| crate::args::value_at(&expanded.columns[0], to, i);
        (0..expanded.rows.len()).map(|i| (expanded.rows.value(i), value(i))).collect()
    }

    #[test]
    fn nulls_give_a_row_and_empty_arrays_none() {
        let rows = expand(&[None, Some("[]"), Some("[1,null]"), Some("5")], KqlType::Long, false, None);
        assert_eq!(
            rows,
            vec![
                (0, Value::Null(KqlType::Long)),
                (2, Value::Long(1)),
                (2, Value::Null(KqlType::Long)),
                (3, Value::Long(5))
            ]
        );
    }

    #[test]
    fn bags_become_bags_of_one_or_pairs() {
        let text = |rows: Vec<(u32, Value)>| rows.into_iter().map(|(_, v)| v.to_text()).collect::<Vec<_>>();
        let bag = [Some(r#"{"a":1,"b":[2]}"#)];
        assert_eq!(text(expand(&bag, KqlType::Dynamic, false, None)), [r#"{"a":1}"#, r#"{"b":[2]}"#]);
        assert_eq!(text(expand(&bag, KqlType::Dynamic, true, None)), [r#"["a",1]"#, r#"["b",[2]]"#]);
        assert_eq!(text(expand(&bag, KqlType::Dynamic, true, Some(1))), [r#"["a",1]"#]);
    }
}
