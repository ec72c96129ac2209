//! `.ingest inline`: records that stand in the command, as comma-separated text.
//!
//! The data are not of the query language: blanks count, and there are no comments. Cells go to the table's columns by their place; what is
//! missing is empty, what is too much is passed over.

use crate::args::Args;
use crate::command::{Command, Family, Guid, Rows};
use crate::context::Context;
use crate::error::CommandError;
use crate::reader::Reader;
use auth::Action;
use futures::executor::block_on;
use schema::dynamic::{raw, write_json_string};
use schema::{Column, KqlType, Value};

/// Commands that hand in records.
pub static FAMILY: Family = Family {
    commands: &[Command {
        syntax: "ingest inline into table <table> ...",
        needs: &[Action::Ingest],
        columns: &[("ExtentId", Guid)],
        body: ingest,
    }],
    refused: &[],
};

fn ingest(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let name = args.name("table")?.text.clone();
    let at = args.reader.span();
    let mut skip_first = false;
    for (property, value) in args.reader.properties()? {
        match property.as_str() {
            "format" if value.eq_ignore_ascii_case("csv") => {}
            "format" => {
                return Err(CommandError::semantic(at, format!("data in a command are `csv` here, not `{value}`")));
            }
            "ignorefirstrecord" => skip_first = value.eq_ignore_ascii_case("true"),
            "ingestifnotexists" | "ingestionmapping" | "ingestionmappingreference" => {
                return Err(CommandError::semantic(at, format!("`{property}` is not supported for data in a command")));
            }
            // What they say of files and their making means nothing here.
            _ => {}
        }
    }
    let records = match args.reader.peek(0) {
        "[" => in_brackets(&mut args.reader)?,
        _ => records(begin(args.reader.data()?.0)),
    };
    // Only what is there is taken into: a command makes tables in another way.
    let columns = context.table(&name)?.columns();
    let mut body = String::new();
    for cells in records.iter().skip(usize::from(skip_first)) {
        write_object(&mut body, &columns, cells);
    }
    let vault = &context.manager.vault;
    let answer = block_on(vault.take(context.database(), &name, body.as_bytes(), None)?.finish())?;
    match answer.rejected.first().filter(|_| answer.taken == 0) {
        Some(first) => Err(CommandError::Refused(format!("no record was taken; the first one: {}", first.detail))),
        None => Ok(vec![vec![Value::Guid(uuid::Uuid::new_v4().to_string())]]),
    }
}

/// Returns the data after `<|`: from the next line on where nothing else stands on that of the sign.
fn begin(data: &str) -> &str {
    let trimmed = data.trim_start_matches([' ', '\t']);
    trimmed.strip_prefix("\r\n").or_else(|| trimmed.strip_prefix('\n')).unwrap_or(trimmed)
}

/// Reads records that stand in brackets, each by itself.
fn in_brackets(reader: &mut Reader<'_>) -> Result<Vec<Vec<String>>, CommandError> {
    let mut found = Vec::new();
    while !reader.is_at_end() {
        found.extend(records(reader.bracketed("[", "]")?.0));
    }
    Ok(found)
}

/// Splits text into records and cells. A cell in quotes may hold commas, ends of lines, and quotes, which stand there twice.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let (mut in_quotes, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if in_quotes && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if in_quotes => in_quotes = false,
            '"' if cell.is_empty() => (in_quotes, was_quoted) = (true, true),
            ',' if !in_quotes => cells.push(std::mem::take(&mut cell)),
            '\r' if !in_quotes && chars.peek() == Some(&'\n') => {}
            '\n' if !in_quotes => {
                end(&mut records, &mut cells, &mut cell, was_quoted);
                was_quoted = false;
            }
            c => cell.push(c),
        }
    }
    end(&mut records, &mut cells, &mut cell, was_quoted);
    records
}

/// Ends a record; a line without anything is none.
fn end(records: &mut Vec<Vec<String>>, cells: &mut Vec<String>, cell: &mut String, was_quoted: bool) {
    if cells.is_empty() && cell.trim().is_empty() && !was_quoted {
        cell.clear();
        return;
    }
    cells.push(std::mem::take(cell));
    records.push(std::mem::take(cells));
}

/// Writes a record as an object, as the store takes it.
fn write_object(out: &mut String, columns: &[Column], cells: &[String]) {
    out.push('{');
    let mut is_first = true;
    for (column, cell) in columns.iter().zip(cells) {
        if cell.is_empty() && column.ktype != KqlType::String {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            out.push(',');
        }
        write_json_string(out, &column.name);
        out.push(':');
        match column.ktype == KqlType::Dynamic && raw::is_valid(cell) {
            true => out.push_str(cell),
            false => write_json_string(out, cell),
        }
    }
    out.push_str("}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_taken_as_they_stand() {
        let cases: [(&str, &[&[&str]]); 8] = [
            ("\na,1\nb,2\n", &[&["a", "1"], &["b", "2"]]),
            (" a,1", &[&["a", "1"]]),
            ("\r\na,1\r\n\r\nb,2", &[&["a", "1"], &["b", "2"]]),
            ("\n\"x, \"\"y\"\"\",\"line\nbreak\"\n", &[&["x, \"y\"", "line\nbreak"]]),
            ("\n  a , b // no comment\n", &[&["  a ", " b // no comment"]]),
            ("\n\"\"\n", &[&[""]]),
            ("\n,\n", &[&["", ""]]),
            ("\n", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(records(begin(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn cells_become_members() {
        let columns = [("N", KqlType::Long), ("S", KqlType::String), ("D", KqlType::Dynamic)];
        let columns = columns.map(|(name, ktype)| Column::new(name, ktype));
        let object = |cells: &[&str]| {
            let mut out = String::new();
            write_object(&mut out, &columns, &cells.iter().map(|cell| cell.to_string()).collect::<Vec<_>>());
            out
        };
        assert_eq!(object(&["1", "a\"b", "{\"k\":1}", "more"]), "{\"N\":\"1\",\"S\":\"a\\\"b\",\"D\":{\"k\":1}}\n");
        assert_eq!(object(&["", "", "no json"]), "{\"S\":\"\",\"D\":\"no json\"}\n");
    }
}
