use super::prelude::*;
use crate::args::array_of;
use arrow::array::{Array, AsArray};
use schema::Dynamic;
use schema::dynamic::raw;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

pub static PLUGIN: Plugin = Plugin {
    name: "bag_unpack",
    usage: "bag_unpack(column, [column_prefix], [columnsConflict], [ignoredProperties])",
    summary: "Replaces a column of property bags by a column per member, after the other columns and in order of their names. \
              A column has the type of its values when they agree (long, real, bool, string), else dynamic; null members do \
              not count, and a value that is no bag gives nothing. Where the input already has a column of that name, \
              columnsConflict says what is kept: `error` (the default), `replace_source` or `keep_source`.",
    examples: &[(
        "datatable(d:dynamic) [dynamic({'Name': 'John', 'Age': 20})] | evaluate bag_unpack(d) | project Age",
        "20",
    )],
    arity: (1, 4),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["column", "column_prefix", "columnsConflict", "ignoredProperties"];
/// More columns than this are refused: such bags are keyed by data, and the result would be no table.
const COLUMNS_MAX: usize = 10_000;

/// The values of one member, by row.
struct Member<'a> {
    values: Vec<(usize, &'a str)>,
    /// The type of the values so far.
    ktype: KqlType,
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let table = input(call)?;
    let bags = args.column(0)?;
    if column_at(&table.columns, bags)?.ktype != KqlType::Dynamic {
        return Err(EvalError::new("`bag_unpack` needs a column of type dynamic"));
    }
    let prefix = args.opt_text(1)?.unwrap_or("");
    let conflict = args.opt_text(2)?.unwrap_or("error");
    if !matches!(conflict, "error" | "replace_source" | "keep_source") {
        return Err(EvalError::new(format!(
            "`{conflict}` is no way to solve a conflict of columns: use `error`, `replace_source` or `keep_source`"
        )));
    }
    let ignored: HashSet<String> = match args.opt_value(3)? {
        Some(value) => raw::items(&value.to_dynamic().to_json()).map(|item| raw::text(item).into_owned()).collect(),
        None => HashSet::new(),
    };
    let members = members(table.array(bags)?.as_string_view(), &ignored)?;

    let mut places: Vec<usize> = visible(&table.columns);
    places.retain(|place| *place != bags);
    let mut columns: Vec<Column> = places.iter().filter_map(|place| table.columns.get(*place).cloned()).collect();
    let mut arrays = places.iter().map(|place| table.array(*place).cloned()).collect::<Result<Vec<_>, _>>()?;
    for (name, member) in members {
        let name = format!("{prefix}{name}");
        let known = columns.iter().take(places.len()).position(|column| column.name == name);
        match known {
            Some(_) if conflict == "keep_source" => continue,
            Some(_) if conflict == "error" => {
                return Err(EvalError::new(format!(
                    "`bag_unpack` would add the column `{name}`, which the input has: give a prefix, or columnsConflict"
                )));
            }
            _ => {}
        }
        let (column, array) = (Column::new(name, member.ktype), member.array(table.rows));
        match known.and_then(|known| columns.get_mut(known).zip(arrays.get_mut(known))) {
            Some((old_column, old_array)) => (*old_column, *old_array) = (column, array),
            None => {
                columns.push(column);
                arrays.push(array);
            }
        }
    }
    Ok(Table { columns, arrays, rows: table.rows })
}

/// Returns the members of all bags by name.
fn members<'a>(
    bags: &'a arrow::array::StringViewArray,
    ignored: &HashSet<String>,
) -> Result<BTreeMap<String, Member<'a>>, EvalError> {
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    for row in (0..bags.len()).filter(|row| bags.is_valid(*row)) {
        for (name, value) in raw::members(bags.value(row)) {
            let kind = raw::kind(value);
            if kind == raw::Kind::Null {
                continue;
            }
            let name = if name.contains('\\') {
                raw::string(&format!("\"{name}\"")).map_or(Cow::Borrowed(name), |name| Cow::Owned(name.into_owned()))
            } else {
                Cow::Borrowed(name)
            };
            if name.is_empty() || ignored.contains(name.as_ref()) {
                continue;
            }
            let ktype = member_type(kind, value);
            if let Some(member) = members.get_mut(name.as_ref()) {
                if member.ktype != ktype {
                    member.ktype = KqlType::Dynamic;
                }
                // A member given twice keeps its last value.
                if member.values.last().is_some_and(|(last, _)| *last == row) {
                    member.values.pop();
                }
                member.values.push((row, value));
                continue;
            }
            if members.len() == COLUMNS_MAX {
                return Err(EvalError::new(format!("the bags have more than {COLUMNS_MAX} different members")));
            }
            members.insert(name.into_owned(), Member { values: vec![(row, value)], ktype });
        }
    }
    Ok(members)
}

fn member_type(kind: raw::Kind, value: &str) -> KqlType {
    match kind {
        raw::Kind::Bool => KqlType::Bool,
        raw::Kind::String => KqlType::String,
        raw::Kind::Number if value.parse::<i64>().is_ok() => KqlType::Long,
        raw::Kind::Number => KqlType::Real,
        raw::Kind::Array | raw::Kind::Bag | raw::Kind::Null => KqlType::Dynamic,
    }
}

impl Member<'_> {
    fn array(&self, rows: usize) -> arrow::array::ArrayRef {
        let mut values = self.values.iter().peekable();
        array_of(
            self.ktype,
            (0..rows).map(|row| match values.next_if(|(place, _)| *place == row) {
                Some((_, value)) => self.value(value),
                None => Value::null(self.ktype),
            }),
        )
    }

    fn value(&self, value: &str) -> Value {
        match self.ktype {
            KqlType::Bool => Value::Bool(value.starts_with('t')),
            KqlType::Long => value.parse().map_or(Value::Null(KqlType::Long), Value::Long),
            KqlType::Real => value.parse().map_or(Value::Null(KqlType::Real), Value::Real),
            KqlType::String => Value::String(raw::text(value).into_owned()),
            _ => Dynamic::parse(value).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    fn named(name: &str, value: PluginArg) -> PluginArg {
        PluginArg::Named(name.into(), Box::new(value))
    }

    #[test]
    fn bags_of_the_reference() {
        let people = table(
            "Name:string d:dynamic",
            &[
                ["James", r#"{"Name": "John", "Age":20}"#],
                ["David", r#"{ "Age":40, "Height": null}"#],
                ["Emily", r#"{"Name": "Jasmine", "Age":30}"#],
            ],
        );
        let d = PluginArg::Column(1);
        let cases: [(Vec<PluginArg>, &str, &str); 4] = [
            (
                vec![d.clone(), named("columnsConflict", text("replace_source"))],
                "Name:string Age:long",
                "John|20 \n |40 \n Jasmine|30",
            ),
            (
                vec![d.clone(), named("columnsConflict", text("keep_source"))],
                "Name:string Age:long",
                "James|20 \n David|40 \n Emily|30",
            ),
            (
                vec![d.clone(), text("Property_")],
                "Name:string Property_Age:long Property_Name:string",
                "James|20|John \n David|40| \n Emily|30|Jasmine",
            ),
            (
                vec![d.clone(), named("ignoredProperties", constant(KqlType::Dynamic, r#"["Name","Other"]"#))],
                "Name:string Age:long",
                "James|20 \n David|40 \n Emily|30",
            ),
        ];
        for (args, heading, expected) in cases {
            assert_eq!(
                result(&PLUGIN, std::slice::from_ref(&people), &args),
                (heading.to_string(), rows(expected)),
                "{args:?}"
            );
        }
        assert!(failure(&PLUGIN, std::slice::from_ref(&people), std::slice::from_ref(&d)).contains("`Name`"));
        assert_ne!(failure(&PLUGIN, std::slice::from_ref(&people), &[d, text("x_"), text("merge")]), "");
        assert_ne!(failure(&PLUGIN, &[people], &[PluginArg::Column(0)]), "");
    }

    #[test]
    fn types_follow_the_values() {
        let bags = table(
            "d:dynamic",
            &[
                [r#"{"a":1,"b":1,"c":true,"d":[1],"e":"x\n","q\"":1.5,"z":1,"z":2}"#],
                [r#"{"a":"x","b":2.5,"c":null,"e":"","q\"":2.5}"#],
                ["[1]"],
                ["null"],
            ],
        );
        let (heading, found) = result(&PLUGIN, &[bags], &[PluginArg::Column(0)]);
        assert_eq!(heading, "a:dynamic b:dynamic c:bool d:dynamic e:string q\":real z:long");
        assert_eq!(found[0], ["1", "1", "True", "[1]", "x\n", "1.5", "2"]);
        assert_eq!(found[1], ["x", "2.5", "null", "null", "", "2.5", "null"]);
        assert_eq!(found[2], ["null", "null", "null", "null", "", "null", "null"]);
    }
}
