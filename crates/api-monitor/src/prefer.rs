//! What a request prefers: the header `Prefer`, whose parts stand between commas, or between semicolons.
//!
//! # Source
//! RFC 7240; Azure Monitor documentation, "Azure Monitor Log Analytics API request format".

use std::time::Duration;

/// What a request would like of its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefer {
    /// How long the query may take.
    pub wait: Option<Duration>,
    pub statistics: bool,
    pub render: bool,
    pub data_sources: bool,
}

impl Prefer {
    /// Reads a header's value and adds it to what was said so far. What is not known, or makes no sense, is passed over, as preferences
    /// are.
    pub fn read(&mut self, value: &str) {
        for part in value.split([',', ';']) {
            let (name, said) = part.split_once('=').unwrap_or((part, "true"));
            let (name, said) = (name.trim(), said.trim().trim_matches('"'));
            let is_true = said.eq_ignore_ascii_case("true");
            match name.to_ascii_lowercase().as_str() {
                "wait" => self.wait = said.parse().ok().map(Duration::from_secs).or(self.wait),
                "include-statistics" => self.statistics = is_true,
                "include-render" => self.render = is_true,
                "include-datasources" => self.data_sources = is_true,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Prefer {
        let mut prefer = Prefer::default();
        prefer.read(value);
        prefer
    }

    #[test]
    fn either_separator_is_read_and_what_is_unknown_passed_over() {
        let all = Prefer { wait: Some(Duration::from_secs(30)), statistics: true, render: true, data_sources: true };
        assert_eq!(read("wait=30,include-statistics=true,include-render=true,include-dataSources=true"), all);
        assert_eq!(read("wait=30;include-statistics=true; Include-Render = TRUE ;include-dataSources"), all);
        assert_eq!(read("wait=\"30\", include-statistics=true;include-render=true,,;include-dataSources=true"), all);
        for nothing in ["", " ", "wait=soon", "wait=-1", "include-render=1", "respond-async", "=;=,;"] {
            assert_eq!(read(nothing), Prefer::default(), "{nothing}");
        }
        let mut prefer = read("wait=5");
        prefer.read("include-render=true");
        assert_eq!(prefer, Prefer { wait: Some(Duration::from_secs(5)), render: true, ..Prefer::default() });
    }
}
