//! Which files there are: those that are named, those of folders with their subfolders, and those that a pattern matches.
//!
//! Nothing has to be there yet. What cannot be looked at is told once, and looked at again in the next round.

use crate::error::PullError;
use crate::problems::Problems;
use glob::{MatchOptions, Pattern};
use schema::ticks;
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders inside folders that are followed before giving up.
const DEPTH_MAX: usize = 64;
/// Files that are followed at the same time.
const FILES_MAX: usize = 100_000;

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// What is looked for.
pub(super) struct Look {
    paths: Vec<String>,
    exclude: Vec<Pattern>,
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub path: PathBuf,
    /// What it is known by whatever it is called: its device and number.
    pub id: String,
    pub size: u64,
    /// When it was last changed, in ticks.
    pub modified: i64,
}

impl Found {
    /// Returns a file as its metadata say.
    pub fn of(path: PathBuf, metadata: &Metadata) -> Found {
        let since_1970 = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok();
        let nanos = metadata.modified().ok().and_then(since_1970).map_or(0, |time| time.as_nanos());
        let modified = ticks::from_unix_nanos(i64::try_from(nanos).unwrap_or(i64::MAX));
        Found { id: identity(&path, metadata), path, size: metadata.len(), modified }
    }

    /// Returns what is another one when it has changed.
    pub fn stamp(&self) -> String {
        format!("{} {}", self.size, self.modified)
    }

    /// Returns its path as text.
    pub fn label(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(unix)]
fn identity(_: &Path, metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{:x}:{:x}", metadata.dev(), metadata.ino())
}

/// Without a number, a file that is renamed is another one; its bytes tell that they are known.
#[cfg(not(unix))]
fn identity(path: &Path, metadata: &Metadata) -> String {
    let created = metadata.created().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    crate::feed::id_of(&[path.as_os_str().as_encoded_bytes(), &created.unwrap_or_default().as_nanos().to_be_bytes()])
}

impl Look {
    /// Looks for files, folders and patterns; what a pattern of `exclude` matches, as a whole or by its name, is left out.
    pub fn new(paths: Vec<String>, exclude: &[String]) -> Result<Look, PullError> {
        let pattern = |text: &String| {
            Pattern::new(text).map_err(|error| PullError::Pattern { pattern: text.clone(), why: error.msg.to_string() })
        };
        for path in paths.iter().filter(|path| is_pattern(path)) {
            pattern(path)?;
        }
        Ok(Look { paths, exclude: exclude.iter().map(pattern).collect::<Result<_, _>>()? })
    }

    /// Lists the files that are there, the oldest change first, each once.
    pub fn list(&self, problems: &mut Problems) -> Vec<Found> {
        let mut listing = Listing { found: Vec::new(), ids: BTreeSet::new(), folders: BTreeSet::new(), problems };
        for path in &self.paths {
            let plain = Path::new(path);
            // A file's own name may hold the characters of a pattern.
            if plain.exists() || !is_pattern(path) {
                self.add(&mut listing, plain.to_path_buf(), 0);
                continue;
            }
            if let Ok(pattern) = Pattern::new(path) {
                let (base, n_below) = fixed_part(path);
                let mut search = Search { pattern, n_below, folders: BTreeSet::new() };
                self.search(&mut listing, &mut search, &base, 1);
            }
        }
        let Listing { mut found, .. } = listing;
        found.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
        found
    }

    fn add(&self, listing: &mut Listing<'_>, path: PathBuf, depth: usize) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if self.exclude.iter().any(|pattern| pattern.matches_path_with(&path, OPTIONS) || pattern.matches(&name)) {
            return;
        }
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                // What went away between two looks is no problem.
                if depth == 0 || error.kind() != std::io::ErrorKind::NotFound {
                    listing.problems.tell(format!("cannot look at `{}`: {error}", path.display()));
                }
                return;
            }
        };
        if metadata.is_dir() {
            self.walk(listing, &path, &metadata, depth);
        } else if metadata.is_file() {
            let found = Found::of(path, &metadata);
            if listing.found.len() == FILES_MAX {
                listing.problems.tell(format!("there are more than {FILES_MAX} files: the others are left out"));
            } else if listing.ids.insert(found.id.clone()) {
                listing.found.push(found);
            }
        }
    }

    /// Adds what a pattern matches below a folder. Folders that links lead back to are looked into once.
    fn search(&self, listing: &mut Listing<'_>, search: &mut Search, folder: &Path, depth: usize) {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(metadata) = fs::metadata(here) else { return };
        if depth > search.n_below || !metadata.is_dir() || !search.folders.insert(identity(here, &metadata)) {
            return;
        }
        for name in names(here, listing.problems) {
            let path = folder.join(&name);
            match search.pattern.matches_path_with(&path, OPTIONS) {
                true => self.add(listing, path, 0),
                false if depth < search.n_below && path.is_dir() => self.search(listing, search, &path, depth + 1),
                false => {}
            }
        }
    }

    /// Adds the files below a folder; hidden ones are left out.
    fn walk(&self, listing: &mut Listing<'_>, folder: &Path, metadata: &Metadata, depth: usize) {
        // Links may lead to where we come from.
        if depth == DEPTH_MAX || !listing.folders.insert(identity(folder, metadata)) {
            return;
        }
        for name in names(folder, listing.problems).into_iter().filter(|name| !name.starts_with('.')) {
            self.add(listing, folder.join(name), depth + 1);
        }
    }
}

/// A pattern that is looked for.
struct Search {
    pattern: Pattern,
    /// How many folders deep it may match.
    n_below: usize,
    folders: BTreeSet<String>,
}

struct Listing<'a> {
    found: Vec<Found>,
    ids: BTreeSet<String>,
    /// Folders that were looked into.
    folders: BTreeSet<String>,
    problems: &'a mut Problems,
}

/// Returns the names in a folder, in order; those that are no text are not known by any.
fn names(folder: &Path, problems: &mut Problems) -> Vec<String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.tell(format!("cannot look into `{}`: {error}", folder.display()));
            return Vec::new();
        }
    };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// Returns the folder that a pattern begins with, and how deep below it may match.
fn fixed_part(pattern: &str) -> (PathBuf, usize) {
    let parts: Vec<_> = Path::new(pattern).components().collect();
    let is_fixed = |part: &std::path::Component<'_>| !is_pattern(&part.as_os_str().to_string_lossy());
    let n_fixed = parts.iter().take_while(|part| is_fixed(part)).count();
    let n_below = if pattern.contains("**") { DEPTH_MAX } else { parts.len() - n_fixed };
    (parts.iter().take(n_fixed).collect(), n_below)
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Lists the files beside one that may be the same log under another name: their names begin as its own does.
pub(super) fn family(path: &Path) -> Vec<Found> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let beside = entries.map(|entry| entry.path()).filter(|beside| is_of_family(path, beside)).take(FILES_MAX);
    let found = beside.filter_map(|path| {
        let metadata = fs::metadata(&path).ok().filter(Metadata::is_file)?;
        Some(Found::of(path, &metadata))
    });
    found.collect()
}

/// Returns whether a file is called as a log is after it was rotated: `app.log.1`, `app.log-20260501.gz` and `app-1.log` are of `app.log`'s
/// family.
pub(super) fn is_of_family(log: &Path, other: &Path) -> bool {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (log, other) = (name(log), name(other));
    let stem = log.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(&log);
    other.starts_with(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path, paths: &[&str], exclude: &[&str]) -> Vec<String> {
        let paths = paths.iter().map(|path| root.join(path).display().to_string()).collect();
        let exclude: Vec<String> = exclude.iter().map(|text| text.to_string()).collect();
        let mut problems = Problems::default();
        let found = Look::new(paths, &exclude).unwrap().list(&mut problems);
        let mut names: Vec<String> =
            found.iter().map(|found| found.path.strip_prefix(root).unwrap().display().to_string()).collect();
        names.sort();
        names.extend(problems.take().into_iter().map(|text| text.chars().take(14).collect()));
        names
    }

    #[test]
    fn files_folders_and_patterns_are_found_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["a.log", "b/c.log", "b/d/e.log", "b/d/f.txt", "b/.hidden", "[x].log"] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "x").unwrap();
        }
        #[cfg(unix)]
        {
            fs::hard_link(root.join("a.log"), root.join("b/same.log")).unwrap();
            std::os::unix::fs::symlink(root.join("b"), root.join("b/d/back")).unwrap();
        }
        let all = ["[x].log", "a.log", "b/c.log", "b/d/e.log", "b/d/f.txt"];
        assert_eq!(names(root, &["a.log", "."], &[]), all.map(|name| name.to_string()));
        assert_eq!(
            names(root, &["a.log", "**/*.log", "*.log"], &["same.log"]),
            ["[x].log", "a.log", "b/c.log", "b/d/e.log"]
        );
        assert_eq!(names(root, &["b/?.log", "[x].log"], &[]), ["[x].log", "b/c.log"]);
        assert_eq!(names(root, &["b"], &["*.txt", "c.*", "same.log"]), ["b/d/e.log"]);
        assert_eq!(names(root, &["later.log", "later/*.log"], &[]), ["cannot look at"]);
        assert!(Look::new(vec!["a/***".into()], &[]).is_err() && Look::new(Vec::new(), &["[".into()]).is_err());
    }

    #[test]
    fn a_log_keeps_the_beginning_of_its_name() {
        let log = Path::new("/var/log/app.log");
        for other in ["app.log.1", "app.log", "app.log-20260501.gz", "app-2026.log", "app.1.log.zst"] {
            assert!(is_of_family(log, &Path::new("/old").join(other)), "{other}");
        }
        assert!(!is_of_family(log, Path::new("/var/log/other.log")));
    }
}
