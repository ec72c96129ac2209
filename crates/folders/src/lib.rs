//! What tests look for in folders, also in those of a store that is open: its threads write, rename and remove files at any time.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How often a folder is looked at again that changed meanwhile.
const ATTEMPTS: usize = 1000;

/// Returns the files below a folder, sorted by their paths. A folder that is not there has none.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let Some(entries) = unless_gone(&folder, std::fs::read_dir(&folder)) else { continue };
        for entry in entries {
            let Some(entry) = unless_gone(&folder, entry) else { continue };
            let Some(kind) = unless_gone(&entry.path(), entry.file_type()) else { continue };
            if kind.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    files
}

/// Returns the files below a folder in which a text is.
///
/// It looks again until no file came or went meanwhile: one that is given its name behind its back is not overlooked.
pub fn files_with(root: &Path, text: &str) -> Vec<PathBuf> {
    let has_text = |path: &PathBuf| {
        let bytes = unless_gone(path, std::fs::read(path))?;
        Some(bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    for _ in 0..ATTEMPTS {
        let before = files(root);
        let with: Option<Vec<bool>> = before.iter().map(has_text).collect();
        if let Some(with) = with.filter(|_| files(root) == before) {
            return before.into_iter().zip(with).filter(|(_, has)| *has).map(|(path, _)| path).collect();
        }
    }
    panic!("{}: files come and go", root.display());
}

/// Copies a folder that nobody changes meanwhile to one that there may be.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).expect("below"));
        let folder = target.parent().expect("a folder");
        let copied = std::fs::create_dir_all(folder).and_then(|()| std::fs::copy(&path, &target));
        copied.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Returns what was read, or nothing if it is not there any more.
fn unless_gone<T>(path: &Path, read: std::io::Result<T>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_files_that_get_their_names_meanwhile() {
        let root = tempfile::tempdir().expect("a folder");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for n in 0..100 {
                    let [beside, path] = ["tmp", "file"].map(|kind| root.path().join(format!("{n}.{kind}")));
                    std::fs::write(&beside, "before the text after").expect("written");
                    std::fs::rename(&beside, &path).expect("renamed");
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            });
            let mut n_least = 0;
            while !writer.is_finished() {
                let found = files_with(root.path(), "the text");
                assert!(found.len() >= n_least, "{n_least} were there: {found:?}");
                n_least = found.len();
                assert_eq!(files_with(root.path(), "another text"), Vec::<PathBuf>::new());
            }
        });
        assert_eq!(files_with(root.path(), "the text").len(), 100);
    }

    #[test]
    fn a_copy_has_the_same_files() {
        let root = tempfile::tempdir().expect("a folder");
        let from = root.path().join("from");
        copy(&from, &root.path().join("of nothing"));
        std::fs::create_dir_all(from.join("below")).expect("made");
        std::fs::write(from.join("below/file"), "text").expect("written");
        copy(&from, &root.path().join("to"));
        assert_eq!(files(&root.path().join("to")), [root.path().join("to/below/file")]);
    }
}
