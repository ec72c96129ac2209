//! Names, types and lists of columns as commands write them.

use crate::reader::Name;
use kql::syntax::keywords;
use schema::Column;

/// Returns a name as it can stand in a text: in brackets where it has to be.
pub fn written(name: &str) -> String {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let is_plain = first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match is_plain && !keywords::is_reserved(name) {
        true => name.to_string(),
        false => format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// Returns a list of columns: `a:long,b:string`.
pub fn columns(columns: &[Column]) -> String {
    let column = |column: &Column| format!("{}:{}", written(&column.name), column.ktype);
    columns.iter().map(column).collect::<Vec<_>>().join(",")
}

/// Returns the first name that stands there twice.
pub fn twice(names: &[Name]) -> Option<&Name> {
    names.iter().enumerate().find(|(idx, name)| names.iter().take(*idx).any(|of| of.text == name.text)).map(|(_, n)| n)
}
