//! What a request asks of a list: `$filter`, `$top`, `$orderby`, `$select`, `$skiptoken`.

use super::error::GraphError;
use super::filter::{self, Expr};
use super::page::Position;
use super::resource::{Resource, find};

/// What is asked of a list.
#[derive(Debug)]
pub(crate) struct Options {
    pub filter: Option<Expr>,
    pub top: usize,
    pub is_ascending: bool,
    /// Names of properties; all when there are none.
    pub select: Vec<String>,
    pub after: Option<Position>,
    /// What the request said, for the address of the next page.
    pub said: Vec<(String, String)>,
}

impl Options {
    /// Reads the query of an address.
    pub fn parse(query: &str, resource: &Resource, top_max: usize) -> Result<Options, GraphError> {
        let mut options = Options {
            filter: None,
            top: top_max,
            is_ascending: false,
            select: Vec::new(),
            after: None,
            said: Vec::new(),
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.trim_start_matches('$').to_ascii_lowercase().as_str() {
                "filter" => options.filter = Some(filter(&value)?),
                "top" => options.top = top(&value, top_max)?,
                "orderby" => options.is_ascending = is_ascending(&value, resource)?,
                "select" => options.select = select(&value, resource)?,
                "skiptoken" => {
                    options.after =
                        Some(Position::parse(&value).ok_or_else(|| GraphError::bad("the skip token is none"))?);
                    continue;
                }
                "count" if value.eq_ignore_ascii_case("false") => continue,
                "format" if value.starts_with("json") || value.starts_with("application/json") => continue,
                _ if name.starts_with('$') => {
                    return Err(GraphError::bad(format!("the query option '{name}' is not known here")));
                }
                // What is no option of OData's is passed over, as in Graph.
                _ => continue,
            }
            options.said.push((name, value));
        }
        Ok(options)
    }
}

/// Reads `$filter`.
pub(crate) fn filter(text: &str) -> Result<Expr, GraphError> {
    filter::parse(text).map_err(|why| GraphError::bad(format!("the filter cannot be read: {why}")))
}

/// Reads `$top`.
pub(crate) fn top(text: &str, max: usize) -> Result<usize, GraphError> {
    let number = text.trim().parse::<usize>().ok().filter(|n| (1..=max).contains(n));
    number.ok_or_else(|| GraphError::bad(format!("'{text}' is no size of a page, which is from 1 to {max}")))
}

fn is_ascending(text: &str, resource: &Resource) -> Result<bool, GraphError> {
    let mut words = text.split_ascii_whitespace();
    let (name, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("asc"));
    let is_ascending = match direction.to_ascii_lowercase().as_str() {
        "asc" => Some(true),
        "desc" => Some(false),
        _ => None,
    };
    let known = is_ascending.filter(|_| name == resource.time && words.next().is_none());
    known.ok_or_else(|| GraphError::bad(format!("the list can be ordered by '{}' only", resource.time)))
}

fn select(text: &str, resource: &Resource) -> Result<Vec<String>, GraphError> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let known = |name: &str| match find(resource.fields, name) {
        Some(_) => Ok(name.to_string()),
        None => Err(GraphError::bad(format!("there is no property '{name}'"))),
    };
    names.map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::resource::DIRECTORY_AUDIT;

    #[test]
    fn options_are_read_and_strangers_refused() {
        let parse = |query: &str| Options::parse(query, &DIRECTORY_AUDIT, 1000);
        let options =
            parse("%24top=5&$orderby=activityDateTime%20desc&$select=id,result&x=y").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((options.top, options.is_ascending, options.select.len(), options.said.len()), (5, false, 2, 3));
        assert!(parse("$orderby=activityDateTime").is_ok_and(|options| options.is_ascending));
        for query in [
            "$top=0",
            "$top=1001",
            "$top=x",
            "$orderby=id",
            "$orderby=activityDateTime up",
            "$select=nothing",
            "$count=true",
            "$search=x",
            "$skiptoken=x",
            "$filter=",
            "$skip=5",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }
}
