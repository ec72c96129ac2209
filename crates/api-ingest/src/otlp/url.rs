//! Parts of addresses, as far as columns need them: nothing is checked.

/// Returns an address's path, `/` where it has none.
pub fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    let end = path.find(['?', '#']).unwrap_or(path.len());
    path.get(..end).unwrap_or(path).to_string()
}

/// Returns an address's host with its port, without who signs in there.
pub fn host_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest.get(..end)?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    (!host.is_empty()).then(|| host.to_string())
}

/// Joins a host and a port.
pub fn joined(host: &str, port: Option<String>) -> String {
    port.map_or_else(|| host.to_string(), |port| format!("{host}:{port}"))
}
