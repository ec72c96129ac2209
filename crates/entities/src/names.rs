//! Names: what may be one, and how another is found when one is taken.

/// Bytes of a name at most.
const NAME_MAX: usize = 1024;

/// Returns whether a text may name an entity.
///
/// # Source
/// Kusto reference, "Entity names": letters, digits, underscores, spaces, dots and dashes; 1 to 1,024 characters.
pub fn is_entity_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(is_plain) && name.trim() == name
}

/// Returns whether a text may name a stored table: it is also the name of a folder.
pub fn is_stored_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && name.len() <= 128 && name.chars().all(is_plain)
}

/// Returns a name for a stored table that is like the one that is wanted, and that nothing has.
pub fn free_name(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' };
    let mut stem: String = wanted.chars().map(plain).take(100).collect();
    if !is_stored_name(&stem) {
        stem = format!("_{stem}");
    }
    first_free(&stem, is_taken)
}

/// Returns a name for a stored column that is like the one that is wanted, and that nothing has.
pub fn free_column(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    first_free(wanted, is_taken)
}

fn first_free(stem: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(stem) {
        return stem.to_string();
    }
    let numbered = (2_u64..).map(|n| format!("{stem}.{n}"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kusto() {
        for name in ["T", "_t", "a b", "a.b-c_1", "1st", "Übung"] {
            assert!(is_entity_name(name), "{name}");
        }
        for name in ["", " a", "a ", "a/b", "a'b", "a\nb"] {
            assert!(!is_entity_name(name), "{name}");
        }
    }

    #[test]
    fn a_stored_name_is_one_and_free() {
        let taken = ["T", "T.2", "a_b"];
        let free = |name: &str| free_name(name, |name| taken.contains(&name));
        assert_eq!([free("U"), free("T"), free("a b"), free("1st")], ["U", "T.3", "a_b.2", "_1st"]);
        for name in ["Ü", "1", "a b", &"x".repeat(1024)] {
            assert!(is_stored_name(&free(name)), "{name}");
        }
    }
}
