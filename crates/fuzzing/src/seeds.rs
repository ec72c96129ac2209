//! Inputs to start from: the queries and files of the project's own tests.

use std::path::{Path, PathBuf};

/// Returns the seeds of a target.
pub fn of(target: &str) -> Vec<String> {
    match target {
        "json" => JSON.iter().map(|seed| seed.to_string()).collect(),
        "mappings" => MAPPINGS.iter().map(|seed| seed.to_string()).collect(),
        "records" => RECORDS.iter().map(|seed| seed.to_string()).collect(),
        "syslog" => SYSLOG.iter().map(|seed| seed.to_string()).chain(fixtures("syslog")).collect(),
        "delimited" => DELIMITED.iter().map(|seed| seed.to_string()).collect(),
        "timespan" => TIMESPANS.iter().map(|seed| seed.to_string()).collect(),
        "prefer" => PREFERENCES.iter().map(|seed| seed.to_string()).collect(),
        "collection-rule" => RULES.iter().map(|seed| seed.to_string()).collect(),
        "suffixed" => JSON.iter().chain(COLLECTED).map(|seed| seed.to_string()).collect(),
        "hec-events" => shipped("hec"),
        "elastic-bulk" => shipped("elastic"),
        "loki-push" => shipped("loki"),
        "kafka" => KAFKA.iter().map(|seed| seed.to_string()).collect(),
        "commands" => commands(),
        "signature" => SIGNATURES.iter().map(|seed| seed.to_string()).collect(),
        "otlp" => texts_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../api-ingest/tests/otlp"), "out"),
        _ => match target.strip_prefix("source_") {
            Some(source) => fixtures(source),
            None => queries(),
        },
    }
}

/// Returns the bodies of a protocol's recorded requests.
fn shipped(protocol: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api-ingest/tests/push");
    let is_of = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(protocol));
    let texts = files_below(&folder).into_iter().filter(is_of).filter_map(|path| std::fs::read_to_string(path).ok());
    let mut bodies = Vec::new();
    for text in texts {
        for exchange in text.split("===\n") {
            let request = exchange.split_once("\n---\n").map_or("", |(request, _)| request);
            bodies.extend(request.split_once("\n\n").map(|(_, body)| format!("{body}\n")));
        }
    }
    bodies
}

/// Returns the commands of the tests of commands.
fn commands() -> Vec<String> {
    let cases = texts_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../management/tests/commands"), "out");
    let asked = cases.iter().flat_map(|text| text.split("\n\n")).filter_map(|case| Some(case.split_once(">>> ")?.1));
    asked
        .map(|case| case.split(if case.contains("\n<<<") { "\n<<<" } else { "\n" }).next().unwrap_or(case).to_string())
        .collect()
}

/// Returns the fixtures of a log format, as text.
fn fixtures(source: &str) -> Vec<String> {
    texts_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../sources/fixtures").join(source), "golden")
}

/// Returns the files below a folder, as text, without those that say what comes out.
fn texts_below(folder: &Path, golden: &str) -> Vec<String> {
    let is_golden = |path: &PathBuf| path.extension().is_some_and(|extension| extension == golden);
    let inputs = files_below(folder).into_iter().filter(|path| !is_golden(path));
    inputs.filter_map(|path| Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned())).collect()
}

/// Returns every query of the project's tests and of the examples that functions give of themselves.
pub fn queries() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut queries = Vec::new();
    for path in files_below(&root.join("tests")) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("kql") => queries.extend(
                text.split("\n////")
                    .map(|query| query.split_once('\n').map_or(query, |(_, query)| query).trim().to_string()),
            ),
            Some("kqltest") => queries.extend(text.split("\n\n").map(|case| {
                let body = case.split_once('\n').map_or(case, |(_, body)| body);
                body.split("\n----").next().unwrap_or(body).to_string()
            })),
            Some("txt") => queries.extend(
                text.lines()
                    .filter(|line| !line.starts_with('#'))
                    .filter_map(|line| Some(line.split_once(": ")?.1.to_string())),
            ),
            _ => {}
        }
    }
    let scalars = kql_functions::scalar::ALL.iter().chain(kql_functions::window::ALL).map(|function| function.examples);
    let aggregates = kql_functions::aggregate::ALL.iter().map(|function| function.examples);
    let plugins = kql_functions::plugin::ALL.iter().map(|plugin| plugin.examples);
    let examples = scalars.chain(aggregates).chain(plugins).flatten();
    queries.extend(examples.map(|(query, _)| query.to_string()));
    queries.retain(|query| !query.trim().is_empty());
    queries
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).map(|list| list.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    entries.sort();
    for path in entries {
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

const JSON: &[&str] = &[
    "{\"a\":1,\"b\":\"x\",\"c\":[1,2,{\"d\":null}],\"t\":\"2026-01-01T00:00:00Z\"}\n{\"a\":2.5,\"b\":\"\",\"e\":true}\n",
    "[{\"a\":1},{\"a\":\"x\"},{\"b\":{\"c\":[[],{}]}}]",
    "{\"Records\":[{\"eventTime\":\"2026-01-01T00:00:00Z\",\"userIdentity\":{\"type\":\"Root\"}},{\"eventTime\":\"bad\"}]}",
    "{\"value\":[{\"id\":\"74be27de-1e4e-49d9-b579-fe0b331d3642\",\"n\":9223372036854775807}]}",
    "{\"records\":[{\"time\":\"2026-01-01\",\"properties\":{\"a\\u0041\\n\":\"\\ud83d\\ude00\"}}]}",
    "{\n  \"a\": 1,\n  \"b\": [\n    true\n  ]\n}\n{\n  \"a\": 2\n}\n",
    "\u{feff}{\"a\":1e400}\n{\"a\":-0}\nnot json\n{\"a\":1,\"a\":2}\n",
];

/// Records of a batch; an answer that names brokers and a topic; one that brings records.
const KAFKA: &[&str] = &[
    "\u{10}\0\0\0\u{1}\u{4}{}\0\u{1a}\0\u{2}\u{2}\u{2}k\u{c}{\"a\":1\0",
    "\0\0\0\0\0\0\0\u{1}\0\0\0\u{1}\0\u{1}h\0\0#\u{7f}\0\u{1}r\0\u{1}c\0\0\0\u{1}\0\0\0\u{1}\0\0\0\u{1}t\0\0\0\0\u{1}\0\0\0\0\0\0\0\0\0\u{1}\0\0\0\0\0\0\0\0",
    "\0\0\0\0\0\0\0\u{1}\0\u{1}t\0\0\0\u{1}\0\0\0\0\0\0\0\0\0\0\0\0\0\u{9}\0\0\0\0\0\0\0\u{9}\0\0\0\0\0\0\0\u{4}abcd",
];

const DELIMITED: &[&str] = &[
    "a,b,c\n1,x,2026-01-01\n2,\"y,z\",\n",
    "a;b;c\r\n1;\"x\r\ny\";true\r\n2;\"a \"\"quote\"\"\";false\r\n",
    "a\tb\n1\t2\n3\n4\t5\t6\n",
    "a|b\n1|2\n",
    "\u{feff}Name,Name,,\n\"open\n1,2,3,4\n",
    "time,guid,dur\n2026-01-01T00:00:00Z,74be27de-1e4e-49d9-b579-fe0b331d3642,01:00:00\n",
    "a single line",
];

const TIMESPANS: &[&str] = &[
    "PT86400.0S",
    "P1Y2M3W4DT5H6M7.89S",
    "2026-01-01/2026-01-02T03:04:05.1234567Z",
    "2026-01-31T00:00:00+02:00/P1M",
    "PT1H/2026-01-01T00:00:00Z",
    "P0.5D",
    "P9999Y",
];

const PREFERENCES: &[&str] = &[
    "wait=600,include-statistics=true,include-render=true",
    "wait=\"30\"; Include-Render = TRUE ;respond-async",
    "=;=,",
];

const RULES: &[&str] = &[
    r#"{"location":"x","properties":{"streamDeclarations":{"Custom-A":{"columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"N","type":"long"}]}},"destinations":{"logAnalytics":[{"name":"w","workspaceResourceId":"main"}]},"dataFlows":[{"streams":["Custom-A"],"destinations":["w"],"transformKql":"source | where N > 1 | extend x = tostring(N)","outputStream":"Custom-A_CL"}]}}"#,
    r#"{"properties":{"immutableId":"dcr-00000000000000000000000000000001","destinations":{"logAnalytics":[{"name":"w","workspaceId":"g"}]},"dataFlows":[{"streams":["Microsoft-Syslog"],"destinations":["w"]}]}}"#,
];

const COLLECTED: &[&str] = &[
    r#"[{"s":"x","n":1.5e3,"b":true,"t":"2026-01-01T00:00:00Z","g":"6f3c10722739461c8aa73cfc8ff528a8","o":{"a":[1]}},{"s":1,"n":"2","b":"false","x y":3}]"#,
    r#"{"tenant":1}"#,
];

const SIGNATURES: &[&str] = &[
    "SharedKey 11111111-2222-3333-4444-555555555555:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
    "Sat, 21 Nov 2026 12:00:00 GMT",
    "Bearer x",
];

const MAPPINGS: [&str; 5] = [
    r#"[{"Column":"a","Properties":{"Path":"$.x['y'][0]","Transform":"DropMappedFields"}}]"#,
    r#"[{"column":"a","path":"$.x","datatype":"datetime"},{"column":"b","path":"constant"}]"#,
    r#"[{"Name":"a","DataType":"System.Int64","Ordinal":"3"},{"Column":"b","Properties":{"ConstValue":"x"}}]"#,
    r#"[{"Column":"a","Properties":{"Field":"cs(User-Agent)"}}]"#,
    r#"[{"Column":"a","Properties":{"Field":"f","Transform":"BytesAsBase64"}}]"#,
];

/// The first byte says which format, in the order of their names; from 64 on with a mapping.
const SYSLOG: [&str; 4] = [
    "5 <13>a7 <13>b\nc<13>d\n404 not found\n0 <13>e",
    "99999 <13>1 2026-05-01T09:30:00Z h app 7 ID47 [a b=\"c]\"] text\n",
    "<34>Feb 27 22:14:15 gw su[231]: text\r\n\n\0<13>CEF:0|a|b|c|d|e|5|src=192.0.2.7 msg=x\\=y\n",
    "1234567890 <13>a\n12  <13>b\n<13>LEEF:2.0|a|b|c|d|^|k=v^devTime=x",
];
const RECORDS: [&str; 10] = [
    "H{\"a\":[{\"b\":\"x\"}],\"n\":1700000000.5,\"d\":null}\n{\"n\":\"soon\"}",
    "@1,2,3\nx,y\n",
    "\u{0}1,\"a\"\"b\",\"{}\"\n2,\"open\n3",
    "\u{1}a\t1\t[1,2]\n",
    "\u{2}a\\tb\t1\\n\\",
    "\u{6}line\r\n\nother",
    "\u{7}all of it",
    "\u{8}{\"Text\":\"x\",\"N\":1,\"Other\":[1]}\n{\"Text\":",
    "\u{f}#Fields: Text N\nx 1\n\"a b\" -\n",
    "\u{a}[{\"a\":[{\"b\":1}],\"n\":1.5e9},{}]",
];
