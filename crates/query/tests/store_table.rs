//! Queries over a store: the same answers whether rows are in files, in memory, or in both.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::array::Array;
use arrow::util::display::array_value_to_string;
use datafusion::logical_expr::{Expr, lit};
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;
use extents::Snapshot;
use futures::executor::block_on;
use ingest::{Vault, VaultOptions};
use kql::bind::Environment;
use kql_functions::FUNCTIONS;
use query::{Engine, EngineOptions, QueryError, Request, SeenColumn, StoreTable, TableSource, Tables, TimeRange};
use schema::{Column, KqlType};
use stdx::{Clock, SystemClock};

fn answer(vault: &Vault, text: &str) -> Result<String, QueryError> {
    answer_by(&Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() })?, vault, text)
}

fn answer_by(engine: &Engine, vault: &Vault, text: &str) -> Result<String, QueryError> {
    let mut tables = Tables::default();
    tables.add("Events", Arc::new(StoreTable::new(snapshot(vault), text)));
    answer_of(engine, tables, text)
}

/// Makes a store with a workspace.
fn new_vault(root: &Path) -> Vault {
    let vault = Vault::open(root, Arc::new(SystemClock), VaultOptions::default()).expect("it opens");
    vault.create_workspace("contoso").expect("a workspace");
    vault
}

fn snapshot(vault: &Vault) -> Snapshot {
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    table.snapshot().expect("a snapshot")
}

fn answer_of(engine: &Engine, tables: Tables, text: &str) -> Result<String, QueryError> {
    let tables = Arc::new(tables);
    let session = engine.session(tables.clone(), Request::default());
    let environment = Environment {
        catalog: tables.as_ref(),
        functions: &*FUNCTIONS,
        host: Some(&session),
        now: session.context().now,
        principal: "",
        parameters: &[],
    };
    let (bound, diagnostics) = kql::bind::bind(text, environment);
    let bound = bound.unwrap_or_else(|| panic!("{diagnostics:?}"));
    block_on(async {
        let mut lines = Vec::new();
        for result in session.run(&bound).await? {
            for batch in result.stream.collect_batches().await? {
                for row in 0..batch.num_rows() {
                    let cells = batch.columns().iter().map(|array| match array.is_null(row) {
                        true => "null".to_string(),
                        false => array_value_to_string(array, row).expect("a cell"),
                    });
                    lines.push(cells.collect::<Vec<_>>().join(","));
                }
            }
        }
        Ok(lines.join(" / "))
    })
}

const CASES: [(&str, &str); 9] = [
    ("Events | count", "600"),
    ("Events | where User == 'user7' | count", "30"),
    ("Events | where User == '' | summarize n = count(), least = min(N)", "30,0"),
    ("Events | where N between (10 .. 12) | project N, User | sort by N asc", "10,user10 / 11,user11 / 12,user12"),
    ("Events | summarize n = count() by Odd = tostring(Bag.odd) | sort by Odd asc", "0,300 / 1,300"),
    ("Events | where TimeGenerated >= datetime(2026-01-02) | count", "120"),
    ("Events | where Bag.odd == 1 and User has 'user3' | summarize max(N)", "583"),
    (
        "Events | where _LogPosition == 99 | sort by N asc | project N, _LogPosition",
        "99,99 / 199,99 / 299,99 / 399,99 / 499,99 / 599,99",
    ),
    ("Events | top 2 by N desc | project N, isnull(Id), Decimal", "599,true,null / 598,true,null"),
];

#[test]
fn answers_do_not_depend_on_where_rows_are() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = new_vault(root.path());
    let columns = [
        ("User", KqlType::String),
        ("N", KqlType::Long),
        ("Bag", KqlType::Dynamic),
        ("Id", KqlType::Guid),
        ("Decimal", KqlType::Decimal),
        ("Span", KqlType::Timespan),
    ];
    let columns = columns.map(|(name, ktype)| Column::new(name, ktype));
    vault.ensure_table("contoso", "Events", &columns).expect("a table");
    for n in 0..6 {
        let record = |n: i64| {
            let user = if n % 20 == 0 { String::new() } else { format!("user{}", n % 20) };
            let day = 1 + n / 480;
            format!(
                "{{\"TimeGenerated\":\"2026-01-0{day}T00:00:00.{n:07}Z\",\"User\":\"{user}\",\"N\":{n},\"Bag\":{{\"odd\":{}}},\"Span\":\"00:00:01\"}}",
                n % 2
            )
        };
        let body: Vec<String> = (n * 100..n * 100 + 100).map(record).collect();
        let pending = vault.take("contoso", "Events", body.join("\n").as_bytes(), None).expect("taken");
        assert_eq!(block_on(pending.finish()).expect("taken").taken, 100);
        if n == 1 || n == 3 {
            vault.flush().expect("flushed");
        }
    }
    for step in ["files and memory", "files"] {
        for (text, expected) in CASES {
            let found = answer(&vault, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found, expected, "{text} over {step}");
        }
        vault.flush().expect("flushed");
    }
}

#[test]
fn a_row_group_that_was_changed_stops_the_query() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = new_vault(root.path());
    vault.ensure_table("contoso", "Events", &[Column::new("N", KqlType::Long)]).expect("a table");
    let body: Vec<String> = (0..1000).map(|n| format!("{{\"N\":{n}}}")).collect();
    let pending = vault.take("contoso", "Events", body.join("\n").as_bytes(), None).expect("taken");
    block_on(pending.finish()).expect("taken");
    vault.flush().expect("flushed");
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    let path = table.snapshot().expect("a snapshot").files[0].path().to_path_buf();
    let mut bytes = std::fs::read(&path).expect("a file");
    bytes[30] ^= 4;
    std::fs::write(&path, bytes).expect("written");
    let error = answer(&vault, "Events | summarize sum(N)").expect_err("the file was changed");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    assert!(text.contains("row group 0") && text.contains(".parquet"), "{text}");
}

#[test]
fn blocks_that_are_left_out_hold_no_match() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = new_vault(root.path());
    let columns = [("User", KqlType::String), ("N", KqlType::Long), ("Bag", KqlType::Dynamic)];
    let columns = columns.map(|(name, ktype)| Column::new(name, ktype));
    vault.ensure_table("contoso", "Events", &columns).expect("a table");
    // Blocks have 1,024 rows: the needles are in the second, in the fourth, and nowhere.
    for part in 0..5 {
        let record = |n: i64| {
            let user = if n == 1500 { "needle one".to_string() } else { format!("user{}", n % 7) };
            let ip = if n == 3900 { "10.1.2.3".to_string() } else { format!("10.0.0.{}", n % 200) };
            format!("{{\"User\":\"{user}\",\"N\":{n},\"Bag\":{{\"ip\":\"{ip}\",\"path\":\"a\\\\b{}\"}}}}", n / 1000)
        };
        let body: Vec<String> = (part * 1000..part * 1000 + 1000).map(record).collect();
        let pending = vault.take("contoso", "Events", body.join("\n").as_bytes(), None).expect("taken");
        assert_eq!(block_on(pending.finish()).expect("taken").taken, 1000);
    }
    let in_memory: Vec<String> = NEEDLES.iter().map(|(text, _)| answer(&vault, text).expect(text)).collect();
    vault.flush().expect("flushed");
    for ((text, expected), in_memory) in NEEDLES.iter().zip(in_memory) {
        assert_eq!(answer(&vault, text).expect(text), *expected, "{text}");
        assert_eq!(in_memory, *expected, "{text} in memory");
    }
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    let file = table.snapshot().expect("a snapshot").files[0].clone();
    let index = file.terms().expect("an index");
    assert_eq!(index.blocks(&terms::Subject::value(1).has("needle")).count(), 1);
}

const NEEDLES: [(&str, &str); 12] = [
    ("Events | where User == 'needle one' | project N", "1500"),
    ("Events | where User has 'NEEDLE' | project N", "1500"),
    ("Events | where User =~ 'Needle One' or Bag.ip == '10.1.2.3' | sort by N asc | project N", "1500 / 3900"),
    ("Events | where tostring(Bag.ip) == '10.1.2.3' and User startswith 'user' | project N", "3900"),
    ("Events | where Bag has '10.1.2.3' | project N", "3900"),
    ("Events | where Bag.ip in ('10.1.2.3', 'x') | count", "1"),
    ("Events | where User in~ ('NEEDLE ONE', 'user3') | count", "715"),
    (r"Events | where Bag.path == @'a\b2' | summarize count(), min(N), max(N)", "1000,2000,2999"),
    ("Events | where User contains 'eedle' | count", "1"),
    ("Events | where User == 'nobody' | count", "0"),
    ("Events | where User !has 'needle' | count", "4999"),
    ("Events | where * has 'needle' and N > 1499 | project N", "1500"),
];

#[test]
fn the_bag_is_seen_once_something_is_in_it_or_when_it_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = new_vault(root.path());
    vault.ensure_table("contoso", "Events", &[Column::new("N", KqlType::Long)]).expect("a table");
    let take = |body: &str| {
        let pending = vault.take("contoso", "Events", body.as_bytes(), None).expect("taken");
        assert_eq!(block_on(pending.finish()).expect("taken").taken, 1);
    };
    let all = "Events | project-away TimeGenerated | sort by N asc";
    take(r#"{"N":1}"#);
    for _ in 0..2 {
        assert_eq!(answer(&vault, all).expect(all), "1");
        let named = "Events | where isempty(AdditionalFields) | project N, AdditionalFields";
        assert_eq!(answer(&vault, named).expect(named), "1,null");
        vault.flush().expect("flushed");
    }
    take(r#"{"N":2,"Else":"x"}"#);
    for _ in 0..2 {
        assert_eq!(answer(&vault, all).expect(all), r#"1,null / 2,{"Else":"x"}"#);
        vault.flush().expect("flushed");
    }
}

#[test]
fn answers_do_not_depend_on_what_is_kept_in_memory() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = new_vault(root.path());
    let columns = [("User", KqlType::String), ("N", KqlType::Long), ("Bag", KqlType::Dynamic)];
    let columns = columns.map(|(name, ktype)| Column::new(name, ktype));
    vault.ensure_table("contoso", "Events", &columns).expect("a table");
    // One row group of several pieces in a file, then rows in memory.
    for part in 0..5 {
        let record = |n: i64| {
            let user = if n % 9000 == 77 { "needle" } else { "a user with a long name" };
            let time = format!("2026-01-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
            format!(
                "{{\"TimeGenerated\":\"{time}\",\"User\":\"{user} {}\",\"N\":{n},\"Bag\":{{\"part\":{part}}}}}",
                n % 50
            )
        };
        let body: Vec<String> = (part * 10_000..part * 10_000 + 10_000).map(record).collect();
        let pending = vault.take("contoso", "Events", body.join("\n").as_bytes(), None).expect("taken");
        assert_eq!(block_on(pending.finish()).expect("taken").taken, 10_000);
        if part == 3 {
            vault.flush().expect("flushed");
        }
    }
    let cases = [
        (
            "Events | where User has 'needle' | summarize N = make_list(N) | project array_sort_asc(N)",
            "[77,9077,18077,27077,36077,45077]",
        ),
        ("Events | where User has 'needle' and N > 20000 and Bag.part == 3 | project N, User", "36077,needle 27"),
        ("Events | where N between (16380 .. 16390) | summarize count(), sum(N), take_any(Bag.part)", "11,180235,1"),
        ("Events | where User endswith ' 7' | summarize count(), max(N), dcount(tostring(Bag))", "1000,49957,5"),
        ("Events | where User endswith ' 7' | top 3 by TimeGenerated desc | project N", "49957 / 49907 / 49857"),
        ("Events | where TimeGenerated < datetime(2026-01-01T00:00:02Z) | sort by N asc | project N", "0 / 1"),
        ("Events | where N % 2 == 0 | take 7 | count", "7"),
        (
            "Events | summarize count(), min(TimeGenerated) == datetime(2026-01-01), min(N), max(N)",
            "50000,true,0,49999",
        ),
        ("Events | join kind=inner (Events | where N in (3, 16384, 49999)) on N | summarize sum(N)", "66386"),
    ];
    for cache_memory in [0, 300 << 10, 64 << 20] {
        let engine = Engine::new(EngineOptions { threads: 2, cache_memory, ..EngineOptions::default() });
        let engine = engine.expect("an engine");
        for turn in 0..4 {
            for (text, expected) in cases {
                let found = answer_by(&engine, &vault, text).unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(found, expected, "{text}, turn {turn} with {cache_memory} bytes");
            }
        }
    }
}

/// A clock that stands where it was set.
#[derive(Clone)]
struct SetClock(Arc<AtomicI64>);

impl Clock for SetClock {
    fn now_ticks(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Records 0 and 1 were sealed on the first of March, 2 and 3 on the second.
const SEAL_TIMES: [(&str, &str); 28] = [
    ("Events | where ingestion_time() < datetime(2026-03-02) | project N | sort by N asc", "0 / 1"),
    ("Events | where ingestion_time() == datetime(2026-03-02T10:00:00) | project N | sort by N asc", "2 / 3"),
    (
        "Events | where ingestion_time() > datetime(2026-03-02) | project-away TimeGenerated | sort by N asc",
        "2,b / 3,b",
    ),
    ("Events | where ingestion_time() > datetime(2026-03-03) | count", "0"),
    ("Events | project N | where N == 3 | project format_datetime(ingestion_time(), 'dd.MM.yyyy HH')", "02.03.2026 10"),
    ("Events | where N == 1 | extend ingestion_time() | project dayofmonth(['$IngestionTime'])", "1"),
    ("Events | where N == 1 | getschema | where ColumnName contains 'time' | project ColumnName", "TimeGenerated"),
    (
        "Events | where N == 2 | extend T = ingestion_time(), P = pack_all() | project bag_keys(P)",
        r#"["TimeGenerated","N","Text"]"#,
    ),
    ("Events | distinct * | count", "4"),
    (
        "Events | summarize arg_max(ingestion_time(), *) by Text | project Text, N > 1 | sort by Text asc",
        "a,false / b,true",
    ),
    (
        "Events | summarize T = max(ingestion_time()) by Text | project Text, dayofmonth(T) | sort by Text asc",
        "a,1 / b,2",
    ),
    (
        "Events | summarize count() by T = bin(ingestion_time(), 1d) | sort by T asc | project count_, dayofmonth(T)",
        "2,1 / 2,2",
    ),
    ("Events | top 2 by ingestion_time() desc | summarize sum(N)", "5"),
    (
        "Events | sort by ingestion_time() desc, N desc | extend R = row_number() | project N, R",
        "3,1 / 2,2 / 1,3 / 0,4",
    ),
    (
        "Events | sort by N asc | extend P = prev(N) | where ingestion_time() > datetime(2026-03-02) | project N, P",
        "2,1 / 3,2",
    ),
    (
        "Events | parse Text with X | where ingestion_time() > datetime(2026-03-02) | project N, X | sort by N asc",
        "2,b / 3,b",
    ),
    ("union Events, (datatable(N:long)[9]) | where isnull(ingestion_time()) | project N", "9"),
    ("union Events, Events | where ingestion_time() > datetime(2026-03-02) | count", "4"),
    ("find in (Events) where ingestion_time() > datetime(2026-03-02) project N | summarize sum(N)", "5"),
    ("Events | mv-expand X = dynamic([1, 2]) | summarize countif(isnull(ingestion_time()))", "8"),
    ("Events | summarize by N | where isnull(ingestion_time()) | count", "4"),
    ("Events | where N in ((Events | where ingestion_time() > datetime(2026-03-02) | project N)) | count", "2"),
    ("print dayofmonth(toscalar(Events | summarize min(ingestion_time())))", "1"),
    ("let f = (t:(N:long)) { t | where ingestion_time() > datetime(2026-03-02) }; f(Events) | count", "2"),
    ("let e = Events | extend T = ingestion_time(); e | join kind=inner e on N | where T == T1 | count", "4"),
    ("Events | join kind=leftanti (Events | where N > 2) on N | summarize dayofmonth(max(ingestion_time()))", "2"),
    ("Events | where _TimeReceived == ingestion_time() | summarize count(), dayofmonth(max(_TimeReceived))", "4,2"),
    (
        "Events | extend D = dynamic({'x': 1}) | evaluate bag_unpack(D) | summarize countif(isnotnull(ingestion_time()))",
        "0",
    ),
];

#[test]
fn the_time_of_ingestion_is_that_of_the_sealing() {
    let root = tempfile::tempdir().expect("a folder");
    let at = |day: i64| schema::ticks::parse_datetime(&format!("2026-03-0{day}T10:00:00Z")).expect("a time");
    let clock = SetClock(Arc::new(AtomicI64::new(at(1))));
    let open = || Vault::open(root.path(), Arc::new(clock.clone()), VaultOptions::default()).expect("it opens");
    let vault = open();
    vault.create_workspace("contoso").expect("a workspace");
    let columns = [Column::new("N", KqlType::Long), Column::new("Text", KqlType::String)];
    vault.ensure_table("contoso", "Events", &columns).expect("a table");
    let take = |vault: &Vault, n: i64, text: &str| {
        let body = format!("{{\"N\":{n},\"Text\":\"{text}\"}}\n{{\"N\":{},\"Text\":\"{text}\"}}", n + 1);
        let pending = vault.take("contoso", "Events", body.as_bytes(), None).expect("taken");
        assert_eq!(block_on(pending.finish()).expect("taken").taken, 2);
    };
    let check = |vault: &Vault, place: &str| {
        for (text, expected) in SEAL_TIMES {
            let found = answer(vault, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found, expected, "{text} {place}");
        }
    };
    take(&vault, 0, "a");
    vault.flush().expect("flushed");
    clock.0.store(at(2), Ordering::SeqCst);
    take(&vault, 2, "b");
    clock.0.store(at(4), Ordering::SeqCst);
    check(&vault, "in a file and in memory");
    drop(vault);
    let vault = open();
    check(&vault, "after a start");
    vault.flush().expect("flushed");
    check(&vault, "in files");
    // A file that was sealed earlier is not read.
    let provider = StoreTable::new(snapshot(&vault), "").provider().expect("a provider");
    let time = Expr::Column(datafusion::common::Column::from_name("$IngestionTime"));
    let (state, later) = (SessionContext::new().state(), time.gt(lit(at(2) - 1)));
    let scan = block_on(provider.scan(&state, None, &[later], None)).expect("a plan");
    let scan = displayable(scan.as_ref()).one_line().to_string();
    assert!(scan.contains("2 rows in 1 units"), "{scan}");
    vault.compact().expect("joined");
    check(&vault, "in one file");
}

#[test]
fn a_range_of_time_is_one_of_columns_as_they_are_seen() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = new_vault(root.path());
    vault.ensure_table("contoso", "Events", &[Column::new("N", KqlType::Long)]).expect("a table");
    let body: Vec<String> = (1..=5).map(|n| format!("{{\"TimeGenerated\":\"2026-01-0{n}\",\"N\":{n}}}")).collect();
    let pending = vault.take("contoso", "Events", body.join("\n").as_bytes(), None).expect("taken");
    assert_eq!(block_on(pending.finish()).expect("taken").taken, 5);
    let seen = [("Number", KqlType::Long, "N"), ("When", KqlType::Datetime, "TimeGenerated")];
    let seen = seen.map(|(name, ktype, stored)| SeenColumn { column: Column::new(name, ktype), stored: stored.into() });
    let engine = Engine::new(EngineOptions::default()).expect("an engine");
    let at = |day: &str| schema::ticks::parse_datetime(day);
    let found = |text: &str| {
        let mut tables = Tables::default();
        tables.add("Events", Arc::new(StoreTable::seen(snapshot(&vault), text, &seen)));
        let range = TimeRange { column: "When".to_string(), from: at("2026-01-02"), to: at("2026-01-04") };
        tables.set_time_range(&range);
        answer_of(&engine, tables, text).unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    assert_eq!(found("Events | where Number > 2 | project Number, dayofmonth(When) | sort by Number asc"), "3,3 / 4,4");
    assert_eq!(found("Events | where ingestion_time() > ago(1h) | summarize count(), dcount(_TimeReceived)"), "3,1");
}
