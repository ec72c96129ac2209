//! Some rules are Kusto's parser's own, as its emulator shows them, and not those of the URL standard: a user name alone
//! stays in the host, `/` at the end of the text is the empty path, parameters without name or value are dropped, names
//! are sorted and a repeated one holds an array. Nothing is decoded and no letter changes its case.

use super::prelude::*;
use schema::dynamic::write_json_string;
use std::collections::BTreeMap;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_url",
    aliases: &["parseurl"],
    signatures: &["(url: string) -> dynamic"],
    summary: "A bag of an absolute URL's parts: `Scheme`, `Host`, `Port`, `Path`, `Username`, `Password`, `Query Parameters` \
              (a bag) and `Fragment`. Missing parts are empty, and all are when the text is no absolute URL.",
    examples: &[
        ("print parse_url('https://user:pw@host:1234/a/path?k1=v1#top').Path", "/a/path"),
        ("print parse_url('https://host/?k2=v2&k1=v1')['Query Parameters']", "{\"k1\":\"v1\",\"k2\":\"v2\"}"),
        ("print parse_url('not a url').Host", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let url = args.str(0);
    Ok(args.written(|row, out| {
        Url::parse(url.get(row)).unwrap_or_default().write(out);
        true
    }))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Url<'a> {
    scheme: &'a str,
    host: &'a str,
    port: &'a str,
    path: &'a str,
    username: &'a str,
    password: &'a str,
    query: &'a str,
    fragment: &'a str,
}

impl<'a> Url<'a> {
    fn parse(text: &'a str) -> Option<Url<'a>> {
        // The query alone is taken too.
        if let Some(rest) = text.strip_prefix('?') {
            let (query, fragment) = rest.split_once('#').unwrap_or((rest, ""));
            return Some(Url { query, fragment, ..Url::default() });
        }
        let (scheme, rest) = text.split_once("://")?;
        let mut letters = scheme.bytes();
        if !letters.next()?.is_ascii_alphabetic()
            || !letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        {
            return None;
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (before_fragment, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
        let path = if rest == "/" { "" } else { path };
        let (username, password, host) = match authority.rsplit_once('@') {
            Some((user, host)) => match user.split_once(':') {
                Some((username, password)) => (username, password, host),
                None => ("", "", authority),
            },
            None => ("", "", authority),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port),
            _ => (host, ""),
        };
        Some(Url { scheme, host, port, path, username, password, query, fragment })
    }

    fn write(&self, out: &mut String) {
        let parts = [
            ("{\"Scheme\":", self.scheme),
            (",\"Host\":", self.host),
            (",\"Port\":", self.port),
            (",\"Path\":", self.path),
            (",\"Username\":", self.username),
            (",\"Password\":", self.password),
        ];
        for (name, part) in parts {
            out.push_str(name);
            write_json_string(out, part);
        }
        out.push_str(",\"Query Parameters\":");
        write_query(self.query, out);
        out.push_str(",\"Fragment\":");
        write_json_string(out, self.fragment);
        out.push('}');
    }
}

/// Appends a query's parameters as a bag.
pub fn write_query(query: &str, out: &mut String) {
    let mut parameters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for parameter in query.split('&') {
        if let Some((name, value)) = parameter.split_once('=')
            && !name.is_empty()
            && !value.is_empty()
        {
            parameters.entry(name).or_default().push(value);
        }
    }
    out.push('{');
    for (i, (name, values)) in parameters.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_json_string(out, name);
        out.push(':');
        if let [value] = values.as_slice() {
            write_json_string(out, value);
            continue;
        }
        out.push('[');
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_json_string(out, value);
        }
        out.push(']');
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{json_of, s};
    use schema::dynamic::raw;

    fn parts(url: &str) -> String {
        let json = json_of("parse_url", &[s(url)]);
        let part = |name: &str| raw::member(&json, name).map(raw::text).unwrap_or_default().to_string();
        ["Scheme", "Username", "Password", "Host", "Port", "Path", "Query Parameters", "Fragment"].map(part).join(" ")
    }

    #[test]
    fn splits_urls() {
        assert_eq!(
            json_of("parse_url", &[s("scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v2#fragment")]),
            r#"{"Scheme":"scheme","Host":"host","Port":"1234","Path":"/this/is/a/path","Username":"username","Password":"password","Query Parameters":{"k1":"v1","k2":"v2"},"Fragment":"fragment"}"#
        );
        for (url, expected) in [
            ("https://user@h.io/p", "https   user@h.io  /p {} "),
            ("https://u:p:q@h.io/x", "https u p:q h.io  /x {} "),
            ("https://h.io/", "https   h.io   {} "),
            ("https://h.io/?x=1", "https   h.io  / {\"x\":\"1\"} "),
            ("https://h.io/#", "https   h.io  / {} "),
            ("https://h.io", "https   h.io   {} "),
            ("https://h.io?x=1#y?z", "https   h.io   {\"x\":\"1\"} y?z"),
            ("https://h.io/p?y=2&x=1&x=3", "https   h.io  /p {\"x\":[\"1\",\"3\"],\"y\":\"2\"} "),
            ("https://h.io/p?k=&=v&flag&a=b=c", "https   h.io  /p {\"a\":\"b=c\"} "),
            ("HTTPS://H.IO/a%20b", "HTTPS   H.IO  /a%20b {} "),
            ("https://[::1]:80/p", "https   [::1] 80 /p {} "),
            ("https://[::1]/p", "https   [::1]  /p {} "),
            ("file:///C:/x", "file     /C:/x {} "),
            ("?k=v", "      {\"k\":\"v\"} "),
            ("//h.io/p", "      {} "),
            ("bing.com/x://y", "      {} "),
            ("not a url", "      {} "),
            ("", "      {} "),
        ] {
            assert_eq!(parts(url), expected, "{url}");
        }
    }
}
