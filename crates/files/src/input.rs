//! What the caller names: files, folders and patterns, each with or without a table's name.

use crate::FilesError;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Folders inside folders that are followed before giving up; a loop of symbolic links ends here.
const DEPTH_MAX: usize = 64;

/// One input: a file, a folder (read with its subfolders, in name order), a pattern (`logs/*.json`, `**` for any
/// folders) or `-` for standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The table that all files of this input belong to; without it each file names its own table.
    pub table: Option<String>,
    pub path: String,
}

impl Input {
    /// Makes an input whose files name their tables.
    pub fn path(path: impl Into<String>) -> Input {
        Input { table: None, path: path.into() }
    }

    /// Reads `Name=path`.
    ///
    /// # Errors
    /// `TableSpec` (the caller's) when a half is missing or the name is no plain identifier.
    pub fn named(spec: &str) -> Result<Input, FilesError> {
        match spec.split_once('=') {
            Some((name, path)) if crate::name::is_identifier(name) && !path.is_empty() => {
                Ok(Input { table: Some(name.to_string()), path: path.to_string() })
            }
            _ => Err(FilesError::TableSpec { spec: spec.to_string() }),
        }
    }
}

/// A file found for an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub path: PathBuf,
    /// Named itself, not found in a folder or by a pattern: what is wrong with it is an error, not a warning.
    pub named: bool,
}

/// Returns the files that an input stands for, sorted, each once.
pub(crate) fn expand(input: &Input) -> Result<Vec<Found>, FilesError> {
    let path = Path::new(&input.path);
    if path.is_dir() {
        let mut found = Vec::new();
        walk(path, 0, &mut found)?;
        if found.is_empty() {
            return Err(FilesError::EmptyFolder { path: input.path.clone() });
        }
        return Ok(found);
    }
    // A file's own name may hold the characters of a pattern.
    if input.path == "-" || path.exists() {
        return Ok(vec![Found { path: path.to_path_buf(), named: true }]);
    }
    if !input.path.contains(['*', '?', '[']) {
        return Err(FilesError::NotFound { path: input.path.clone() });
    }
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let matches = glob::glob_with(&input.path, options)
        .map_err(|source| FilesError::Pattern { pattern: input.path.clone(), source })?;
    let mut found = Vec::new();
    for entry in matches {
        let path = entry.map_err(|e| FilesError::Read { file: e.path().display().to_string(), source: e.into() })?;
        if path.is_dir() {
            walk(&path, 0, &mut found)?;
        } else {
            found.push(Found { path, named: false });
        }
    }
    let mut seen = HashSet::new();
    found.retain(|f| seen.insert(f.path.clone()));
    if found.is_empty() {
        return Err(FilesError::NoMatch { pattern: input.path.clone() });
    }
    Ok(found)
}

/// Adds the files below a folder in name order. Hidden files and the marker files of Spark and Delta are left out.
fn walk(folder: &Path, depth: usize, found: &mut Vec<Found>) -> Result<(), FilesError> {
    let unreadable = |source| FilesError::Read { file: folder.display().to_string(), source };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let marker = ["_SUCCESS", "_delta_log", "_metadata", "_common_metadata"].contains(&name.as_str());
        if name.starts_with('.') || marker || name.starts_with("_committed_") || name.starts_with("_started_") {
            continue;
        }
        if path.is_dir() {
            if depth < DEPTH_MAX {
                walk(&path, depth + 1, found)?;
            }
        } else if path.is_file() {
            found.push(Found { path, named: false });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_expand_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for name in ["b/2.json", "b/1.json", "a.json", ".hidden.json", "_SUCCESS", "[x].json"] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), "{}").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let input = Input::path(root.join(pattern).display().to_string());
            let found = expand(&input).unwrap();
            found.iter().map(|f| f.path.strip_prefix(root).unwrap().display().to_string()).collect()
        };
        assert_eq!(names(""), ["[x].json", "a.json", "b/1.json", "b/2.json"]);
        assert_eq!(names("*.json"), ["[x].json", "a.json"]);
        assert_eq!(names("**/*.json"), ["[x].json", "a.json", "b/1.json", "b/2.json"]);
        assert_eq!(names("[x].json"), ["[x].json"]);
        let message = |pattern: &str| expand(&Input::path(pattern)).unwrap_err().to_string();
        assert_eq!(message("/nowhere/x.json"), "`/nowhere/x.json` does not exist");
        assert_eq!(message("/nowhere/*.json"), "no file matches `/nowhere/*.json`");
        assert_eq!(message("/nowhere/***"), "`/nowhere/***` is no valid pattern");
    }

    #[test]
    fn table_specs() {
        assert_eq!(Input::named("T=a=b.csv").unwrap(), Input { table: Some("T".into()), path: "a=b.csv".into() });
        for bad in ["T", "=x", "T=", "a b=x"] {
            assert!(Input::named(bad).is_err(), "{bad}");
        }
    }
}
