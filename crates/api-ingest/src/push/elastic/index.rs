//! What an index is called after: `logs-nginx.access-default` after its data set, `filebeat-8.17.0-2026.11.21` after the program.

/// Kinds of data that begin the names of data streams.
const KINDS: [&str; 4] = ["logs", "metrics", "traces", "synthetics"];

/// Returns the names by which a table may be looked for, the whole name first; the last is what a table of its own is named after.
pub(super) fn names(index: &str) -> Vec<String> {
    let mut names = vec![index.to_string()];
    let parts: Vec<&str> = index.splitn(3, '-').collect();
    if let [kind, set, _namespace] = parts.as_slice()
        && KINDS.contains(kind)
        && !is_counted(set)
    {
        names.push(set.to_string());
        return names;
    }
    let mut stem = index;
    while let Some((rest, last)) = stem.rsplit_once(['-', '_']) {
        if rest.is_empty() || !is_counted(last) {
            break;
        }
        stem = rest;
    }
    if stem != index {
        names.push(stem.to_string());
    }
    names
}

/// Returns whether a part of a name is a date, a version or a number: digits with dots between them, of a date or version at least two.
fn is_counted(part: &str) -> bool {
    let part = part.strip_prefix('v').unwrap_or(part);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_dotted = part.contains('.') && part.split('.').all(is_number);
    // The number that Elasticsearch gives has six digits, a year four, a month or day two.
    is_dotted || (is_number(part) && matches!(part.len(), 2 | 4 | 6 | 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_called_after_what_stays() {
        let cases = [
            ("app", "app"),
            ("app-2026.11.21", "app"),
            ("app-2026-11-21", "app"),
            ("app_20261121", "app"),
            ("filebeat-8.17.0-2026.11.21-000001", "filebeat"),
            ("logs-nginx.access-default", "nginx.access"),
            ("logs-app-prod-eu", "app"),
            ("logs-2026.11.21", "logs"),
            ("logs-2026-11-21", "logs"),
            ("my-app-2", "my-app-2"),
            ("2026.11.21", "2026.11.21"),
            ("-2026", "-2026"),
            ("", ""),
        ];
        for (index, own) in cases {
            let names = names(index);
            assert_eq!((names.first().map(String::as_str), names.last().map(String::as_str)), (Some(index), Some(own)));
        }
    }
}
