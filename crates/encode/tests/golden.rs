//! Results in every text format against the files of `golden/`: `UPDATE=1 cargo test -p encode` writes these anew.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal256Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringViewArray,
};
use arrow::datatypes::Int64Type;
use encode::{
    DataSource, Format, MonitorExtras, Options, QueryResult, RequestIds, ResultTable, Statistics, Visualization,
};
use schema::{Column, DECIMAL_PRECISION, DECIMAL_SCALE, KqlType, number, ticks};
use std::path::PathBuf;
use std::sync::Arc;

fn check(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "{name} differs; now:\n{actual}");
}

fn instant(text: &str) -> i64 {
    ticks::parse_datetime(text).unwrap()
}

/// A table from columns given as (name, type, values as text; "null" for null).
fn table(name: &str, columns: &[(&str, KqlType, &[&str])]) -> ResultTable {
    let arrays: Vec<ArrayRef> = columns.iter().map(|(_, ktype, values)| array(*ktype, values)).collect();
    let fields = columns.iter().map(|(name, _, _)| *name).zip(arrays);
    let batch = RecordBatch::try_from_iter_with_nullable(fields.map(|(n, a)| (n, a, true))).unwrap();
    let columns = columns.iter().map(|(name, ktype, _)| Column::new(*name, *ktype)).collect();
    ResultTable { name: name.to_string(), columns, batches: vec![batch] }
}

fn array(ktype: KqlType, values: &[&str]) -> ArrayRef {
    let values = values.iter().map(|v| (*v != "null").then_some(*v));
    match ktype {
        KqlType::Bool => Arc::new(values.map(|v| v.map(|v| v == "true")).collect::<BooleanArray>()),
        KqlType::Int => Arc::new(values.map(|v| v.map(|v| v.parse::<i32>().unwrap())).collect::<Int32Array>()),
        KqlType::Long => Arc::new(values.map(|v| v.map(|v| v.parse::<i64>().unwrap())).collect::<Int64Array>()),
        KqlType::Real => Arc::new(values.map(|v| v.map(|v| number::parse_real(v).unwrap())).collect::<Float64Array>()),
        KqlType::Datetime => Arc::new(values.map(|v| v.map(instant)).collect::<Int64Array>()),
        KqlType::Timespan => {
            Arc::new(values.map(|v| v.map(|v| ticks::parse_timespan(v).unwrap())).collect::<Int64Array>())
        }
        KqlType::Decimal => {
            let array: Decimal256Array = values.map(|v| v.map(|v| number::parse_decimal(v).unwrap())).collect();
            Arc::new(array.with_precision_and_scale(DECIMAL_PRECISION, DECIMAL_SCALE).unwrap())
        }
        KqlType::String => Arc::new(values.map(|v| Some(v.unwrap_or(""))).collect::<StringViewArray>()),
        KqlType::Guid | KqlType::Dynamic => Arc::new(values.collect::<StringViewArray>()),
    }
}

/// Every type, with an ordinary value, an odd one and null.
fn every_type() -> ResultTable {
    table(
        "PrimaryResult",
        &[
            ("b", KqlType::Bool, &["true", "false", "null"]),
            ("i", KqlType::Int, &["1", "-2147483648", "null"]),
            ("l", KqlType::Long, &["42", "9223372036854775807", "null"]),
            ("r", KqlType::Real, &["1.0", "NaN", "null"]),
            ("dec", KqlType::Decimal, &["1.50", "12345678901234567890.123", "null"]),
            ("s", KqlType::String, &["plain", "a,b \"q\"\n\u{1b}[31m|日本語", "null"]),
            ("t", KqlType::Datetime, &["2020-01-01", "2024-02-29T23:59:59.1234567Z", "null"]),
            ("ts", KqlType::Timespan, &["01:00:00", "-1.02:03:04.5", "null"]),
            (
                "g",
                KqlType::Guid,
                &["74be27de-1e4e-49d9-b579-fe0b331d3642", "00000000-0000-0000-0000-000000000000", "null"],
            ),
            ("d", KqlType::Dynamic, &[r#"{"a":[1.50,null]}"#, r#""text""#, "null"]),
        ],
    )
}

fn counts() -> ResultTable {
    table("Counts", &[("Name", KqlType::String, &["x", "y"]), ("n", KqlType::Long, &["1", "20"])])
}

fn written(tables: Vec<ResultTable>, format: Format, width: Option<usize>) -> String {
    let request = RequestIds {
        client_request_id: "KPC.execute;1".to_string(),
        activity_id: "11111111-2222-3333-4444-555555555555".to_string(),
    };
    let options = Options { width, request, ..Options::default() };
    let visualization = Some(Visualization::new(
        "timechart",
        &[("title".to_string(), "T".to_string()), ("ycolumns".to_string(), "a, b".to_string())],
    ));
    let mut out = Vec::new();
    encode::write(&QueryResult { tables, visualization }, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_formats() {
    for format in [Format::Csv, Format::Tsv] {
        check(&format!("types.{}", format.name()), &written(vec![every_type()], format, None));
    }
    let several = [Format::Table, Format::Json, Format::JsonLines, Format::Markdown];
    for format in several.into_iter().chain([Format::KustoV1, Format::KustoV2, Format::Monitor]) {
        check(&format!("types.{}", format.name()), &written(vec![every_type(), counts()], format, None));
    }
    check("narrow.table", &written(vec![every_type()], Format::Table, Some(60)));
    check("empty.table", &written(vec![table("T", &[("a", KqlType::Long, &[])])], Format::Table, Some(60)));
    check("empty.json", &written(vec![table("T", &[("a", KqlType::Long, &[])])], Format::Json, None));
    let mut contract = String::new();
    encode::write_contract(&every_type(), &mut contract).unwrap();
    check("types.contract", &contract);
}

#[test]
fn json_formats_are_json() {
    for format in [Format::KustoV1, Format::KustoV2] {
        let value: serde_json::Value =
            serde_json::from_str(&written(vec![every_type(), counts()], format, None)).unwrap();
        let rows = if format == Format::KustoV1 { &value["Tables"][0]["Rows"] } else { &value[2]["Rows"] };
        assert_eq!(rows[1][2], serde_json::json!(9223372036854775807i64));
        assert_eq!(rows[2][5], "");
        assert_eq!(rows[2][9], serde_json::Value::Null);
    }
    let value: serde_json::Value = serde_json::from_str(&written(vec![every_type()], Format::Json, None)).unwrap();
    assert_eq!(value[0]["d"]["a"][0], 1.5);
    assert_eq!(value[1]["r"], "NaN");
}

#[test]
fn monitor_answers_have_what_was_asked_for() {
    let extras = |monitor: MonitorExtras, statistics: Statistics| {
        let visualization = Some(Visualization::new("columnchart", &[("title".to_string(), "t".to_string())]));
        let options = Options { monitor, visualization, ..Options::default() };
        let mut out = Vec::new();
        let mut encoder = encode::encoder(Format::Monitor, &options, Box::new(&mut out));
        let table = counts();
        encoder.begin_table(&table.name, &table.columns).unwrap();
        encoder.batch(&table.batches[0]).unwrap();
        encoder.end_table().unwrap();
        encoder.finish(&statistics).unwrap();
        drop(encoder);
        serde_json::from_slice::<serde_json::Value>(&out).unwrap()
    };
    let none = extras(MonitorExtras::default(), Statistics::default());
    assert_eq!(none.as_object().unwrap().keys().collect::<Vec<_>>(), ["tables"]);
    let source = DataSource { resource_id: "/subscriptions/s".to_string(), tables: vec!["T".to_string()] };
    let all = MonitorExtras { with_statistics: true, with_render: true, data_sources: Some(vec![source]) };
    let truncated = Statistics { truncated: Some("too many".to_string()), seconds: 0.5, ..Statistics::default() };
    let all = extras(all, truncated);
    check("extras.monitor", &serde_json::to_string_pretty(&all).unwrap());
    let empty =
        encode::encoder(Format::Monitor, &Options::default(), Box::new(std::io::sink())).finish(&Statistics::default());
    assert!(empty.is_ok());
}

#[test]
fn failures_after_rows_are_told_where_a_format_can() {
    for format in Format::ALL {
        let mut out = Vec::new();
        let mut encoder = encode::encoder(format, &Options::default(), Box::new(&mut out));
        let table = counts();
        encoder.begin_table(&table.name, &table.columns).unwrap();
        encoder.batch(&table.batches[0]).unwrap();
        let told = encoder.fail("LimitsExceeded", "too \"much\"").unwrap();
        drop(encoder);
        assert_eq!(told, matches!(format, Format::KustoV1 | Format::KustoV2 | Format::Monitor), "{}", format.name());
        if told {
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            check(&format!("failed.{}", format.name()), &serde_json::to_string_pretty(&value).unwrap());
        }
    }
}

#[test]
fn formats_with_one_table_refuse_more() {
    for format in [Format::Csv, Format::Tsv, Format::Parquet, Format::Arrow] {
        let result = QueryResult { tables: vec![counts(), counts()], visualization: None };
        let error = encode::write(&result, format, &Options::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), format!("{} holds one table, the result has more", format.name()));
    }
}

fn parquet_batch(table: ResultTable) -> Result<RecordBatch, String> {
    let mut out = Vec::new();
    let result = QueryResult { tables: vec![table], visualization: None };
    encode::write(&result, Format::Parquet, &Options::default(), &mut out).map_err(|e| e.to_string())?;
    // The reader needs bytes that it may keep.
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &out).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    Ok(arrow::compute::concat_batches(&schema, &batches).unwrap())
}

#[test]
fn columnar_files_keep_types_and_values() {
    let batch = parquet_batch(every_type()).unwrap();
    let types: Vec<String> = batch.schema().fields().iter().map(|f| f.data_type().to_string()).collect();
    assert_eq!(types[6..8], ["Timestamp(ns, \"UTC\")", "Duration(ns)"]);
    assert_eq!(batch.schema().field(9).metadata()["kql:type"], "dynamic");
    let times = arrow::compute::cast(batch.column(6), &arrow::datatypes::DataType::Int64).unwrap();
    assert_eq!(times.as_primitive::<Int64Type>().value(1), 1_709_251_199_123_456_700);
    assert!(batch.column(6).is_null(2) && !batch.column(5).is_null(2));

    let mut out = Vec::new();
    let result = QueryResult { tables: vec![every_type()], visualization: None };
    encode::write(&result, Format::Arrow, &Options::default(), &mut out).unwrap();
    let reader = arrow::ipc::reader::FileReader::try_new(std::io::Cursor::new(out), None).unwrap();
    assert_eq!(reader.map(Result::unwrap).next().unwrap().num_columns(), 10);
}

#[test]
fn times_past_nanoseconds_are_microseconds_or_refused() {
    let far = table("T", &[("t", KqlType::Datetime, &["0001-01-01", "2020-01-01T00:00:00.000001Z"])]);
    assert_eq!(parquet_batch(far).unwrap().schema().field(0).data_type().to_string(), "Timestamp(µs, \"UTC\")");
    let lost = table("T", &[("t", KqlType::Datetime, &["0001-01-01", "2020-01-01T00:00:00.0000001Z"])]);
    assert_eq!(
        parquet_batch(lost).unwrap_err(),
        "the datetime 2020-01-01T00:00:00.0000001Z of column `t` cannot be written to parquet without loss"
    );
    let empty = table("T", &[("t", KqlType::Datetime, &[])]);
    assert_eq!(parquet_batch(empty).unwrap().num_rows(), 0);
}

#[test]
fn workbooks_hold_typed_cells_and_know_their_limits() {
    let mut out = Vec::new();
    let tables = vec![every_type(), counts(), counts()];
    encode::write(&QueryResult { tables, visualization: None }, Format::Xlsx, &Options::default(), &mut out).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(out)).unwrap();
    let mut text = |name: &str| std::io::read_to_string(archive.by_name(name).unwrap()).unwrap();
    let sheet = text("xl/worksheets/sheet1.xml");
    // 42 as a number, 2020-01-01 as day 43831, a long past 15 digits as text.
    assert!(sheet.contains("<v>42</v>") && sheet.contains("<v>43831</v>"), "{sheet}");
    assert!(text("xl/sharedStrings.xml").contains("9223372036854775807"));
    assert!(text("xl/workbook.xml").contains("name=\"Counts 2\""));

    let long = "x".repeat(32_768);
    let result =
        QueryResult { tables: vec![table("T", &[("s", KqlType::String, &[long.as_str()])])], visualization: None };
    let error = encode::write(&result, Format::Xlsx, &Options::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "xlsx holds at most 32767 characters a cell; row 1 of column `s` has 32768");
    let wide: Vec<(String, KqlType)> = (0..16_385).map(|i| (format!("c{i}"), KqlType::Long)).collect();
    let columns: Vec<Column> = wide.into_iter().map(|(name, ktype)| Column::new(name, ktype)).collect();
    let result =
        QueryResult { tables: vec![ResultTable { name: "T".into(), columns, batches: vec![] }], visualization: None };
    let error = encode::write(&result, Format::Xlsx, &Options::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "xlsx holds at most 16384 columns a sheet");
    let mut out = Vec::new();
    let mut encoder = encode::encoder(Format::Xlsx, &Options::default(), Box::new(&mut out));
    encoder.begin_table("T", &[]).unwrap();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(1_048_575));
    let empty =
        RecordBatch::try_new_with_options(Arc::new(arrow::datatypes::Schema::empty()), vec![], &options).unwrap();
    encoder.batch(&empty).unwrap();
    assert_eq!(encoder.batch(&empty).unwrap_err().to_string(), "xlsx holds at most 1048575 rows a sheet");
}

#[test]
fn streams_end_as_results_do() {
    let table = counts();
    let mut out = Vec::new();
    let mut encoder = encode::encoder(Format::JsonLines, &Options::default(), Box::new(&mut out));
    encoder.begin_table(&table.name, &table.columns).unwrap();
    for _ in 0..3 {
        encoder.batch(&table.batches[0]).unwrap();
    }
    encoder.end_table().unwrap();
    encoder.finish(&Statistics::default()).unwrap();
    drop(encoder);
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 6);
}

#[test]
fn wrong_batches_are_refused() {
    let mut wrong = counts();
    wrong.columns[1].ktype = KqlType::Real;
    for format in Format::ALL {
        let result = QueryResult { tables: vec![wrong.clone()], visualization: None };
        let error = encode::write(&result, format, &Options::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "column `n` does not hold real values", "{}", format.name());
    }
}

fn drawn(table: &ResultTable, chart: &str, properties: &[(&str, &str)], width: usize) -> String {
    let properties: Vec<(String, String)> = properties.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    encode::chart::draw(table, &Visualization::new(chart, &properties), width)
        .unwrap()
        .unwrap_or_else(|| "not drawn\n".to_string())
}

#[test]
fn charts() {
    let hours: Vec<String> = (0..48).map(|h| ticks::datetime_text(instant("2024-01-01") + h * ticks::HOUR)).collect();
    let waves: Vec<String> =
        (0..48).map(|h| format!("{}", (1000.0 + 900.0 * (h as f64 / 8.0).sin()).round())).collect();
    let (hours, waves): (Vec<&str>, Vec<&str>) =
        (hours.iter().map(String::as_str).collect(), waves.iter().map(String::as_str).collect());
    let wave = table("T", &[("TimeGenerated", KqlType::Datetime, &hours), ("Requests", KqlType::Long, &waves)]);
    check("timechart.txt", &drawn(&wave, "timechart", &[("title", "Requests an hour")], 80));
    check("areachart.txt", &drawn(&wave, "areachart", &[], 60));
    check("log.txt", &drawn(&wave, "linechart", &[("yaxis", "log")], 60));

    let twice: Vec<&str> = hours[..12].iter().chain(&hours[..12]).copied().collect();
    let values: Vec<String> = (0..24).map(|i| format!("{}", if i < 12 { i * i } else { 30 - i })).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let sides: Vec<&str> = (0..24).map(|i| if i < 12 { "Succeeded" } else { "Failed" }).collect();
    let two = table(
        "T",
        &[("t", KqlType::Datetime, &twice), ("Status", KqlType::String, &sides), ("n", KqlType::Long, &values)],
    );
    check("two_series.txt", &drawn(&two, "timechart", &[], 60));
    check("scatterchart.txt", &drawn(&two, "scatterchart", &[("xcolumn", "n"), ("ycolumns", "n")], 60));

    let arrays = table(
        "T",
        &[
            ("User", KqlType::String, &["dana"]),
            ("n", KqlType::Dynamic, &["[1,5,2,null,9]"]),
            (
                "TimeGenerated",
                KqlType::Dynamic,
                &[
                    r#"["2024-01-01T00:00:00.0000000Z","2024-01-02T00:00:00.0000000Z","2024-01-03T00:00:00.0000000Z","2024-01-04T00:00:00.0000000Z","2024-01-05T00:00:00.0000000Z"]"#,
                ],
            ),
        ],
    );
    check("make_series.txt", &drawn(&arrays, "timechart", &[], 60));

    let status = table(
        "T",
        &[
            ("ActivityStatus", KqlType::String, &["Succeeded", "Started", "日本", "Failed", ""]),
            ("n", KqlType::Long, &["172", "138", "10", "-5", "null"]),
        ],
    );
    check("barchart.txt", &drawn(&status, "barchart", &[], 60));
    check("piechart.txt", &drawn(&status, "piechart", &[], 60));
    check("card.txt", &drawn(&status, "card", &[], 60));
    let grouped = table(
        "T",
        &[
            ("Day", KqlType::Datetime, &["2024-01-01", "2024-01-01", "2024-01-02"]),
            ("Result", KqlType::String, &["ok", "failed", "ok"]),
            ("n", KqlType::Long, &["10", "4", "7"]),
        ],
    );
    check("columnchart.txt", &drawn(&grouped, "columnchart", &[], 60));
    assert_eq!(drawn(&status, "treemap", &[], 60), "not drawn\n");
    assert_eq!(drawn(&table("T", &[("a", KqlType::String, &["x"])]), "timechart", &[], 60), "not drawn\n");
    assert_eq!(drawn(&table("T", &[("a", KqlType::Long, &[])]), "piechart", &[], 60), "not drawn\n");
}
