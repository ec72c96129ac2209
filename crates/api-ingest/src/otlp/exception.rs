//! What attributes tell of an exception, as columns of `AppExceptions`.

use super::attributes::Attributes;
use super::record::Record;
use super::value::{ValueError, json_text};
use super::wire::{AnyValue, KeyValue};

const TYPE: &str = "exception.type";
const MESSAGE: &str = "exception.message";
const STACK: &str = "exception.stacktrace";
/// What an exception is called of which only one of both is told, as Azure Monitor's exporter does.
const UNNAMED: &str = "Exception";

/// Returns whether attributes tell of an exception.
pub fn is_told(attributes: Attributes<'_>) -> bool {
    attributes.text(&[TYPE, MESSAGE]).is_some()
}

/// Sets the columns; attributes that are not in one of them whole are among the properties.
pub fn columns(record: &mut Record, attributes: &[KeyValue]) -> Result<(), ValueError> {
    let of = Attributes(attributes);
    let kind = of.text(&[TYPE]).unwrap_or_else(|| UNNAMED.to_string());
    let message = of.text(&[MESSAGE]).unwrap_or_else(|| UNNAMED.to_string());
    let stack = of.text(&[STACK]).unwrap_or_default();
    for column in ["ExceptionType", "OuterType", "InnermostType", "ProblemId"] {
        record.text(column, &kind);
    }
    for column in ["Message", "OuterMessage", "InnermostMessage"] {
        record.text(column, &message);
    }
    let (kind, message, stack) = (json_text(&kind), json_text(&message), json_text(&stack));
    record.json("Details", &format!(r#"[{{"id":"0","type":{kind},"message":{message},"rawStack":{stack}}}]"#));
    let mut seen = Vec::new();
    for attribute in attributes {
        let name = attribute.key.as_str();
        let is_text = matches!(&attribute.value, Some(AnyValue { string_value: Some(_), .. }));
        // Of attributes of the same name the first is in the columns.
        let is_in_columns = [TYPE, MESSAGE, STACK].contains(&name) && is_text && !seen.contains(&name);
        if is_in_columns {
            seen.push(name);
        } else {
            record.properties.attributes(std::slice::from_ref(attribute))?;
        }
    }
    Ok(())
}
