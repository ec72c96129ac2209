//! Mappings: which part of a record goes into which column.
//!
//! ```text
//! [{"Column": "At", "Properties": {"Path": "$.time", "Transform": "DateTimeFromUnixSeconds"}}, ...]
//! ```
//!
//! The older form without `Properties`, where their members stand in the element itself, is read too. Names of members count in any case.
//!
//! # Source
//! Kusto reference, "Ingestion mappings" and the pages of each kind.

use crate::format::MappingKind;
use kql_functions::scalar::json_path::{self, Step};
use schema::KqlType;
use serde_json::{Map, Value};

/// Elements of a mapping at most, as many as a table can have columns.
const ELEMENTS_MAX: usize = 65_535;

/// What goes into the columns of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    pub elements: Vec<Element>,
}

/// What goes into one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    pub column: String,
    /// The type that the mapping names, for who makes columns of it.
    pub ktype: Option<KqlType>,
    pub source: Source,
    pub transform: Option<Transform>,
}

/// Which part of a record it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The cell at this place, from 0.
    Ordinal(usize),
    /// What the path leads to; without steps the whole record.
    Path(Vec<Step>),
    /// The same for every record.
    Constant(String),
    /// Nothing of the record itself: the transformation says what.
    Nothing,
}

/// What is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    SourceLocation,
    SourceLineNumber,
    PropertyBagArrayToDictionary,
    DateTimeFromUnixSeconds,
    DateTimeFromUnixMilliseconds,
    DateTimeFromUnixMicroseconds,
    DateTimeFromUnixNanoseconds,
    DropMappedFields,
    BytesAsBase64,
}

const TRANSFORMS: [(&str, Transform); 9] = [
    ("SourceLocation", Transform::SourceLocation),
    ("SourceLineNumber", Transform::SourceLineNumber),
    ("PropertyBagArrayToDictionary", Transform::PropertyBagArrayToDictionary),
    ("DateTimeFromUnixSeconds", Transform::DateTimeFromUnixSeconds),
    ("DateTimeFromUnixMilliseconds", Transform::DateTimeFromUnixMilliseconds),
    ("DateTimeFromUnixMicroseconds", Transform::DateTimeFromUnixMicroseconds),
    ("DateTimeFromUnixNanoseconds", Transform::DateTimeFromUnixNanoseconds),
    ("DropMappedFields", Transform::DropMappedFields),
    ("BytesAsBase64", Transform::BytesAsBase64),
];

impl Transform {
    /// Returns whether mappings of a kind can ask for it.
    fn goes_with(self, kind: MappingKind) -> bool {
        match (self, kind) {
            (Transform::SourceLocation | Transform::SourceLineNumber, _) => true,
            (_, MappingKind::W3cLogFile) => false,
            (Transform::BytesAsBase64, kind) => matches!(kind, MappingKind::Avro | MappingKind::ApacheAvro),
            (Transform::PropertyBagArrayToDictionary | Transform::DropMappedFields, kind) => kind != MappingKind::Csv,
            _ => true,
        }
    }

    fn needs_no_source(self) -> bool {
        matches!(self, Transform::SourceLocation | Transform::SourceLineNumber)
    }
}

/// Why a text is no mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error("the mapping is no JSON array of objects: {why}")]
    Form { why: String },
    #[error("the mapping has no elements")]
    Empty,
    #[error("the mapping has more than {ELEMENTS_MAX} elements")]
    TooMany,
    #[error("element {element} of the mapping {why}")]
    Element { element: usize, why: String },
    #[error("the mapping names the column `{column}` twice")]
    Twice { column: String },
    #[error("the mapping names the column `{column}`, which the table does not have")]
    UnknownColumn { column: String },
}

impl Mapping {
    /// Reads a mapping of a kind.
    ///
    /// # Errors
    /// When the text is none; the caller's fault.
    pub fn parse(kind: MappingKind, text: &str) -> Result<Mapping, MappingError> {
        // KQL's way to write a quote inside a string, which people leave in and JSON does not know.
        let text = text.replace("\\'", "'");
        let form = |why: String| MappingError::Form { why };
        let value: Value = serde_json::from_str(&text).map_err(|error| form(error.to_string()))?;
        let Value::Array(items) = value else { return Err(form("it is something else".to_string())) };
        if items.is_empty() {
            return Err(MappingError::Empty);
        }
        if items.len() > ELEMENTS_MAX {
            return Err(MappingError::TooMany);
        }
        let mut seen = std::collections::HashSet::new();
        let mut elements = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let element = element(kind, &item).map_err(|why| MappingError::Element { element: at, why })?;
            if !seen.insert(element.column.clone()) {
                return Err(MappingError::Twice { column: element.column });
            }
            elements.push(element);
        }
        Ok(Mapping { elements })
    }
}

/// Reads one element; what it has wrong, as the end of a sentence.
fn element(kind: MappingKind, item: &Value) -> Result<Element, String> {
    let Value::Object(own) = item else { return Err("is no object".to_string()) };
    let none = Map::new();
    let properties = match member(own, "Properties") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(properties)) => properties,
        Some(_) => return Err("has `Properties` that are no object".to_string()),
    };
    // Of a member that stands in both places, the one of the properties counts.
    let text = |name: &str| -> Result<Option<String>, String> {
        match member(properties, name).or_else(|| member(own, name)) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(format!("has a `{name}` that is no text")),
        }
    };
    let column = match text("Column")? {
        Some(column) => Some(column),
        None => text("Name")?,
    };
    let column = column.filter(|column| !column.is_empty()).ok_or("names no `Column`")?;
    let ktype = match text("DataType")?.filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => {
            let known = KqlType::from_name(&name.to_ascii_lowercase()).or_else(|| system_type(&name));
            Some(known.ok_or_else(|| format!("names the type `{name}`, which there is not"))?)
        }
    };
    let transform = match text("Transform")?.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("none")) {
        None => None,
        Some(name) => {
            let known = TRANSFORMS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
            let (_, transform) =
                known.ok_or_else(|| format!("names the transformation `{name}`, which there is not"))?;
            if !transform.goes_with(kind) {
                return Err(format!("asks for `{name}`, which goes with no {} mapping", kind.name()));
            }
            Some(transform)
        }
    };
    let source = source(kind, &text)?;
    if source == Source::Nothing && !transform.is_some_and(Transform::needs_no_source) {
        return Err(format!("says not what goes into `{column}`: it has no {}", wanted(kind)));
    }
    Ok(Element { column, ktype, source, transform })
}

/// Returns which part of a record an element means.
fn source(kind: MappingKind, text: &impl Fn(&str) -> Result<Option<String>, String>) -> Result<Source, String> {
    let constant = text("ConstValue")?.or(text("ConstantValue")?);
    let given: Vec<(&str, String)> = ["Ordinal", "Path", "Field"]
        .into_iter()
        .map(|name| Ok(text(name)?.map(|value| (name, value))))
        .filter_map(Result::transpose)
        .collect::<Result<_, String>>()?;
    if given.len() + usize::from(constant.is_some()) > 1 {
        return Err("says more than once what goes into its column".to_string());
    }
    if let Some(constant) = constant {
        return Ok(Source::Constant(constant));
    }
    let Some((name, value)) = given.into_iter().next() else { return Ok(Source::Nothing) };
    match (kind, name) {
        (MappingKind::Csv, "Ordinal") => {
            let ordinal = value.trim().parse().map_err(|_| format!("has the ordinal `{value}`, which is no place"))?;
            Ok(Source::Ordinal(ordinal))
        }
        (MappingKind::W3cLogFile, "Field") => Ok(Source::Path(vec![Step::Name(value)])),
        (MappingKind::Csv | MappingKind::W3cLogFile, _) | (_, "Ordinal") | (MappingKind::Json, "Field") => {
            Err(format!("has a `{name}`, which goes with no {} mapping", kind.name()))
        }
        // A path that is none is a constant.
        (_, "Path") if !value.starts_with('$') => Ok(Source::Constant(value)),
        (_, "Field") if !value.starts_with('$') => Ok(Source::Path(vec![Step::Name(value)])),
        _ => {
            let steps = json_path::parse(&value).ok_or_else(|| format!("has the path `{value}`, which is none"))?;
            Ok(Source::Path(steps))
        }
    }
}

fn wanted(kind: MappingKind) -> &'static str {
    match kind {
        MappingKind::Csv => "`Ordinal` and no `ConstValue`",
        MappingKind::W3cLogFile => "`Field` and no `ConstValue`",
        MappingKind::Json => "`Path` and no `ConstValue`",
        _ => "`Field`, `Path` or `ConstValue`",
    }
}

fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Returns the type of a name as .NET has it, such as `System.Object`.
fn system_type(name: &str) -> Option<KqlType> {
    let name = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    match name.as_str() {
        "sbyte" => Some(KqlType::Bool),
        "sqldecimal" => Some(KqlType::Decimal),
        "object" => Some(KqlType::Dynamic),
        name => KqlType::from_name(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Source {
        Source::Path(json_path::parse(text).unwrap())
    }

    fn parsed(kind: MappingKind, text: &str) -> Result<Vec<(String, Source, Option<Transform>)>, String> {
        let mapping = Mapping::parse(kind, text).map_err(|error| error.to_string())?;
        Ok(mapping.elements.into_iter().map(|e| (e.column, e.source, e.transform)).collect())
    }

    #[test]
    fn both_forms_are_read_in_any_case() {
        let text = r#"[
            {"Column": "At", "Properties": {"Path": "$.time", "Transform": "DateTimeFromUnixSeconds"}},
            {"column": "Name", "path": "$.['a b'].c", "datatype": "string"},
            {"column": "Escaped", "Properties": {"path": "$.[\'x y\']"}},
            {"column": "Whole", "DataType": "System.Object", "Properties": {"path": "$"}},
            {"column": "Fixed", "Properties": {"ConstValue": "v"}},
            {"column": "AlsoFixed", "Properties": {"Path": "v"}},
            {"column": "Line", "Properties": {"Transform": "sourceLineNumber"}}
        ]"#;
        let of = |name: &str, source, transform| (name.to_string(), source, transform);
        let expected = vec![
            of("At", path("$.time"), Some(Transform::DateTimeFromUnixSeconds)),
            of("Name", path("$['a b'].c"), None),
            of("Escaped", path("$['x y']"), None),
            of("Whole", path("$"), None),
            of("Fixed", Source::Constant("v".into()), None),
            of("AlsoFixed", Source::Constant("v".into()), None),
            of("Line", Source::Nothing, Some(Transform::SourceLineNumber)),
        ];
        assert_eq!(parsed(MappingKind::Json, text), Ok(expected));
        let csv = r#"[{"Name":"a","DataType":"int","Ordinal":"0"},{"Column":"b","Properties":{"Ordinal":2}}]"#;
        let expected = vec![of("a", Source::Ordinal(0), None), of("b", Source::Ordinal(2), None)];
        assert_eq!(parsed(MappingKind::Csv, csv), Ok(expected));
        let w3c = r#"[{"Column":"a","Properties":{"Field":"cs(User-Agent)"}}]"#;
        let named = Source::Path(vec![Step::Name("cs(User-Agent)".into())]);
        assert_eq!(parsed(MappingKind::W3cLogFile, w3c), Ok(vec![of("a", named, None)]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (MappingKind::Json, "{}", "the mapping is no JSON array of objects: it is something else"),
            (MappingKind::Json, "[]", "the mapping has no elements"),
            (MappingKind::Json, "[1]", "element 0 of the mapping is no object"),
            (MappingKind::Json, r#"[{"path":"$.a"}]"#, "element 0 of the mapping names no `Column`"),
            (
                MappingKind::Json,
                r#"[{"column":"a"}]"#,
                "element 0 of the mapping says not what goes into `a`: it has no `Path` and no `ConstValue`",
            ),
            (
                MappingKind::Json,
                r#"[{"column":"a","path":"$.a"},{"column":"a","path":"$.b"}]"#,
                "the mapping names the column `a` twice",
            ),
            (
                MappingKind::Json,
                r#"[{"column":"a","path":"$..a"}]"#,
                "element 0 of the mapping has the path `$..a`, which is none",
            ),
            (
                MappingKind::Json,
                r#"[{"column":"a","ordinal":"1"}]"#,
                "element 0 of the mapping has a `Ordinal`, which goes with no json mapping",
            ),
            (
                MappingKind::Csv,
                r#"[{"column":"a","ordinal":"-1"}]"#,
                "element 0 of the mapping has the ordinal `-1`, which is no place",
            ),
            (
                MappingKind::Csv,
                r#"[{"column":"a","ordinal":1,"constvalue":"x"}]"#,
                "element 0 of the mapping says more than once what goes into its column",
            ),
            (
                MappingKind::Csv,
                r#"[{"column":"a","ordinal":1,"transform":"DropMappedFields"}]"#,
                "element 0 of the mapping asks for `DropMappedFields`, which goes with no csv mapping",
            ),
            (
                MappingKind::Json,
                r#"[{"column":"a","path":"$.a","transform":"Upper"}]"#,
                "element 0 of the mapping names the transformation `Upper`, which there is not",
            ),
            (
                MappingKind::Json,
                r#"[{"column":"a","path":"$.a","datatype":"float"}]"#,
                "element 0 of the mapping names the type `float`, which there is not",
            ),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(parsed(kind, text), Err(expected.to_string()), "{text}");
        }
        assert!(parsed(MappingKind::Json, "[").is_err_and(|error| error.starts_with("the mapping is no JSON")));
    }
}
