//! What holds for every source and any bytes: nothing panics, what was read is what was taken and rejected, records are JSON with
//! values that fit their columns, and however a stream is cut, the same comes out.

mod common;

use common::{Got, fixtures, run};
use proptest::prelude::*;
use schema::{KqlType, tables};
use sources::{ALL, Context, Counts, Output, Shape, Sniff, Source, detect};

fn check(source: &Source, path: &str, bytes: &[u8], ends: &[usize]) -> Got {
    let whole = run(source, path, bytes, &[]);
    let counts = whole.counts;
    assert_eq!(counts.read, counts.taken + counts.rejected, "{}", source.name);
    assert_eq!(counts.rejected, whole.rejects.len() as u64, "{}", source.name);
    let n: u64 = whole.tables.values().map(|batch| batch.n).sum();
    assert_eq!(n, counts.taken + counts.derived, "{}", source.name);
    for (table, batch) in &whole.tables {
        assert_eq!(batch.body.lines().count() as u64, batch.n, "{} {table}", source.name);
        let columns = tables::builtin(table).unwrap_or_else(|| panic!("{} gives the table {table}", source.name));
        for line in batch.body.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let row = row.as_object().expect("an object");
            for column in columns.columns.iter().chain(&batch.columns) {
                let Some(value) = row.get(&column.name) else { continue };
                let fits = match column.ktype {
                    KqlType::Datetime => {
                        value.is_null()
                            || value.as_str().is_some_and(|text| {
                                text.trim().is_empty() || schema::ticks::parse_datetime(text).is_some()
                            })
                    }
                    KqlType::Int | KqlType::Long | KqlType::Real => {
                        !value.is_object() && !value.is_array() && !value.is_boolean()
                    }
                    _ => true,
                };
                assert!(fits, "{} {table}.{}: {value}", source.name, column.name);
            }
        }
    }
    let mut ends = ends.to_vec();
    ends.sort_unstable();
    let cut = run(source, path, bytes, &ends);
    assert_eq!(cut, whole, "{} cut at {ends:?}", source.name);
    whole
}

/// What readers of numbers, times and nesting stumble over.
const PARTS: [&str; 25] = [
    "1e99999",
    "-1",
    "99999999999999999999",
    "9223372036854775807",
    "0.1e-999",
    "NaN",
    "\u{0}",
    "\u{feff}",
    "\u{1f600}",
    "\\u",
    "\\",
    "\"\"",
    "\n",
    "\r\n{",
    "{{{{",
    "[[[[",
    "}]",
    "<![CDATA[",
    "&#x110000;",
    "</Event>",
    "=",
    "||||",
    ";;;",
    "Feb 30",
    "2026-02-30T25:61:61Z",
];

/// Reads a log in parts, by a parser each: every part ends before what may not be whole, and begins with the header.
fn in_parts(source: &Source, path: &str, bytes: &[u8], ends: &[usize]) -> Got {
    let mut got = Got::default();
    let (mut at, mut header) = (0, String::new());
    for end in ends.iter().copied().chain([bytes.len()]) {
        let part = &bytes[at..end.clamp(at, bytes.len())];
        let mut parser = (source.parser)(&Context { path: path.to_string(), now: common::now() });
        let mut out = Output::default();
        for bytes in [header.as_bytes(), part] {
            parser.push(bytes, &mut out);
        }
        let n = if at + part.len() == bytes.len() { part.len() } else { part.len() - parser.n_held() };
        let one = run(source, path, &[header.as_bytes(), &part[..n]].concat(), &[]);
        for (table, batch) in one.tables {
            got.tables.entry(table).or_default().add(batch);
        }
        let position = got.counts.read;
        got.rejects.extend(
            one.rejects.into_iter().map(|reject| sources::Reject { position: position + reject.position, ..reject }),
        );
        got.counts.read += one.counts.read;
        got.counts.taken += one.counts.taken;
        got.counts.rejected += one.counts.rejected;
        header = parser.header();
        at += n;
    }
    got
}

proptest! {
    #[test]
    fn a_log_that_is_taken_in_parts_gives_the_same_records(
        which in any::<prop::sample::Index>(),
        ends in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut fixtures = fixtures();
        // Those of JSON are cut by its brackets, binary ones are not, and the last one counts over all of a log.
        let is_cut = |source: &Source| source.shape == Shape::Text && source.name != "storage_analytics";
        fixtures.retain(|fixture| sources::find(&fixture.source).is_some_and(is_cut));
        let fixture = which.get(&fixtures);
        let mut ends: Vec<usize> = ends.iter().map(|end| end.index(fixture.bytes.len() + 1)).collect();
        ends.sort_unstable();
        let name = fixture.path.file_name().expect("a name").to_string_lossy();
        let source = sources::find(&fixture.source).expect("a source");
        prop_assert_eq!(in_parts(source, &name, &fixture.bytes, &ends), run(source, &name, &fixture.bytes, &[]), "{} cut at {:?}", name, ends);
    }

    #[test]
    fn no_source_panics_loses_or_invents_a_record(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\n\\ =|;<>#-1aT".to_vec())], 0..400),
        ends in prop::collection::vec(0_usize..400, 0..6),
    ) {
        for source in ALL {
            check(source, "x", &bytes, &ends);
        }
        let _ = detect(&Sniff::new("x", &bytes));
    }

    #[test]
    fn no_damage_to_a_log_loses_its_other_records(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..5), 0..6),
        ends in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let fixtures = fixtures();
        let fixture = which.get(&fixtures);
        let mut bytes = fixture.bytes.clone();
        for (at, byte, kind) in changes {
            if bytes.is_empty() { break }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                3 | 4 => {
                    let part = PARTS[usize::from(byte) % PARTS.len()];
                    let end = (at + usize::from(kind == 3) * part.len()).min(bytes.len());
                    drop(bytes.splice(at..end, part.bytes()));
                }
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        let ends: Vec<usize> = ends.iter().map(|end| end.index(bytes.len() + 1)).collect();
        let name = fixture.path.file_name().expect("a name").to_string_lossy();
        let source = sources::find(&fixture.source).expect("a source");
        check(source, &name, &bytes, &ends);
        // A file may be taken for another.
        if let Some(source) = detect(&Sniff::new(&name, &bytes)) {
            check(source, &name, &bytes, &ends);
        }
    }
}

#[test]
fn a_fixture_gives_the_same_byte_by_byte() {
    for fixture in fixtures().iter().filter(|fixture| fixture.bytes.len() < 20_000) {
        let ends: Vec<usize> = (0..fixture.bytes.len()).collect();
        let name = fixture.path.file_name().expect("a name").to_string_lossy();
        check(sources::find(&fixture.source).expect("a source"), &name, &fixture.bytes, &ends);
    }
}

#[test]
fn a_broken_record_takes_no_neighbours_with_it() {
    let source = sources::find("kubernetes_audit").expect("a source");
    let whole = r#"{"auditID":"1","stage":"x"}"#;
    let cases = [
        (format!("{whole}\n{{\"auditID\":\"2\",\n{whole}\n"), 2, 1),
        (format!("{whole}\n{{\"auditID\":\"2\n{whole}\n"), 2, 1),
        (format!("{whole}\n]]]\n{whole}"), 2, 1),
        (format!("{whole}\nnothing\n\n{whole}"), 2, 1),
        (format!("[{whole},{{\"auditID\" 1}},{whole}]"), 2, 1),
        (format!("{{\"kind\":\"EventList\",\"items\":[{whole},{whole}],\"metadata\":{{}}}}\n{whole}"), 3, 0),
        (format!("{whole}{whole} 5 {whole}"), 3, 1),
        (format!("{whole}\n{{\"auditID\":\"2\""), 1, 1),
        (format!("[{whole}"), 1, 0),
        (String::from("[]"), 0, 0),
    ];
    for (text, taken, rejected) in cases {
        let got = check(source, "x", text.as_bytes(), &[7]);
        assert_eq!((got.counts.taken, got.counts.rejected), (taken, rejected), "{text}");
        assert_eq!(got.rejects.iter().filter(|reject| reject.raw.is_empty()).count(), 0, "{text}");
    }
}

#[test]
fn what_is_too_long_is_rejected_once_and_the_rest_goes_on() {
    let long = "x".repeat(sources::ITEM_BYTES_MAX + 10);
    let cases = [
        ("syslog", format!("a\n{long}\nb\n"), 2),
        ("kubernetes_audit", format!("[{{\"auditID\":\"1\"}},{{\"auditID\":\"{long}\"}},{{\"auditID\":\"3\"}}]"), 2),
        ("portal_csv", format!("$table,Computer\nSyslog,a\nSyslog,\"{long}\n\"\nSyslog,b\n"), 2),
        (
            "windows_xml",
            {
                let event = "<Event><System><EventID>1</EventID></System></Event>";
                format!("{event}<Event><System><EventID>{long}</EventID></System></Event>{event}")
            },
            2,
        ),
    ];
    for (name, text, taken) in cases {
        let source = sources::find(name).expect("a source");
        let got =
            check(source, "x", text.as_bytes(), &[100, 70_000, sources::ITEM_BYTES_MAX, sources::ITEM_BYTES_MAX + 20]);
        assert_eq!((got.counts.taken, got.counts.rejected), (taken, 1), "{name}");
        assert_eq!(got.rejects.first().map(|reject| reject.reason), Some(sources::Reason::Oversized), "{name}");
    }
}

/// Returns a source's output over bytes, and the most that it held at a time.
fn most_held(source: &str, bytes: &[u8]) -> (Counts, usize) {
    let source = sources::find(source).expect("a source");
    let mut parser = (source.parser)(&Context { path: "x".to_string(), now: common::now() });
    let (mut out, mut most) = (Output::default(), 0);
    let mut take = |out: &mut Output| {
        let was_full = out.is_full();
        let made = out.take_tables().values().map(|batch| batch.body.len()).sum::<usize>();
        most = most.max(made + out.take_rejects().iter().map(|reject| reject.raw.len()).sum::<usize>());
        was_full
    };
    for piece in bytes.chunks(64 << 10) {
        parser.push(piece, &mut out);
        while take(&mut out) {
            parser.push(&[], &mut out);
        }
    }
    parser.finish(&mut out);
    take(&mut out);
    (out.counts, most)
}

#[test]
fn a_few_bytes_do_not_become_many() {
    const MIB: usize = 1 << 20;
    let rows = "x\n".repeat(100_000);
    // Names that every row would repeat.
    let long = "n".repeat(500_000);
    let (counts, most) = most_held("portal_csv", format!("$table,{long}\n{rows}").as_bytes());
    assert_eq!((counts.taken, counts.rejected), (0, 100_001));
    assert!(most < 4 * MIB, "{most}");
    let (counts, most) = most_held("w3c_extended", format!("#Fields: date {long}\n{rows}").as_bytes());
    assert_eq!((counts.taken, counts.rejected), (0, 100_001));
    assert!(most < 4 * MIB, "{most}");
    // Short enough: taken, a part at a time.
    let names: Vec<String> = (0..60).map(|n| format!("{n:01000}")).collect();
    let line = format!("2026-01-01 {}\n", "1 ".repeat(60));
    let text = format!("#Fields: date {}\n{}", names.join(" "), line.repeat(2_000));
    let (counts, most) = most_held("w3c_extended", text.as_bytes());
    assert_eq!((counts.taken, counts.rejected), (2_000, 0));
    assert!(most < 17 * MIB, "{most}");
    // What the parts of an item have in common.
    let tuples = "\"1493763938,1.1.1.1,2.2.2.2,1,2,T,I,A\",".repeat(10_000);
    let flows =
        format!(r#"{{"rule":"{long}","flows":[{{"mac":"0","flowTuples":[{}]}}]}}"#, tuples.trim_end_matches(','));
    let text = format!(r#"{{"category":"NetworkSecurityGroupFlowEvent","properties":{{"flows":[{flows}]}}}}"#);
    let (counts, most) = most_held("nsg_flow", text.as_bytes());
    assert_eq!((counts.read, counts.taken), (10_000, 68));
    assert!(most < 70 * MIB, "{most}");
}
