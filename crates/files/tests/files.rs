//! Files of every kind, written by the tests, read as tables.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::util::display::array_value_to_string;
use files::{Input, Options, Progress, Table};
use schema::KqlType;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A folder of files for one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = folder.0.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn open(&self, name: &str) -> Result<Vec<Table>, String> {
        self.open_with(name, &Options::default())
    }

    fn open_with(&self, name: &str, options: &Options) -> Result<Vec<Table>, String> {
        files::open(&[Input::path(self.path(name))], options).map_err(|e| e.to_string().replace(&self.path(""), ""))
    }

    /// The warnings as text, the folder's path cut off.
    fn warnings(&self, table: &Table) -> Vec<String> {
        let first = table.warnings().report().first;
        first.iter().map(|w| w.to_string().replace(&self.path(""), "")).collect()
    }
}

fn batches(table: &Table, partitions: usize, projection: Option<&[usize]>) -> Vec<RecordBatch> {
    let progress = Arc::new(Progress::default());
    let mut batches = Vec::new();
    for partition in table.partitions(partitions) {
        for batch in table.read(&partition, projection, &progress) {
            batches.push(batch.unwrap());
        }
    }
    assert_eq!(progress.rows(), batches.iter().map(|b| b.num_rows() as u64).sum::<u64>());
    batches
}

fn cell(array: &ArrayRef, row: usize, ktype: KqlType) -> String {
    if array.is_null(row) {
        return "null".to_string();
    }
    let text = array_value_to_string(array, row).unwrap();
    match ktype {
        KqlType::Datetime => schema::ticks::datetime_text(text.parse().unwrap()),
        KqlType::Timespan => schema::ticks::timespan_text(text.parse().unwrap()),
        _ => text,
    }
}

/// The table as text: a line of names and types, then the rows.
fn shown(table: &Table) -> String {
    let header: Vec<String> = table.columns().iter().map(|c| format!("{}:{}", c.name, c.ktype)).collect();
    let mut out = format!("{} {}\n", table.name(), header.join(" "));
    for batch in batches(table, 1, None) {
        assert_eq!(batch.schema(), table.arrow_schema(None));
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().zip(table.columns());
            let cells: Vec<String> = cells.map(|(array, column)| cell(array, row, column.ktype)).collect();
            out.push_str(&cells.join(" | "));
            out.push('\n');
        }
    }
    out
}

/// Reads one file and compares the tables.
fn check(name: &str, content: &[u8], expected: &str) {
    let folder = Folder::new(&[(name, content)]);
    let tables = folder.open(name).unwrap();
    let text: String = tables.iter().map(shown).collect();
    let lines = |text: &str| -> String { text.trim().lines().map(|line| format!("{}\n", line.trim())).collect() };
    let (text, expected) = (lines(&text), lines(expected));
    assert_eq!(text, expected, "{name}");
    assert_eq!(folder.warnings(&tables[0]), Vec::<String>::new(), "{name}");
}

#[test]
fn json_lines() {
    check(
        "events.jsonl",
        br#"{"a":1,"t":"2024-01-31T10:00:00Z","s":"x","d":{"k": 1.50},"m":1,"b":true,"r":1}
{"s":"\u00e9","r":2.5,"m":"two","new":null}
"#,
        "events a:long t:datetime s:string d:dynamic m:dynamic b:bool r:real new:string
         1 | 2024-01-31T10:00:00.0000000Z | x | {\"k\":1.50} | 1 | true | 1.0 | \n null | null | é | null | \"two\" | null | 2.5 | ",
    );
}

#[test]
fn json_documents() {
    let rows = "x a:long\n1\n2\n";
    check("x.json", b"[\n  { \"a\": 1 },\n  { \"a\": 2 }\n]\n", rows);
    check("x.json", b"\xEF\xBB\xBF[{\"a\":1},{\"a\":2}]", rows);
    check("x.json", b"{\n\"a\":\n1}\n{\"a\":2}", rows);
    check("x.json", b"{\"Records\":[{\"a\":1},{\"a\":2}]}", rows);
    let utf16: Vec<u8> = "\u{FEFF}[{\"a\":1},\n{\"a\":2}]".encode_utf16().flat_map(u16::to_be_bytes).collect();
    check("x.json", &utf16, rows);
}

#[test]
fn portal_export() {
    check(
        "query_data.csv",
        b"\xEF\xBB\xBF$table,\"TimeGenerated [UTC]\",Count,Note,Level,Ok\r\nT,\"1/31/2020, 1:05:00.000 PM\",7,\"two\r\nlines, \"\"quoted\"\"\",007,True\r\nT,\"2/1/2020, 12:00:00.123 AM\",,,,\r\n",
        "query_data $table:string TimeGenerated:datetime Count:long Note:string Level:string Ok:bool
         T | 2020-01-31T13:05:00.0000000Z | 7 | two\r\n lines, \"quoted\" | 007 | true
         T | 2020-02-01T00:00:00.1230000Z | null |  |  | null",
    );
}

#[test]
fn delimited_text() {
    let rows = "x a:long b:string\n1 | y\n";
    check("x.tsv", b"a\tb\n1\ty\n", rows);
    check("x.csv", b"a;b\r\n1;y\r\n", rows);
    check("x.csv", b"sep=|\na|b\n1|y\n", rows);
    check("x", b"a,b\n1,y\n", rows);
    check("x.csv", b"a,b\n", "x a:string b:string\n");
    check("x.csv", b"a,,a\n1,2,3", "x a:long Column2:long a1:long\n1 | 2 | 3");
}

#[test]
fn plain_lines() {
    check(
        "cef.txt",
        b"Aug 3 10:49 CEF: 0|x\n\nAug 4 10:49 CEF: 0|y\r\n",
        "cef RawData:string\nAug 3 10:49 CEF: 0|x\nAug 4 10:49 CEF: 0|y",
    );
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (i, (name, content)) in members.iter().enumerate() {
        let method =
            [zip::CompressionMethod::Deflated, zip::CompressionMethod::Stored, zip::CompressionMethod::Zstd][i % 3];
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn packed_files() {
    let json = b"{\"a\":1}\n{\"a\":2}\n";
    let rows = "x a:long\n1\n2\n";
    check("x.json.gz", &gzip(json), rows);
    check("x.json.zst", &zstd::encode_all(&json[..], 1).unwrap(), rows);
    check("x.zip", &zip(&[("other.json", json)]), rows);
    check("x.zip", &zip(&[("dir/x.json.gz", &gzip(json))]), rows);
    // Members of one gzip file or zstd frames one after the other are one text.
    check("x.gz", &[gzip(b"{\"a\":1}\n"), gzip(b"{\"a\":2}\n")].concat(), rows);
    check(
        "x.zip",
        &zip(&[("__MACOSX/a.json", b"?"), ("a.json", json), ("b.csv", b"c,d\n1,2\n"), ("c.txt", b"line\n")]),
        "a a:long\n1\n2\nb c:long d:long\n1 | 2\nc RawData:string\nline",
    );
    // A member named as a known table keeps that name.
    let folder = Folder::new(&[("download.zip", &zip(&[("Heartbeat.csv", b"Computer\nc1\n")]))]);
    let tables = folder.open("download.zip").unwrap();
    assert_eq!(tables[0].name(), "Heartbeat");
}

fn parquet_file(batch: &RecordBatch, rows_per_group: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let properties =
        parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(rows_per_group));
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), Some(properties.build())).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    out
}

fn sample_batch() -> RecordBatch {
    use arrow::array::{Int32Array, StringArray, StructArray, TimestampMillisecondArray};
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]));
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![0, 1, 2]));
    let inner: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None, Some(9)]));
    let bags: ArrayRef = Arc::new(StructArray::try_from(vec![("k", inner)]).unwrap());
    RecordBatch::try_from_iter(vec![("id", ids), ("name", names), ("t", times), ("bag", bags)]).unwrap()
}

#[test]
fn parquet() {
    let rows = "x id:int name:string t:datetime bag:dynamic
        1 | a | 1970-01-01T00:00:00.0000000Z | {\"k\":7}
        2 |  | 1970-01-01T00:00:00.0010000Z | {\"k\":null}
        3 | c | 1970-01-01T00:00:00.0020000Z | {\"k\":9}";
    let content = parquet_file(&sample_batch(), 2);
    check("x.parquet", &content, rows);
    check("x.gz", &gzip(&content), rows);
    check("x.zip", &zip(&[("y.parquet", &content)]), rows);

    let folder = Folder::new(&[("x.parquet", &content)]);
    let table = folder.open("x.parquet").unwrap().remove(0);
    let files = table.parquet().unwrap();
    assert_eq!(files[0].path, Path::new(&folder.path("x.parquet")));
    assert_eq!((files[0].rows, &files[0].fields), (3, &vec![Some(0), Some(1), Some(2), Some(3)]));
    // Two row groups make two parts; columns come in the order asked for.
    let partitions = table.partitions(1);
    assert_eq!(partitions.len(), 1);
    let batches = batches(&table, 8, Some(&[3, 0]));
    let first = &batches[0];
    assert_eq!(first.schema().fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>(), ["bag", "id"]);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
}

#[test]
fn files_of_one_table_are_one_table() {
    let parquet = parquet_file(&sample_batch(), 10);
    let folder = Folder::new(&[
        ("day/1/Custom.json", b"{\"id\":1,\"name\":\"x\"}\n"),
        ("day/2/Custom.csv", b"name,extra\ny,5\n"),
        ("day/3/Custom.parquet", &parquet),
        ("day/3/README.bin", b"\x00\x01\x02"),
        ("day/3/README.md", b"About these files\n"),
    ]);
    let tables = folder.open("day").unwrap();
    assert_eq!(
        shown(&tables[0]),
        "Custom id:long name:string extra:long t:datetime bag:dynamic\n1 | x | null | null | null\nnull | y | 5 | null | null\n\
         1 | a | null | 1970-01-01T00:00:00.0000000Z | {\"k\":7}\n2 |  | null | 1970-01-01T00:00:00.0010000Z | {\"k\":null}\n\
         3 | c | null | 1970-01-01T00:00:00.0020000Z | {\"k\":9}\n"
    );
    assert!(tables[0].parquet().is_none());
    assert_eq!(
        folder.warnings(&tables[0]),
        [
            "day/3/README.bin: file skipped: `day/3/README.bin` has an unknown format: binary data",
            "day/3/README.md: file skipped: `day/3/README.md` has an unknown format: text, and its name does not say that it is a log",
        ]
    );
    let inputs = [Input::named(&format!("All={}", folder.path("day/*/Custom.*"))).unwrap()];
    let tables = files::open(&inputs, &Options::default()).unwrap();
    assert_eq!((tables.len(), tables[0].name()), (1, "All"));
}

#[test]
fn known_tables_bring_their_schema() {
    let folder = Folder::new(&[(
        "SigninLogs.json",
        br#"{"TimeGenerated [UTC]":"1/31/2020, 1:05:00.000 PM","ResultType":50058,"Status":"{\"errorCode\": 50058}","Mine":5}"#,
    )]);
    let table = folder.open("SigninLogs.json").unwrap().remove(0);
    let place = |name: &str| table.columns().iter().position(|c| c.name == name).unwrap();
    assert_eq!(place("TimeGenerated"), 0);
    assert_eq!(place("Mine"), table.columns().len() - 1);
    let projection =
        [place("TimeGenerated"), place("ResultType"), place("Status"), place("Mine"), place("UserPrincipalName")];
    let batch = batches(&table, 1, Some(&projection)).remove(0);
    let cells: Vec<String> =
        projection.iter().zip(batch.columns()).map(|(i, array)| cell(array, 0, table.columns()[*i].ktype)).collect();
    assert_eq!(cells, ["2020-01-31T13:05:00.0000000Z", "50058", "{\"errorCode\":50058}", "5", ""]);
}

#[test]
fn schemas_of_further_tables() {
    let folder = Folder::new(&[
        ("schemas/Mine.toml", b"columns = [[\"b\", \"long\"], [\"a\", \"dynamic\"]]"),
        ("Mine.csv", b"a,b\n{},1\n"),
        ("bad/Other.toml", b"columns = [[\"a\"]]"),
    ]);
    let tables = files::table_schemas(Path::new(&folder.path("schemas"))).unwrap();
    let table = folder.open_with("Mine.csv", &Options { tables, ..Options::default() }).unwrap().remove(0);
    assert_eq!(shown(&table), "Mine b:long a:dynamic\n1 | {}\n");
    assert!(
        files::table_schemas(Path::new(&folder.path("bad")))
            .unwrap_err()
            .to_string()
            .starts_with("cannot use the table schema")
    );
}

/// Reads a file that is not clean: the rows kept (their first column) and the warnings.
fn check_damaged(name: &str, content: &[u8], options: &Options, rows: &[&str], warnings: &[&str]) {
    let folder = Folder::new(&[(name, content)]);
    let table = folder.open_with(name, options).unwrap().remove(0);
    // Twice, as a query that names the table twice does: nothing is counted twice.
    for _ in 0..2 {
        let kept: Vec<String> = batches(&table, 1, None)
            .iter()
            .flat_map(|b| {
                (0..b.num_rows()).map(|row| cell(b.column(0), row, table.columns()[0].ktype)).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(kept, rows, "{name}");
        assert_eq!(folder.warnings(&table), warnings, "{name}");
    }
    assert_eq!(table.warnings().report().total(), warnings.len() as u64, "{name}");
}

#[test]
fn bad_rows_are_counted_and_good_ones_kept() {
    let options = Options::default();
    let check =
        |name, content: &[u8], rows: &[&str], warnings: &[&str]| check_damaged(name, content, &options, rows, warnings);
    check(
        "x.json",
        b"{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
        &["1", "3"],
        &["x.json:2: broken row skipped: the text ends inside a value"],
    );
    check(
        "x.csv",
        b"a,b\n1,2\n3\n4,5,6\n7,8,\n",
        &["1", "3", "4", "7"],
        &[
            "x.csv:3: row with too few or too many cells: 1 cells under 2 headers",
            "x.csv:4: row with too few or too many cells: 3 cells under 2 headers",
        ],
    );
    check(
        "x.csv",
        b"a,b\n1,2\n\"open,2\n3,4\n",
        &["1", "3"],
        &["x.csv:3: broken row skipped: a quoted cell is not closed"],
    );
    check(
        "x.csv",
        b"a,b\nM\xfcller,2\n",
        &["M\u{FFFD}ller"],
        &["x.csv:2: invalid bytes replaced: not UTF-8; U+FFFD stands for what cannot be read"],
    );
    check(
        "x.csv",
        b"a [Local Time]\n2020-01-01\n",
        &["2020-01-01T00:00:00.0000000Z"],
        &["x.csv:1: local times read as UTC: column `a`"],
    );
    check("x.json", b" \n", &[], &["x.json: empty file: it holds no rows"]);
}

#[test]
fn damaged_archives_keep_what_came_before() {
    let rows: String = (0..20000).map(|i| format!("{{\"a\":{i},\"b\":\"{}\"}}\n", i * 7919 % 10007)).collect();
    let mut packed = gzip(rows.as_bytes());
    packed.truncate(packed.len() / 2);
    let folder = Folder::new(&[("x.json.gz", &packed)]);
    let table = folder.open("x.json.gz").unwrap().remove(0);
    let n: usize = batches(&table, 4, None).iter().map(RecordBatch::num_rows).sum();
    assert!(n > 1000 && n < 20000, "{n}");
    let report = table.warnings().report();
    assert_eq!(report.total(), 1);
    assert_eq!(report.first[0].line, Some(n as u64 + 1));
    assert!(report.first[0].to_string().contains("file ends early"), "{}", report.first[0]);

    let mut archive = zip(&[("x.json", rows.as_bytes())]);
    let place = archive.len() / 2;
    archive[place] ^= 0xFF;
    let folder = Folder::new(&[("x.zip", &archive)]);
    let table = folder.open("x.zip").unwrap().remove(0);
    batches(&table, 1, None);
    assert!(table.warnings().report().total() > 0);
}

#[test]
fn long_lines_are_skipped_without_being_held() {
    let options = Options { line_bytes_max: 1000, ..Options::default() };
    let long = "y".repeat(2_000_000);
    for (name, text) in [
        ("x.json", format!("{{\"a\":\"1\"}}\n{{\"a\":\"{long}\"}}\n{{\"a\":\"3\"}}\n")),
        ("x.csv", format!("a\n1\n{long}\n3\n")),
        ("x.csv", format!("a\n1\n{long}z\n3\n")),
        ("x.txt", format!("1\n{long}\n3\n")),
    ] {
        let line = if name == "x.csv" { 3 } else { 2 };
        let warning = format!("{name}:{line}: overlong row skipped: longer than 1000 bytes");
        check_damaged(name, text.as_bytes(), &options, &["1", "3"], &[&warning]);
    }
}

#[test]
fn what_a_sample_does_not_show_is_counted() {
    let mut text = String::from("{\"a\":1}\n");
    for i in 0..300_000 {
        text.push_str(&format!("{{\"a\":{i}}}\n"));
    }
    let place = text[..1_000_000].rfind('\n').unwrap() + 1;
    text.insert_str(place, "{\"a\":\"late\",\"b\":2}\n");
    let options = Options { sample_bytes: 10_000, ..Options::default() };
    let folder = Folder::new(&[("x.json", text.as_bytes())]);
    let table = folder.open_with("x.json", &options).unwrap().remove(0);
    let line = text[..place].matches('\n').count() + 1;
    let batches = batches(&table, 4, None);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 300_002);
    assert!(table.partitions(4).len() > 1);
    assert_eq!(
        folder.warnings(&table),
        [
            format!(
                "x.json:{line}: value does not fit its column, null instead: `\"late\"` in column `a` is not of type long"
            ),
            format!("x.json:{line}: field outside the columns not read: `b`"),
        ]
    );
    let whole = folder.open("x.json").unwrap().remove(0);
    assert_eq!(whole.columns().iter().map(|c| c.ktype.name()).collect::<Vec<_>>(), ["dynamic", "long"]);
}

#[test]
fn partitions_and_projections_agree_with_the_whole() {
    let text: String = (0..60_000)
        .map(|i| format!("{{\"a\":{i},\"s\":\"{}\",\"n\":{{\"x\":[{i}]}}}}\n", "z".repeat(i % 90)))
        .collect();
    let folder = Folder::new(&[("x.json", text.as_bytes())]);
    let table = folder.open("x.json").unwrap().remove(0);
    let whole = batches(&table, 1, Some(&[0]));
    for n in [2, 3, 7] {
        let parts = batches(&table, n, Some(&[0]));
        let concat = |batches: &[RecordBatch]| arrow::compute::concat_batches(&batches[0].schema(), batches).unwrap();
        assert_eq!(concat(&parts), concat(&whole), "{n}");
    }
    let counted = batches(&table, 3, Some(&[]));
    assert_eq!(counted.iter().map(RecordBatch::num_rows).sum::<usize>(), 60_000);
}

#[test]
fn errors_name_the_file_and_the_reason() {
    let folder = Folder::new(&[
        ("empty/.hidden", b""),
        ("bad/x.bin", b"\x00\x01"),
        ("x.bz2", b"BZh9\x17\x00"),
        ("bad.parquet", b"PAR1 and no footer"),
        ("bad.zip", b"PK\x03\x04 and no directory"),
        ("bad.gz", b"\x1f\x8b\x08"),
        ("ok.json", b"{\"a\":1}"),
    ]);
    let cases = [
        ("none.json", "`none.json` does not exist"),
        ("*.none", "no file matches `*.none`"),
        ("empty", "folder `empty` holds no file of a known format"),
        ("bad", "folder `bad` holds no file of a known format"),
        ("x.bz2", "`x.bz2` has an unknown format: bzip2 is not supported"),
        ("bad.parquet", "cannot read the Parquet file `bad.parquet`"),
        ("bad.zip", "cannot unpack `bad.zip`: "),
        ("bad.gz", "cannot unpack `bad.gz`: "),
    ];
    for (name, message) in cases {
        let error = folder.open(name).unwrap_err();
        assert!(error.starts_with(message), "{name}: {error}");
    }
    assert_eq!(folder.open("*.json").unwrap().len(), 1);
}

#[test]
fn damaged_bytes_never_panic() {
    let json = br#"{"a":1,"t":"2024-01-31T10:00:00Z","d":{"k":[1.50,"\u00e9"]},"s":"x"}
{"a":-2.5e3,"b":true,"s":"\"q\"","d":[]}
"#;
    let bases: [(&str, Vec<u8>); 8] = [
        ("x.json", json.to_vec()),
        ("x.json", b"[\n  {\"a\": 1, \"b\": [{}]},\n  {\"a\": \"x\"}\n]".to_vec()),
        ("x.json", b"{\"Records\":[{\"a\":1},{\"a\":2}],\"x\":1}".to_vec()),
        ("x.csv", b"\xEF\xBB\xBFa,\"b [UTC]\",c\r\n1,\"1/31/2020, 1:05:00.000 PM\",\"q\"\"q\"\r\n,,\r\n".to_vec()),
        ("x.csv", "a;b\nM\u{fc};1\n".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("x.json.gz", gzip(json)),
        ("x.zip", zip(&[("a.json", json), ("b.csv", b"a,b\n1,2\n"), ("c.json", json)])),
        ("x.parquet", parquet_file(&sample_batch(), 2)),
    ];
    let mut state = 1u64;
    let mut random = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    for (name, base) in bases {
        for _ in 0..60 {
            let mut bytes = base.clone();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes.truncate(at.max(1)),
                    1 => bytes[at] = random(256) as u8,
                    2 => bytes.insert(at, b"\"\\{}[],:\n\r\0;"[random(12)]),
                    _ => {
                        bytes.remove(at);
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let folder = Folder::new(&[(name, &bytes)]);
            for table in folder.open(name).unwrap_or_default() {
                let progress = Arc::new(Progress::default());
                for partition in table.partitions(2) {
                    // An error ends a reader; what matters is that it is one.
                    let _ = table.read(&partition, None, &progress).filter_map(Result::ok).count();
                }
            }
        }
    }
}
