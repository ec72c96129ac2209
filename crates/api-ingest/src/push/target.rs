//! Which table an entry goes to. Of the names that its sender gives, the first that is one of these decides:
//!
//! 1. a name that ends in `_CL`: a table of its own;
//! 2. a log format, by its name here or the one that senders know it by ([`ALIASES`]), when the entry has what the format reads: a text,
//!    or an object where the format is JSON;
//! 3. a table of the workspace or a built-in one, by its exact name, or a built-in one in any case.
//!
//! A name that is a table's exactly and has an object goes before a format of that name. Otherwise the entry goes to a table of its own,
//! the name that is left with `_CL` behind it.

use ingest::Workspace;
use schema::tables;
use sources::{Shape, Source};

use super::entry::{Content, Entry};

/// Characters of a name that are kept.
const NAME_MAX: usize = 100;
/// What ends the names of tables that are made on the fly.
pub(super) const SUFFIX: &str = "_CL";

/// Names of formats elsewhere: Splunk's source types and Elastic's data sets, in small letters.
///
/// # Source
/// Splunk documentation, "List of pretrained source types", and the source types of Splunk's add-ons; the data sets of Filebeat's modules.
const ALIASES: [(&str, &str); 46] = [
    ("auditd", "linux_audit"),
    ("auditd.log", "linux_audit"),
    ("aws.cloudtrail", "aws_cloudtrail"),
    ("aws:cloudtrail", "aws_cloudtrail"),
    ("azure.activitylogs", "azure_activity"),
    ("azure.auditlogs", "entra"),
    ("azure.signinlogs", "entra"),
    ("azure:monitor:aad", "entra"),
    ("azure:monitor:activity", "azure_activity"),
    ("azure:monitor:resource", "azure_diagnostics"),
    ("cefevents", "cef"),
    ("commonsecuritylog", "cef"),
    ("iis", "w3c_extended"),
    ("iis.access", "w3c_extended"),
    ("kube-apiserver-audit", "kubernetes_audit"),
    ("kube:apiserver:audit", "kubernetes_audit"),
    ("kube:audit", "kubernetes_audit"),
    ("kubernetes.audit_logs", "kubernetes_audit"),
    ("linux:audit", "linux_audit"),
    ("linux_messages_syslog", "syslog"),
    ("linux_secure", "syslog"),
    ("ms:aad:audit", "entra"),
    ("ms:aad:signin", "entra"),
    ("ms:iis:auto", "w3c_extended"),
    ("ms:iis:default", "w3c_extended"),
    ("ms:o365:management", "office_management"),
    ("mscs:nsg:flow", "nsg_flow"),
    ("mssql:audit", "sql_audit"),
    ("o365.audit", "office_management"),
    ("o365:management:activity", "office_management"),
    ("pgsql", "postgresql_text"),
    ("pgsql:csv", "postgresql_csv"),
    ("pgsql:json", "postgresql_json"),
    ("postgresql", "postgresql_text"),
    ("postgresql.log", "postgresql_text"),
    ("postgresql:csv", "postgresql_csv"),
    ("postgresql:json", "postgresql_json"),
    ("system.auth", "syslog"),
    ("system.syslog", "syslog"),
    ("winlogbeat", "winlogbeat"),
    ("xmlwineventlog", "windows_xml"),
    ("xmlwineventlog:application", "windows_xml"),
    ("xmlwineventlog:microsoft-windows-sysmon/operational", "windows_xml"),
    ("xmlwineventlog:security", "windows_xml"),
    ("xmlwineventlog:setup", "windows_xml"),
    ("xmlwineventlog:system", "windows_xml"),
];

/// Where an entry goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Target {
    /// A table that is there, or is built in.
    Table(String),
    /// The tables of a log format, by the format's name.
    Format(&'static str),
    /// A table that is made, and gets columns, as records need them.
    Own(String),
}

/// Returns where an entry goes; `Target::Own` of a table that there may not be yet.
pub(super) fn target(workspace: &Workspace, entry: &Entry) -> Target {
    let is_object = matches!(entry.content, Content::Object(_));
    for name in entry.names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if let Some(stem) = name.strip_suffix(SUFFIX).filter(|stem| !stem.is_empty()) {
            return Target::Own(own_table(stem));
        }
        let is_there = workspace.named_table(name).is_some() || tables::builtin(name).is_some();
        if is_there && is_object {
            return Target::Table(name.to_string());
        }
        if let Some(source) = format(name).filter(|source| reads(source, &entry.content)) {
            return Target::Format(source.name);
        }
        if is_there {
            return Target::Table(name.to_string());
        }
        if let Some(table) = tables::names().find(|table| table.eq_ignore_ascii_case(name)) {
            return Target::Table(table.to_string());
        }
    }
    Target::Own(own_table(&entry.own))
}

/// Returns the log format that a name is of.
pub(super) fn format(name: &str) -> Option<&'static Source> {
    let name = name.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, source)| *source);
    sources::find(alias.unwrap_or(&name)).filter(|source| source.is_of_events())
}

/// Returns whether an entry has what a format reads.
fn reads(source: &Source, content: &Content) -> bool {
    source.shape != Shape::Text || content.line().is_some()
}

/// Returns the name of a table of a sender's own.
pub(super) fn own_table(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let stem: String = name.trim().chars().take(NAME_MAX).map(plain).collect();
    match stem.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("_{stem}{SUFFIX}"),
        Some(_) => format!("{stem}{SUFFIX}"),
        None => format!("Records{SUFFIX}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingest::{Vault, VaultOptions};
    use schema::{Column, KqlType};
    use std::sync::Arc;
    use stdx::SystemClock;

    #[test]
    fn the_first_name_that_is_one_decides() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(folder.path(), Arc::new(SystemClock), VaultOptions::default()).expect("a store");
        vault.create_workspace("w").expect("a workspace");
        vault.ensure_table("w", "Mine", &[Column::new("A", KqlType::Long)]).expect("a table");
        let workspace = vault.workspace("w").expect("the workspace");
        let (text, object, with_line) = ("x", r#"{"a":1}"#, r#"{"message":"x"}"#);
        let own = |name: &str| Target::Own(name.to_string());
        let table = |name: &str| Target::Table(name.to_string());
        let cases = [
            (&["Mine"][..], object, table("Mine")),
            (&["Mine"], text, table("Mine")),
            (&["mine"], object, own("app_CL")),
            (&["", "App_CL"], object, own("App_CL")),
            (&["my-app.log_CL"], object, own("my_app_log_CL")),
            (&["syslog"], text, Target::Format("syslog")),
            (&["syslog"], with_line, Target::Format("syslog")),
            (&["syslog"], object, table("Syslog")),
            (&["Syslog"], text, Target::Format("syslog")),
            (&["Syslog"], with_line, table("Syslog")),
            (&["commonsecuritylog"], object, table("CommonSecurityLog")),
            (&["CommonSecurityLog"], text, Target::Format("cef")),
            (&["aws:cloudtrail", "Mine"], object, Target::Format("aws_cloudtrail")),
            (&["httpevent", "XmlWinEventLog:Security"], text, Target::Format("windows_xml")),
            (&["windows_evtx"], text, own("app_CL")),
            (&["signinlogs"], object, table("SigninLogs")),
            (&[], object, own("app_CL")),
        ];
        for (names, content, expected) in cases {
            let content = match content.starts_with('{') {
                true => Content::Object(content.to_string()),
                false => Content::Text(content.to_string()),
            };
            let names = names.iter().map(|name| name.to_string()).collect();
            let entry = Entry { names, own: "app".to_string(), content, ..Entry::default() };
            assert_eq!(target(&workspace, &entry), expected, "{entry:?}");
        }
    }

    #[test]
    fn every_alias_is_of_a_format() {
        for (alias, source) in ALIASES {
            assert_eq!(format(alias).map(|source| source.name), Some(source), "{alias}");
        }
        assert!(ALIASES.is_sorted());
    }

    #[test]
    fn names_become_tables() {
        for (name, table) in [("fluent-bit", "fluent_bit_CL"), ("1a", "_1a_CL"), ("", "Records_CL"), ("Ü b", "__b_CL")]
        {
            assert_eq!(own_table(name), table);
            assert!(own_table(&name.repeat(500)).len() <= 104);
        }
    }
}
