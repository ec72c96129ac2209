//! What was called: the columns of `AppDependencies`.

use super::attributes::Attributes;
use super::record::Record;
use super::request::{METHOD, PEER, STATUS, source};
use super::span::{CLIENT, PRODUCER, Told, is_ok};
use super::url::{host_of, joined, path_of};
use super::wire::Span;

const DATABASE: [&str; 2] = ["db.system.name", "db.system"];
const MESSAGING: [&str; 1] = ["messaging.system"];
const DESTINATION: [&str; 2] = ["messaging.destination.name", "messaging.destination"];
const AZURE: [&str; 2] = ["az.namespace", "azure.resource_provider.namespace"];
/// Databases that Application Insights calls `SQL`.
const SQL: [&str; 12] = [
    "db2",
    "derby",
    "mariadb",
    "mssql",
    "oracle",
    "sqlite",
    "other_sql",
    "hsqldb",
    "h2",
    "microsoft.sql_server",
    "ibm.db2",
    "oracle.db",
];

pub fn columns(record: &mut Record, span: &Span) -> Told {
    let of = Attributes(&span.attributes);
    let mut told = Told { name: span.name.clone(), success: is_ok(span), result_code: "0".to_string() };
    let mut target = peer(of);
    let azure = of.text(&AZURE);
    let with = |kind: &str, more: Option<String>| more.map_or(kind.to_string(), |more| format!("{kind} | {more}"));
    let kind = match span.kind {
        CLIENT => client(record, of, &mut target, &mut told),
        PRODUCER => {
            let system = of.text(&MESSAGING);
            target = source(of).filter(|_| azure.is_some()).or(target);
            target = target.or_else(|| of.text(&DESTINATION)).or_else(|| system.clone());
            with("Queue Message", azure.or(system))
        }
        _ => with("InProc", azure),
    };
    record.text("DependencyType", &kind);
    record.maybe("Target", target);
    told
}

/// Sets what is particular to a client's span, and returns the type of what it called.
fn client(record: &mut Record, of: Attributes<'_>, target: &mut Option<String>, told: &mut Told) -> String {
    if let Some(namespace) = of.text(&AZURE) {
        *target = source(of).or(target.take());
        return namespace;
    }
    if let Some(method) = of.text(&METHOD) {
        let url = url(of);
        if let Some(url) = &url {
            told.name = format!("{method} {}", path_of(url));
        }
        if !of.has(&["peer.service"]) {
            let host = of.text(&["http.host"]).or_else(|| url.as_deref().and_then(host_of));
            *target = host.map(|host| without_default_port(&host, scheme_of(of, url.as_deref()))).or(target.take());
        }
        record.maybe("Data", url);
        told.result_code = of.text(&STATUS).unwrap_or_else(|| told.result_code.clone());
        return "HTTP".to_string();
    }
    if let Some(system) = of.text(&DATABASE) {
        let statement = ["db.query.text", "db.statement", "db.operation.name", "db.operation"];
        record.maybe("Data", of.text(&statement));
        let name = of.text(&["db.namespace", "db.name"]);
        *target = match (target.take(), name) {
            (Some(host), Some(name)) => Some(format!("{host}|{name}")),
            (host, name) => host.or(name).or_else(|| Some(system.clone())),
        };
        return if SQL.contains(&system.as_str()) { "SQL".to_string() } else { system };
    }
    if let Some(system) = of.text(&MESSAGING) {
        *target = target.take().or_else(|| of.text(&DESTINATION)).or_else(|| Some(system.clone()));
        return system;
    }
    if let Some(system) = of.text(&["rpc.system", "rpc.system.name"]) {
        *target = target.take().or_else(|| Some(system.clone()));
        return system;
    }
    match of.text(&["gen_ai.provider.name", "gen_ai.system"]) {
        Some(system) => format!("GenAI | {system}"),
        None => "N/A".to_string(),
    }
}

/// Returns who was called, with the port unless it is the usual one.
fn peer(of: Attributes<'_>) -> Option<String> {
    if let Some(service) = of.text(&["peer.service"]) {
        return Some(service);
    }
    let host = of.text(&PEER)?;
    let port = of.text(&["server.port", "net.peer.port", "network.peer.port"]);
    let database = of.text(&DATABASE).and_then(|system| database_port(&system));
    let port = port.filter(|port| {
        let number = port.parse::<u16>().ok();
        number != database.or(http_port(scheme_of(of, None).as_deref()))
    });
    Some(joined(&host, port))
}

fn url(of: Attributes<'_>) -> Option<String> {
    if let Some(url) = of.text(&["url.full", "http.url"]) {
        return Some(url);
    }
    let (scheme, target) = (of.text(&["http.scheme"])?, of.text(&["http.target"])?);
    let of_peer = || Some(joined(&of.text(&["net.peer.name", "net.peer.ip"])?, of.text(&["net.peer.port"])));
    let host = of.text(&["http.host"]).or_else(of_peer)?;
    Some(format!("{scheme}://{host}{target}"))
}

fn scheme_of(of: Attributes<'_>, url: Option<&str>) -> Option<String> {
    let of_url = || url.and_then(|url| url.split_once("://")).map(|(scheme, _)| scheme.to_ascii_lowercase());
    of.text(&["url.scheme", "http.scheme"]).or_else(of_url)
}

fn without_default_port(host: &str, scheme: Option<String>) -> String {
    let port = http_port(scheme.as_deref()).map(|port| format!(":{port}"));
    port.and_then(|port| host.strip_suffix(&port)).unwrap_or(host).to_string()
}

fn http_port(scheme: Option<&str>) -> Option<u16> {
    match scheme? {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

fn database_port(system: &str) -> Option<u16> {
    Some(match system {
        "postgresql" => 5432,
        "cassandra" => 9042,
        "mysql" | "mariadb" => 3306,
        "mssql" | "microsoft.sql_server" => 1433,
        "memcached" => 11211,
        "db2" | "ibm.db2" => 50000,
        "oracle" | "oracle.db" => 1521,
        "h2" => 8082,
        "derby" => 1527,
        "redis" => 6379,
        _ => return None,
    })
}
