//! One function per log format: whatever the bytes, nothing panics, what was read is what was taken and rejected, and the same comes out
//! however the stream is cut.

use crate::targets::Target;
use sources::{Context, Counts, Output, Reject, Source};

/// Makes a function of each format, and the list of them.
macro_rules! formats {
    ($($name:ident)*) => {
        $(pub fn $name(bytes: &[u8]) {
            check(stringify!($name), bytes);
        })*

        /// Every target.
        pub const ALL: &[Target] = &[$((concat!("source_", stringify!($name)), $name),)*];
    };
}

formats! {
    aws_cloudtrail
    azure_activity
    azure_attestation
    azure_diagnostics
    cef
    entra
    kubernetes_audit
    leef
    linux_audit
    linux_audit_nxlog
    log_analytics
    nsg_flow
    office_management
    portal_csv
    postgresql_csv
    postgresql_json
    postgresql_text
    sql_audit
    storage_analytics
    syslog
    vnet_flow
    w3c_extended
    windows_evtx
    windows_xml
    winlogbeat
}

fn check(name: &str, bytes: &[u8]) {
    let source = sources::find(name).unwrap_or_else(|| panic!("no format {name}"));
    let _ = sources::detect(&sources::Sniff::new("input", bytes));
    let (counts, tables, rejects) = run(source, bytes, bytes.len().max(1));
    assert_eq!(counts.read, counts.taken + counts.rejected, "{name}");
    assert_eq!(counts.rejected, rejects.len() as u64, "{name}");
    let n_lines: usize = tables.iter().map(|(_, body)| body.lines().count()).sum();
    assert_eq!(n_lines as u64, counts.taken + counts.derived, "{name}");
    let step = bytes.first().map_or(1, |byte| usize::from(*byte % 61) + 1);
    assert!(run(source, bytes, step) == (counts, tables, rejects), "{name} gives something else in pieces of {step}");
}

type Outcome = (Counts, Vec<(String, String)>, Vec<Reject>);

fn run(source: &Source, bytes: &[u8], step: usize) -> Outcome {
    // Some day of 2026, so that years are found out.
    let context = Context { path: "input".to_string(), now: 639_000_000_000_000_000 };
    let mut parser = (source.parser)(&context);
    let mut out = Output::default();
    for piece in bytes.chunks(step) {
        parser.push(piece, &mut out);
    }
    parser.finish(&mut out);
    let tables = out.take_tables().into_iter().map(|(table, batch)| (table, batch.body)).collect();
    (out.counts, tables, out.take_rejects())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_format_is_a_target() {
        let of: Vec<String> = sources::ALL.iter().map(|source| format!("source_{}", source.name)).collect();
        assert_eq!(super::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>(), of);
    }
}
