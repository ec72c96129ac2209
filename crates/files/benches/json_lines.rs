//! How fast JSON lines are read, on one core, beside arrow-json on the same file: `cargo bench -p files`.
//!
//! A file of lines can be given in the environment variable `JSON_LINES`; without one, sign-in records are made up.

use arrow::datatypes::{DataType, Field, Schema};
use files::{Input, Options, Progress};
use schema::KqlType;
use std::io::BufReader;
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = std::env::var("JSON_LINES").unwrap_or_else(|_| {
        let path = folder.path().join("Signins.json");
        std::fs::write(&path, records(300_000)).expect("room for the records");
        path.display().to_string()
    });
    let bytes = std::fs::metadata(&path).expect("the file").len() as f64;
    let rate = |name: &str, run: &dyn Fn() -> usize| {
        let mut best = f64::MAX;
        let mut rows = 0;
        for _ in 0..3 {
            let start = cpu_seconds();
            rows = run();
            best = best.min(cpu_seconds() - start);
        }
        println!("{name:<40} {:>7.0} MB/s  {rows} rows", bytes / 1e6 / best);
    };
    let open = || files::open(&[Input::path(path.clone())], &Options::default()).expect("a table").remove(0);
    let table = open();
    let read = |projection: Option<&[usize]>| {
        let progress = Arc::new(Progress::default());
        let partition = table.partitions(1).remove(0);
        table.read(&partition, projection, &progress).map(|batch| batch.expect("a batch").num_rows()).sum::<usize>()
    };
    rate("files: all columns", &|| read(None));
    rate("files: two columns", &|| read(Some(&[0, 3])));
    rate("files: no columns", &|| read(Some(&[])));

    // arrow-json reads nested values only into declared structures: it gets the scalar columns.
    let scalars = table.columns().iter().filter(|c| c.ktype != KqlType::Dynamic).map(|c| {
        let data_type = match c.ktype {
            KqlType::String | KqlType::Datetime => DataType::Utf8View,
            other => other.arrow(),
        };
        Field::new(&c.name, data_type, true)
    });
    let schema = Arc::new(Schema::new(scalars.collect::<Vec<_>>()));
    rate("arrow-json: scalar columns", &|| {
        let file = BufReader::with_capacity(1 << 18, std::fs::File::open(&path).expect("the file"));
        let reader =
            arrow_json::ReaderBuilder::new(schema.clone()).with_batch_size(8192).build(file).expect("a reader");
        reader.map(|batch| batch.expect("a batch").num_rows()).sum()
    });
}

/// Returns the seconds that this thread has computed, so that a busy machine does not blur the figures; where the system
/// does not say, those on the clock.
fn cpu_seconds() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let nanos = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = nanos.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanos.map_or_else(|| START.get_or_init(Instant::now).elapsed().as_secs_f64(), |n| n / 1e9)
}

/// Makes up sign-in records of about 770 bytes.
fn records(n: u64) -> String {
    let mut out = String::new();
    for i in 0..n {
        let user = i * 7919 % 5003;
        out.push_str(&format!(
            r#"{{"TimeGenerated":"2024-01-{:02}T{:02}:{:02}:{:02}.{:07}Z","OperationName":"Sign-in activity","ResultType":"{}","UserPrincipalName":"user{user}@contoso.example","IPAddress":"10.{}.{}.{}","DurationMs":{},"Latitude":{}.{:04},"AppDisplayName":"Azure Portal","CorrelationId":"{:08x}-0000-4000-8000-{:012x}","Status":{{"errorCode":{},"failureReason":"Other.","additionalDetails":"MFA requirement satisfied by claim in the token"}},"DeviceDetail":{{"deviceId":"","operatingSystem":"Windows 10","browser":"Edge 120.0.0","isCompliant":true,"trustType":"Hybrid Azure AD joined"}},"ConditionalAccessPolicies":[{{"id":"{:08x}","result":"success","enforcedGrantControls":["Mfa"]}}],"UserAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"}}"#,
            i % 28 + 1, i / 3600 % 24, i / 60 % 60, i % 60, i % 10_000_000, i % 3 * 50_058, i % 250, i % 241, i % 239,
            i * 31 % 9973, i % 90, i % 10_000, i, i * 97, i % 3 * 50_058, i * 13
        ));
        out.push('\n');
    }
    out
}
