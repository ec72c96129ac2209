//! Real files, written here and read through the whole engine.

use crate::file_table::file_table;
use crate::testing::*;
use crate::{TableSource, Tables};
use arrow::array::*;
use arrow::datatypes::{DataType, Field};
use kql::plan::{Expr, Node, Plan, SortKey};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use schema::KqlType::{Bool, Datetime, Dynamic, Int, Long, Real, String};
use schema::{KqlType, Value, ticks};
use std::sync::Arc;

/// Writes batches as files of one table, in row groups of two rows, and opens them.
fn written(folder: &std::path::Path, batches: &[RecordBatch]) -> Arc<dyn TableSource> {
    for (i, batch) in batches.iter().enumerate() {
        let file = std::fs::File::create(folder.join(format!("part{i}.parquet"))).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    }
    let input = files::Input { table: Some("T".into()), path: folder.display().to_string() };
    let table = files::open(&[input], &files::Options::default()).unwrap().remove(0);
    assert!(table.parquet().is_some());
    file_table(table, Arc::default())
}

fn timestamps(texts: &[Option<&str>]) -> ArrayRef {
    let micros =
        texts.iter().map(|text| text.map(|text| (ticks::parse_datetime(text).unwrap() - 621_355_968_000_000_000) / 10));
    Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC"))
}

fn events() -> Vec<RecordBatch> {
    let first: Vec<(&str, ArrayRef)> = vec![
        (
            "At",
            timestamps(&[
                Some("2026-05-01T00:00:00Z"),
                Some("2026-05-01T00:00:01Z"),
                None,
                Some("2026-05-03T00:00:00Z"),
            ]),
        ),
        ("Who", Arc::new(StringArray::from(vec![Some("ann"), None, Some(""), Some("bob")]))),
        ("N", Arc::new(Int16Array::from(vec![Some(1), Some(2), None, Some(-4)]))),
        ("Bag", {
            let field = Arc::new(Field::new("a", DataType::Int64, true));
            Arc::new(StructArray::from(vec![(field, Arc::new(Int64Array::from(vec![1, 2, 3, 4])) as ArrayRef)]))
        }),
    ];
    // The second file lacks a column and has another.
    let second: Vec<(&str, ArrayRef)> = vec![
        ("At", timestamps(&[Some("2026-05-04T00:00:00.000001Z"), Some("2026-05-05T00:00:00Z")])),
        ("N", Arc::new(Int32Array::from(vec![70_000, 6]))),
        ("Extra", Arc::new(Float64Array::from(vec![0.5, 1.5]))),
    ];
    vec![RecordBatch::try_from_iter(first).unwrap(), RecordBatch::try_from_iter(second).unwrap()]
}

const COLUMNS: [(u32, &str, KqlType); 5] =
    [(1, "At", Datetime), (2, "Who", String), (3, "N", Int), (4, "Bag", Dynamic), (5, "Extra", Real)];

fn scan() -> Plan {
    let source = COLUMNS.iter().map(|(_, name, _)| name.to_string()).collect();
    let columns = COLUMNS.iter().map(|(id, name, ktype)| field(*id, name, *ktype)).collect();
    Plan { node: Node::Table { table: "T".into(), source }, columns }
}

fn at(text: &str) -> Expr {
    Expr::Literal(Value::Datetime(ticks::parse_datetime(text).unwrap()))
}

fn tables(folder: &tempfile::TempDir, batches: &[RecordBatch]) -> Tables {
    let mut tables = Tables::default();
    tables.add("T", written(folder.path(), batches));
    tables
}

#[test]
fn columns_become_the_tables_types() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(&folder, &events());
    let mut rows = rows_over(tables, &scan()).unwrap();
    rows.sort();
    assert_eq!(
        rows,
        [
            "2026-05-01T00:00:00.0000000Z,ann,1,{\"a\":1},null",
            "2026-05-01T00:00:01.0000000Z,,2,{\"a\":2},null",
            "2026-05-03T00:00:00.0000000Z,bob,-4,{\"a\":4},null",
            "2026-05-04T00:00:00.0000010Z,,70000,null,0.5",
            "2026-05-05T00:00:00.0000000Z,,6,null,1.5",
            "null,,null,{\"a\":3},null",
        ]
    );
}

#[test]
fn filters_mean_the_same_in_the_file_as_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(&folder, &events());
    let is = |function: &'static str, id: u32, ktype, value: Expr| call(function, vec![col(id, ktype), value], Bool);
    let int = |value| Expr::Literal(Value::Int(value));
    // Each predicate, and the days (and seconds) of the rows that it accepts; `-` is the row without a time.
    let cases: Vec<(Expr, &str)> = vec![
        (is(">=", 1, Datetime, at("2026-05-01T00:00:01Z")), "01:01 03 04 05"),
        (is(">", 1, Datetime, at("2026-05-01T00:00:00.9999999Z")), "01:01 03 04 05"),
        (is(">", 1, Datetime, at("2026-05-01T00:00:01Z")), "03 04 05"),
        (is("<", 1, Datetime, at("2026-05-01T00:00:00.0000001Z")), "01"),
        (is("<=", 1, Datetime, at("2026-05-01T00:00:00.9999999Z")), "01"),
        (is("==", 1, Datetime, at("2026-05-04T00:00:00.000001Z")), "04"),
        (is("==", 1, Datetime, at("2026-05-04T00:00:00.0000001Z")), ""),
        (is("!=", 1, Datetime, at("2026-05-03T00:00:00Z")), "- 01 01:01 04 05"),
        (is("==", 2, String, text("ann")), "01"),
        (is("==", 2, String, text("")), "- 01:01 04 05"),
        (is("!=", 2, String, text("ann")), "- 01:01 03 04 05"),
        (is("!=", 2, String, text("")), "01 03"),
        (is("in", 2, String, text("bob")), "03"),
        (is("!in", 2, String, text("bob")), "- 01 01:01 04 05"),
        (call("not", vec![is("==", 2, String, text("ann"))], Bool), "- 01:01 03 04 05"),
        (is("<", 2, String, text("b")), "- 01 01:01 04 05"),
        (is(">", 3, Int, int(1)), "01:01 04 05"),
        (is("==", 3, Int, int(70_000)), "04"),
        (call("isnull", vec![col(3, Int)], Bool), "-"),
        (is(">", 5, Real, Expr::Literal(Value::Real(1.0))), "05"),
        (call("and", vec![is(">", 1, Datetime, at("2026-05-02")), is("==", 2, String, text("bob"))], Bool), "03"),
    ];
    for (predicate, expected) in cases {
        let shown = format!("{predicate:?}");
        let mut days: Vec<std::string::String> =
            rows_over(tables.clone(), &project(filter(scan(), predicate), vec![(9, col(1, Datetime))]))
                .unwrap()
                .iter()
                .map(|time| match time.get(8..19) {
                    Some(day) if day.ends_with("00:00") => day[..2].to_string(),
                    Some(day) => format!("{}:{}", &day[..2], &day[9..]),
                    None => "-".to_string(),
                })
                .collect();
        days.sort();
        assert_eq!(days.join(" "), expected, "{shown}");
    }
}

#[test]
fn the_newest_rows_come_first_over_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(&folder, &events());
    for (descending, expected) in [(true, ["6", "70000"]), (false, ["null", "1"])] {
        let keys = vec![SortKey { expr: col(1, Datetime), descending, nulls_first: !descending }];
        let sorted = Plan { columns: scan().columns, node: Node::Sort { input: Box::new(scan()), keys } };
        let top = Plan { columns: scan().columns, node: Node::Take { input: Box::new(sorted), count: long(2) } };
        assert_eq!(rows_over(tables.clone(), &project(top, vec![(9, col(3, Int))])).unwrap(), expected);
    }
}

#[test]
fn joins_push_their_keys_into_converted_columns() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(&folder, &events());
    let keys = datatable(&[(20, Datetime), (21, Long)], &["2026-05-03T00:00:00Z,1", "2026-05-05T00:00:00Z,2"]);
    let columns = scan().columns.iter().chain(&keys.columns).cloned().collect();
    let on = vec![(col(1, Datetime), col(20, Datetime))];
    let kind = kql::plan::JoinKind::Inner;
    let joined = Plan { columns, node: Node::Join { left: Box::new(scan()), right: Box::new(keys), kind, on } };
    let mut rows = rows_over(tables, &project(joined, vec![(8, col(21, Long)), (9, col(3, Int))])).unwrap();
    rows.sort();
    assert_eq!(rows, ["1,-4", "2,6"]);
}
