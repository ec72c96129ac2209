//! The part of JSONPath that Kusto's functions over bags take: `$.a.b`, `$['a b'].c`, `$.list[0]`.
//!
//! # Source
//! Kusto reference, "JSONPath expressions".

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Name(String),
    Index(usize),
}

/// Reads a path's steps. `None` when the text is no path: it does not start with `$`, or a step is not understood.
pub fn parse(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let step = if let Some(name) = rest.strip_prefix('.') {
            // `$.['a']` is written as often as `$['a']`.
            if name.starts_with('[') {
                rest = name;
                continue;
            }
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            rest = after;
            (!name.is_empty()).then(|| Step::Name(name.to_string()))?
        } else {
            let inner = rest.strip_prefix('[')?;
            match inner.chars().next()? {
                quote @ ('\'' | '"') => {
                    let inner = &inner[1..];
                    let end = inner.find(quote)?;
                    rest = inner[end + 1..].strip_prefix(']')?;
                    Step::Name(inner[..end].to_string())
                }
                _ => {
                    let end = inner.find(']')?;
                    rest = &inner[end + 1..];
                    Step::Index(inner[..end].trim().parse().ok()?)
                }
            }
        };
        steps.push(step);
    }
    Some(steps)
}

/// Returns the names that a key of a bag function means: the steps of a path, else the key itself. `None` when the path
/// goes through an array, which these functions do not do, or is `$` alone.
pub fn names(key: &str) -> Option<Vec<String>> {
    match parse(key) {
        None => Some(vec![key.to_string()]),
        Some(steps) if steps.is_empty() => None,
        Some(steps) => steps
            .into_iter()
            .map(|step| match step {
                Step::Name(name) => Some(name),
                Step::Index(_) => None,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_into_steps() {
        let name = |text: &str| Step::Name(text.to_string());
        for (text, steps) in [
            ("$", Some(vec![])),
            ("$.a.b", Some(vec![name("a"), name("b")])),
            ("$['a b'].c[2]", Some(vec![name("a b"), name("c"), Step::Index(2)])),
            ("$.[\"x.y\"]", Some(vec![name("x.y")])),
            ("$.é", Some(vec![name("é")])),
            ("a.b", None),
            ("$a", None),
            ("$..a", None),
            ("$.a[", None),
            ("$['a", None),
            ("$[-1]", None),
        ] {
            assert_eq!(parse(text), steps, "{text}");
        }
        assert_eq!(names("a.b"), Some(vec!["a.b".to_string()]));
        assert_eq!(names("$.a[0]"), None);
    }
}
