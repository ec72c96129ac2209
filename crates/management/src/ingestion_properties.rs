//! The properties of an ingestion: `with (tags = ..., ...)` behind the commands that take records in.
//!
//! Each command acts on some of them. What it does not act on is refused, but where passing over it changes nothing that anybody sees.
//!
//! # Source
//! Kusto reference, "Data ingestion properties" and "Ingest from query", supported ingestion properties.

use crate::error::CommandError;
use crate::reader::Properties;
use kql::Span;

/// Those that tell of archives and files, or how the work is shared out: they mean nothing where there is neither.
const WITHOUT_EFFECT: [&str; 3] = ["zippattern", "treatgzasuncompressed", "distributed"];

/// Those that ask for what there is already, or for nothing, by the value that does.
const AS_IT_IS: [(&str, bool); 4] =
    [("policy_ingestiontime", true), ("persistdetails", false), ("extend_schema", false), ("recreate_schema", false)];

/// Those that Kusto has and no command here, and why.
const ABSENT: [(&str, &str); 7] = [
    ("tags", "extents have no tags"),
    ("ingestifnotexists", "extents have no tags"),
    ("creationtime", "what is taken in counts from when it was sealed, and nobody chooses that"),
    ("validationpolicy", "what does not fit its column goes to the quarantine, always"),
    ("policy_ingestiontime", "ingestion_time() is known of every record, as it is when that was sealed"),
    ("persistdetails", "results of commands are not kept"),
    ("recreate_schema", "only `.set-or-replace` makes a table's columns anew"),
];

/// Makes sure that a command acts on every property that was given, by the names in small letters that it knows. `at` is where they begin.
///
/// # Errors
/// A property that the command does not act on, by its name and the reason.
pub fn all_known(at: Span, given: &Properties, known: &[&str]) -> Result<(), CommandError> {
    for (name, value) in given {
        let passes = known.contains(&name.as_str()) || WITHOUT_EFFECT.contains(&name.as_str());
        if passes || (AS_IT_IS.iter().any(|(as_it_is, same)| as_it_is == name && is_true(value) == Some(*same))) {
            continue;
        }
        let message = match ABSENT.iter().find(|(absent, _)| absent == name) {
            Some((_, why)) => format!("the property `{name}` is not supported here: {why}"),
            None => format!("there is no property `{name}` of this command: it has {}", known.join(", ")),
        };
        return Err(CommandError::semantic(at, message));
    }
    Ok(())
}

/// Returns whether a property is set; one that is not given is not.
///
/// # Errors
/// A value that is neither `true` nor `false`.
pub fn is_set(at: Span, given: &Properties, name: &str) -> Result<bool, CommandError> {
    let Some((_, value)) = given.iter().find(|(found, _)| found == name) else {
        return Ok(false);
    };
    is_true(value).ok_or_else(|| {
        CommandError::semantic(at, format!("`{value}` is neither `true` nor `false`, and `{name}` takes one of them"))
    })
}

fn is_true(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
