//! The whole company at once: what is written is the same each time, can be read, and holds what is planted.

use super::*;
use std::collections::HashSet;

/// 2025-07-01, the end of the month of these tests.
fn end() -> i64 {
    ticks::days_from_civil(2025, 7, 1) * ticks::DAY
}

fn written(seed: u64, scale: f64) -> (tempfile::TempDir, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let summary = write(folder.path(), seed, scale, end()).unwrap();
    (folder, summary)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, summary) = written(7, 0.01);
    let (again, _) = written(7, 0.01);
    let (other, _) = written(8, 0.01);
    let bytes = |folder: &tempfile::TempDir, name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for file in &summary.files {
        assert_eq!(bytes(&first, file.name), bytes(&again, file.name), "{}", file.name);
        assert_ne!(bytes(&first, file.name), bytes(&other, file.name), "{}", file.name);
    }
    assert_eq!(bytes(&first, "truth.json"), bytes(&again, "truth.json"));
}

#[test]
fn every_file_reads_back_with_known_columns_in_the_order_of_time() {
    let (folder, summary) = written(1, 0.02);
    let inputs = [files::Input::path(folder.path().display().to_string())];
    let tables = files::open(&inputs, &files::Options::default()).unwrap();
    for file in &summary.files {
        let name = file.name.split('.').next().unwrap();
        let table = tables.iter().find(|table| table.name() == name).unwrap();
        if let Some(builtin) = schema::tables::builtin(name) {
            assert_eq!(table.columns(), builtin.columns, "{name}: the file has a column that the table does not have");
        } else {
            assert_eq!(name, "HighValueAssets");
        }
        let progress = std::sync::Arc::new(files::Progress::default());
        let mut rows = 0;
        let mut last = i64::MIN;
        let time = table.columns().iter().position(|column| column.name == "TimeGenerated");
        for partition in table.partitions(1) {
            for batch in table.read(&partition, None, &progress) {
                let batch = batch.unwrap();
                rows += batch.num_rows() as u64;
                let Some(time) = time else { continue };
                use arrow::array::{Array, AsArray};
                let times = batch.column(time).as_primitive::<arrow::datatypes::Int64Type>();
                assert_eq!(times.null_count(), 0, "{name}: an unread time");
                for at in times.values() {
                    assert!(*at >= last, "{name}: the order of time");
                    assert!((summary.start..summary.end).contains(at), "{name}: outside the month");
                    last = *at;
                }
            }
        }
        assert_eq!(rows, file.rows, "{name}");
    }
    let report = tables[0].warnings().report();
    assert!(report.counts.is_empty(), "{report:?}");
}

/// Counts the rows of a JSON-lines file that a predicate holds for.
fn count(folder: &tempfile::TempDir, file: &str, holds: impl Fn(&serde_json::Value) -> bool) -> usize {
    let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
    text.lines().filter(|line| holds(&serde_json::from_str(line).unwrap())).count()
}

#[test]
fn what_is_planted_is_there() {
    let (folder, summary) = written(3, 0.02);
    let finding = |name: &str, column: &str| -> String {
        let planted = summary.planted.iter().find(|planted| planted.name == name).unwrap();
        planted.finding.iter().find(|(c, _)| *c == column).unwrap().1.clone()
    };
    let failed = count(&folder, "SigninLogs.json", |row| {
        row["IPAddress"] == "192.0.2.44" && (row["ResultType"] == "50126" || row["ResultType"] == "50053")
    });
    assert_eq!(failed.to_string(), finding("password-spray", "Failures"));
    let day = finding("failed-day", "TimeGenerated");
    let failed = count(&folder, "SigninLogs.json", |row| {
        row["ResultType"] != "0" && row["TimeGenerated"].as_str().unwrap().starts_with(&day[..10])
    });
    assert_eq!(failed.to_string(), finding("failed-day", "Failed"));
    let hour = finding("download-peak", "TimeGenerated");
    let downloads = count(&folder, "OfficeActivity.json", |row| {
        row["Operation"] == "FileDownloaded" && row["TimeGenerated"].as_str().unwrap().starts_with(&hour[..13])
    });
    assert_eq!(downloads.to_string(), finding("download-peak", "Downloads"));
    let blobs = count(&folder, "StorageBlobLogs.json", |row| {
        row["CallerIpAddress"].as_str().unwrap().starts_with("192.0.2.201:") && row["AuthenticationType"] == "SAS"
    });
    assert_eq!(blobs.to_string(), finding("sas-exfiltration", "Blobs"));
    let vendor = finding("vendor-reads", "UserId");
    let day = finding("vendor-reads", "Day");
    let records = count(&folder, "Dynamics365Activity.json", |row| {
        row["UserId"] == vendor.as_str() && row["TimeGenerated"].as_str().unwrap().starts_with(&day[..10])
    });
    assert_eq!(records.to_string(), finding("vendor-reads", "Records"));
    let truth: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("truth.json")).unwrap()).unwrap();
    assert_eq!(truth.as_array().unwrap().len(), summary.planted.len());
}

#[test]
fn each_incident_has_its_stop_of_the_tour() {
    let (_folder, summary) = written(1, 0.01);
    let planted: HashSet<&str> = summary.planted.iter().map(|planted| planted.name).collect();
    let found: HashSet<&str> = tour().iter().map(|step| step.finds).collect();
    assert_eq!(planted, found);
    assert_eq!(tour().len(), found.len());
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let message = |scale, end| write(folder.path(), 1, scale, end).unwrap_err().to_string();
    assert_eq!(message(0.0, end()), "the scale `0` is not above 0 and at most 1000");
    assert_eq!(message(f64::NAN, end()), "the scale `NaN` is not above 0 and at most 1000");
    assert!(message(1.0, ticks::DAY * 30).starts_with("the logs cannot end at that instant"));
    assert!(message(1.0, i64::MAX).starts_with("the logs cannot end at that instant"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("SigninLogs.json"), "{}").unwrap();
    let refused = write(folder.path(), 1, 0.01, end()).unwrap_err();
    assert!(matches!(refused, DemoError::Occupied { .. }), "{refused}");
    assert_eq!(std::fs::read(folder.path().join("SigninLogs.json")).unwrap(), b"{}");
}
