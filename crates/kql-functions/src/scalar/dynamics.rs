//! Building blocks of the functions over arrays and bags. They work on the JSON text that a dynamic column holds and
//! build no trees: an element stays the slice of the text that it came from.

use super::prelude::*;
use schema::dynamic::write_json_string;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Elements that a function makes at most, as Kusto's `range()`.
pub const ELEMENTS_MAX: usize = 1_048_576;

/// Returns a dynamic argument's JSON text in a row, or `None` when it is null or no dynamic.
pub fn dynamic(arg: &Arg, row: usize) -> Option<&str> {
    if arg.ktype == KqlType::Dynamic { arg.strs().opt(row) } else { None }
}

/// Returns an array's elements, or `None` when the argument holds no array in that row.
pub fn array(arg: &Arg, row: usize) -> Option<Vec<&str>> {
    items(dynamic(arg, row)?)
}

/// Returns an array's elements, or `None` when the value is no array.
pub fn items(json: &str) -> Option<Vec<&str>> {
    (raw::kind(json) == raw::Kind::Array).then(|| raw::items(json).collect())
}

/// Returns a bag's members as (name, value text), or `None` when the argument holds no bag in that row. A name given
/// twice keeps its first place and its last value.
pub fn bag(arg: &Arg, row: usize) -> Option<Vec<(Cow<'_, str>, &str)>> {
    members(dynamic(arg, row)?)
}

/// Returns a bag's members, as [`bag`] does, or `None` when the value is no bag.
pub fn members(json: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    if raw::kind(json) != raw::Kind::Bag {
        return None;
    }
    let mut members: Vec<(Cow<'_, str>, &str)> = Vec::new();
    // Past a few members a map finds a name given twice faster than a walk.
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, value) in raw::members(json) {
        let name = name_text(name);
        let known = if members.len() < 16 {
            members.iter().position(|(other, _)| *other == name)
        } else {
            if places.is_empty() {
                places = members.iter().enumerate().map(|(place, (name, _))| (name.to_string(), place)).collect();
            }
            places.get(name.as_ref()).copied()
        };
        match known {
            Some(place) => members[place].1 = value,
            None => {
                if !places.is_empty() {
                    places.insert(name.to_string(), members.len());
                }
                members.push((name, value));
            }
        }
    }
    Some(members)
}

/// Returns a member's name from the text between its quotes.
fn name_text(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    raw::string(&format!("\"{inner}\"")).map_or(Cow::Borrowed(inner), |name| Cow::Owned(name.into_owned()))
}

/// Appends an array of the elements.
pub fn write_array<'a>(out: &mut String, items: impl IntoIterator<Item = &'a str>) {
    out.push('[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(item);
    }
    out.push(']');
}

/// Appends a bag of the members.
pub fn write_bag<'a>(out: &mut String, members: impl IntoIterator<Item = (&'a str, &'a str)>) {
    out.push('{');
    for (i, (name, value)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_json_string(out, name);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
}

/// Returns any argument's value in a row as JSON text, as `pack_array()` holds it; `null` for null.
pub fn json(arg: &Arg, row: usize) -> Cow<'_, str> {
    if arg.is_null(row) {
        return Cow::Borrowed("null");
    }
    match arg.ktype {
        KqlType::Dynamic => Cow::Borrowed(arg.strs().get(row)),
        KqlType::String | KqlType::Guid => {
            let mut text = String::new();
            write_json_string(&mut text, arg.strs().get(row));
            Cow::Owned(text)
        }
        KqlType::Bool => Cow::Borrowed(if arg.bools().get(row) == Some(true) { "true" } else { "false" }),
        _ => Cow::Owned(arg.value(row).to_dynamic().to_json()),
    }
}

/// Returns any argument's value in a row as the text that names a member.
pub fn text(arg: &Arg, row: usize) -> Cow<'_, str> {
    match arg.ktype {
        KqlType::String | KqlType::Guid => Cow::Borrowed(arg.strs().get(row)),
        KqlType::Dynamic => arg.strs().opt(row).map_or(Cow::Borrowed(""), raw::text),
        _ => Cow::Owned(arg.value(row).to_text()),
    }
}

/// Returns a text that is the same for equal values and different for others: whole numbers are equal to reals of the
/// same value, and a bag's order does not count.
pub fn identity(json: &str) -> Cow<'_, str> {
    match raw::kind(json) {
        raw::Kind::Null | raw::Kind::Bool => Cow::Borrowed(json),
        raw::Kind::String => match raw::string(json) {
            Some(Cow::Owned(text)) => {
                let mut quoted = String::new();
                write_json_string(&mut quoted, &text);
                Cow::Owned(quoted)
            }
            _ => Cow::Borrowed(json),
        },
        raw::Kind::Number => number_identity(json),
        raw::Kind::Array => {
            let mut out = String::new();
            let items: Vec<_> = raw::items(json).map(identity).collect();
            write_array(&mut out, items.iter().map(AsRef::as_ref));
            Cow::Owned(out)
        }
        raw::Kind::Bag => {
            let mut members: Vec<_> =
                members(json).unwrap_or_default().into_iter().map(|(name, value)| (name, identity(value))).collect();
            members.sort();
            let mut out = String::new();
            write_bag(&mut out, members.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
            Cow::Owned(out)
        }
    }
}

fn number_identity(json: &str) -> Cow<'_, str> {
    /// Up to here every whole number is a real of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if json.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return Cow::Borrowed(if json == "-0" { "0" } else { json });
    }
    match json.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() <= EXACT => Cow::Owned((value as i64).to_string()),
        Ok(value) if value.is_finite() => Cow::Owned(value.to_string()),
        _ => Cow::Borrowed(json),
    }
}

/// Returns a number's value as a real.
pub fn real(json: &str) -> Option<f64> {
    if raw::kind(json) == raw::Kind::Number { json.trim().parse().ok() } else { None }
}

/// Orders two elements as `array_sort_asc()` does: numbers, then texts, then all others, which stay as they come.
pub fn compare(a: &str, b: &str) -> Ordering {
    let rank = |json: &str| match raw::kind(json) {
        raw::Kind::Number => 0,
        raw::Kind::String => 1,
        _ => 2,
    };
    let by_rank = rank(a).cmp(&rank(b));
    if by_rank.is_ne() {
        return by_rank;
    }
    match rank(a) {
        0 => match (a.parse::<i64>(), b.parse::<i64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => real(a).unwrap_or(f64::NAN).total_cmp(&real(b).unwrap_or(f64::NAN)),
        },
        1 => raw::string(a).cmp(&raw::string(b)),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns what a function gives for arguments written as JSON, dynamic ones, as JSON text; `null` for null.
    pub fn json_of(function: &str, args: &[Value]) -> String {
        match crate::call(function, KqlType::Dynamic, args) {
            Ok(Value::Dynamic(value)) => value.to_json(),
            Ok(value) if value.is_null() => "null".to_string(),
            other => format!("{other:?}"),
        }
    }

    /// Makes a dynamic value from JSON text; `null` makes the null of dynamic.
    pub fn d(json: &str) -> Value {
        match Dynamic::parse(json) {
            Some(Dynamic::Null) => Value::Null(KqlType::Dynamic),
            Some(value) => Value::Dynamic(value),
            None => panic!("not JSON: {json}"),
        }
    }

    pub fn s(text: &str) -> Value {
        Value::String(text.to_string())
    }

    #[test]
    fn equal_values_have_equal_identities() {
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("-0", "0"),
            ("-0.0", "0"),
            (r#""a""#, r#""a""#),
            (r#"{"a":1,"b":[2.0]}"#, r#"{"b":[2],"a":1}"#),
        ] {
            assert_eq!(identity(a), identity(b));
        }
        for (a, b) in [("1", "\"1\""), ("9007199254740993", "9007199254740992"), ("1", "true"), ("null", "\"null\"")] {
            assert_ne!(identity(a), identity(b));
        }
    }

    #[test]
    fn a_name_given_twice_keeps_its_place_and_its_last_value() {
        let many: Vec<String> = (0..40).map(|i| format!("\"k{}\":{i}", i % 20)).collect();
        let many = format!("{{{}}}", many.join(","));
        let members = members(&many).unwrap_or_default();
        assert_eq!(members.len(), 20);
        assert_eq!(members[3], (Cow::Borrowed("k3"), "23"));
    }

    /// Any JSON value, two levels deep.
    fn any_json() -> impl Strategy<Value = Dynamic> {
        let leaf = prop_oneof![
            Just(Dynamic::Null),
            any::<bool>().prop_map(Dynamic::Bool),
            any::<i64>().prop_map(Dynamic::from_long),
            any::<f64>().prop_map(Dynamic::from_real),
            ".{0,8}".prop_map(Dynamic::String),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Dynamic::Array),
                prop::collection::btree_map(".{0,4}", inner, 0..5)
                    .prop_map(|bag| Dynamic::Bag(bag.into_iter().collect())),
            ]
        })
    }

    /// The functions that read texts, and what they give.
    const READERS: &[(&str, KqlType)] = &[
        ("parse_json", KqlType::Dynamic),
        ("parse_xml", KqlType::Dynamic),
        ("parse_url", KqlType::Dynamic),
        ("parse_urlquery", KqlType::Dynamic),
        ("parse_path", KqlType::Dynamic),
        ("parse_version", KqlType::Decimal),
        ("parse_user_agent", KqlType::Dynamic),
        ("parse_ipv4", KqlType::Long),
        ("parse_ipv6", KqlType::String),
        ("format_ipv4", KqlType::String),
        ("ipv4_is_private", KqlType::Bool),
        ("ipv4_netmask_suffix", KqlType::Long),
    ];

    /// The functions of two arguments that take any dynamic first.
    const PAIRS: &[(&str, KqlType)] = &[
        ("[]", KqlType::Dynamic),
        ("array_concat", KqlType::Dynamic),
        ("array_index_of", KqlType::Long),
        ("array_sort_asc", KqlType::Dynamic),
        ("array_sort_desc", KqlType::Dynamic),
        ("array_split", KqlType::Dynamic),
        ("bag_merge", KqlType::Dynamic),
        ("bag_remove_keys", KqlType::Dynamic),
        ("bag_zip", KqlType::Dynamic),
        ("jaccard_index", KqlType::Dynamic),
        ("set_difference", KqlType::Dynamic),
        ("set_equals", KqlType::Bool),
        ("set_has_element", KqlType::Bool),
        ("set_intersect", KqlType::Dynamic),
        ("set_union", KqlType::Dynamic),
        ("zip", KqlType::Dynamic),
        ("ipv4_is_in_any_range", KqlType::Bool),
        ("has_any_ipv4", KqlType::Bool),
    ];

    proptest! {
        #[test]
        fn any_text_is_read(text in r#"([ -~]|[{}\[\]":,./\\<>&;=%@]|\PC){0,60}"#) {
            for (function, returns) in READERS {
                prop_assert!(crate::call(function, *returns, &[s(&text)]).is_ok(), "{function}");
            }
            prop_assert!(crate::call("parse_command_line", KqlType::Dynamic, &[s(&text), s("windows")]).is_ok());
            prop_assert!(crate::call("has_ipv4_prefix", KqlType::Bool, &[s(&text), s(&text)]).is_ok());
            let empty = Value::Dynamic(Dynamic::Bag(Vec::new()));
            let set = crate::call("bag_set_key", KqlType::Dynamic, &[empty.clone(), s(&text), Value::Long(1)]);
            prop_assert!(set.is_ok());
            prop_assert!(crate::call("bag_has_key", KqlType::Bool, &[empty, s(&text)]).is_ok());
        }

        #[test]
        fn any_values_combine(a in any_json(), b in any_json()) {
            for (function, returns) in PAIRS {
                let result = crate::call(function, *returns, &[Value::Dynamic(a.clone()), Value::Dynamic(b.clone())]);
                prop_assert!(result.is_ok(), "{function}: {result:?}");
            }
        }

        #[test]
        fn texts_and_trees_agree(value in any_json()) {
            let json = value.to_json();
            let compact = raw::compact(&json);
            prop_assert_eq!(compact.as_deref(), Some(json.as_str()));
            let spaced = json.replace(',', " , ");
            let parsed = raw::compact(&spaced).map(|compact| Dynamic::parse(&compact));
            prop_assert_eq!(parsed, Some(Dynamic::parse(&spaced)));
            if let Dynamic::Bag(bag) = &value {
                let found = members(&json).unwrap_or_default();
                prop_assert_eq!(found.len(), bag.len());
                for ((name, text), (expected, value)) in found.iter().zip(bag) {
                    prop_assert_eq!(name.as_ref(), expected);
                    prop_assert_eq!(*text, value.to_json());
                    prop_assert_eq!(raw::member(&json, expected), Some(*text));
                }
            }
            if let Dynamic::Array(array) = &value {
                let texts: Vec<String> = array.iter().map(Dynamic::to_json).collect();
                prop_assert_eq!(items(&json).unwrap_or_default(), texts);
            }
        }

        #[test]
        fn reversing_and_rotating_come_back(array in prop::collection::vec(any_json(), 0..6), n in any::<i64>()) {
            let array = Value::Dynamic(Dynamic::Array(array));
            let call = |name: &str, args: &[Value]| crate::call(name, KqlType::Dynamic, args);
            let once = call("array_reverse", std::slice::from_ref(&array));
            prop_assert_eq!(once.and_then(|once| call("array_reverse", &[once])), Ok(array.clone()));
            let left = call("array_rotate_left", &[array.clone(), Value::Long(n)]);
            prop_assert_eq!(left.and_then(|left| call("array_rotate_right", &[left, Value::Long(n)])), Ok(array));
        }
    }
}
