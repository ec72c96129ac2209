//! What a request was: the columns of `AppRequests`.

use super::attributes::Attributes;
use super::record::Record;
use super::span::{Told, is_ok};
use super::url::{joined, path_of};
use super::wire::Span;

pub const METHOD: [&str; 2] = ["http.request.method", "http.method"];
pub const STATUS: [&str; 2] = ["http.response.status_code", "http.status_code"];
pub const PEER: [&str; 4] = ["server.address", "net.peer.name", "network.peer.address", "net.peer.ip"];
const DESTINATION: [&str; 3] = ["messaging.destination.name", "messaging.destination", "message_bus.destination"];

pub fn columns(record: &mut Record, span: &Span) -> Told {
    let of = Attributes(&span.attributes);
    let mut told = Told { name: span.name.clone(), success: is_ok(span), result_code: "0".to_string() };
    record.maybe("ClientIP", of.text(&["client.address", "http.client_ip", "network.peer.address", "net.peer.ip"]));
    if let Some(method) = of.text(&METHOD) {
        let url = url(of);
        record.maybe("Url", url.clone());
        if let Some(path) = of.text(&["http.route"]).or_else(|| url.as_deref().map(path_of)) {
            told.name = format!("{method} {path}");
        }
        if let Some(status) = of.text(&STATUS) {
            // The answer's status tells of the client's fault too, which a server's span does not.
            told.success &= of.number(&STATUS).is_none_or(|status| !(400..500).contains(&status));
            told.result_code = status;
        }
    } else if of.has(&["messaging.system", "az.namespace"]) {
        record.maybe("Source", source(of));
    }
    record.text("OperationName", &told.name);
    told
}

/// Returns where a message came from.
pub fn source(of: Attributes<'_>) -> Option<String> {
    match (of.text(&PEER), of.text(&DESTINATION)) {
        (Some(peer), Some(destination)) => Some(format!("{peer}/{destination}")),
        (None, destination) => destination,
        (Some(_), None) => None,
    }
}

/// Returns the address that was asked for, put together where it is told in parts.
fn url(of: Attributes<'_>) -> Option<String> {
    if let Some(url) = of.text(&["url.full", "http.url"]) {
        return Some(url);
    }
    let scheme = of.text(&["url.scheme", "http.scheme"])?;
    let target = match (of.text(&["url.path"]), of.text(&["url.query"])) {
        (Some(path), Some(query)) => format!("{path}?{query}"),
        (Some(path), None) => path,
        (None, _) => of.text(&["http.target"])?,
    };
    let named = of.text(&["server.address"]).map(|host| joined(&host, of.text(&["server.port"])));
    let of_server = || {
        let host = of.text(&["http.server_name", "net.host.name"])?;
        Some(joined(&host, of.text(&["net.host.port"])))
    };
    let host = named.or_else(|| of.text(&["http.host"])).or_else(of_server)?;
    Some(format!("{scheme}://{host}{target}"))
}
