//! `.ingest inline`: records that stand in the command, as comma-separated text or in the format that it names.
//!
//! The data are not of the query language: blanks count, and there are no comments.

use crate::args::Args;
use crate::command::{Command, Family, Guid, Rows};
use crate::context::Context;
use crate::error::CommandError;
use crate::ingestion_properties::{all_known, is_set};
use crate::reader::{Properties, Reader};
use auth::Action;
use kql::Span;
use kusto_ingestion::{DataFormat, IngestionError, IngestionRequest, MappingChoice};
use schema::Value;
use uuid::Uuid;

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

/// What the command says of its data.
struct Said {
    format: DataFormat,
    mapping: Option<String>,
    mapping_name: Option<String>,
    ignores_first: bool,
}

fn ingest(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let table = args.name("table")?.text.clone();
    let at = args.reader.span();
    let said = said(at, &args.reader.properties()?)?;
    let data = match args.reader.peek(0) {
        "[" => in_brackets(&mut args.reader)?,
        _ => begin(args.reader.data()?.0).to_string(),
    };
    // Only what is there is taken into: a command makes tables in another way.
    context.table(&table)?;
    let request = IngestionRequest {
        database: context.database(),
        table: &table,
        format: said.format,
        mapping: match (&said.mapping, &said.mapping_name) {
            (Some(text), _) => MappingChoice::Inline(text),
            (None, Some(name)) => MappingChoice::Named(name),
            (None, None) => MappingChoice::Identity,
        },
        data: data.as_bytes(),
        ignores_first: said.ignores_first,
        name: None,
    };
    let id = match context.manager.ingestion.ingest(&request) {
        Ok(_) => Uuid::new_v4(),
        Err(IngestionError::NoData) => Uuid::nil(),
        Err(error) => return Err(error.into()),
    };
    Ok(vec![vec![Value::Guid(id.to_string())]])
}

/// What this command acts on.
const KNOWN: [&str; 8] = [
    "format",
    "ignorefirstrecord",
    "ingestionmapping",
    "csvmapping",
    "jsonmapping",
    "ingestionmappingreference",
    "csvmappingreference",
    "jsonmappingreference",
];

/// Reads what the properties say of the data. `at` is where they begin.
fn said(at: Span, properties: &Properties) -> Result<Said, CommandError> {
    all_known(at, properties, &KNOWN)?;
    let value = |names: &[&str]| {
        let mut of_names = properties.iter().filter(|(name, _)| names.contains(&name.as_str()));
        of_names.next().map(|(_, value)| value.clone())
    };
    let format = match value(&["format"]) {
        None => DataFormat::Csv,
        Some(name) => DataFormat::from_name(&name)
            .ok_or_else(|| CommandError::semantic(at, IngestionError::UnknownFormat { name }.to_string()))?,
    };
    if !format.is_text() {
        let message = format!("`{}` is not text, and cannot stand in a command", format.name());
        return Err(CommandError::semantic(at, message));
    }
    let mapping = value(&["ingestionmapping", "csvmapping", "jsonmapping"]);
    let mapping_name = value(&["ingestionmappingreference", "csvmappingreference", "jsonmappingreference"]);
    if mapping.is_some() && mapping_name.is_some() {
        return Err(CommandError::semantic(at, "the command gives a mapping and names one"));
    }
    Ok(Said { format, mapping, mapping_name, ignores_first: is_set(at, properties, "ignorefirstrecord")? })
}

/// Returns the data after `<|`: from the next line on where nothing else stands on that of the sign.
fn begin(data: &str) -> &str {
    let trimmed = data.trim_start_matches([' ', '\t']);
    trimmed.strip_prefix("\r\n").or_else(|| trimmed.strip_prefix('\n')).unwrap_or(trimmed)
}

/// Returns records that stand in brackets, a line or more each.
fn in_brackets(reader: &mut Reader<'_>) -> Result<String, CommandError> {
    let mut data = String::new();
    while !reader.is_at_end() {
        data.push_str(reader.bracketed("[", "]")?.0);
        data.push('\n');
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_begin_behind_the_sign_or_on_the_next_line() {
        for (text, expected) in [("\na,1\n", "a,1\n"), (" a,1", "a,1"), ("\r\n  a\r\n", "  a\r\n"), ("\n\n", "\n")] {
            assert_eq!(begin(text), expected, "{text:?}");
        }
    }
}
