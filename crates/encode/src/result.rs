//! What a query gives: tables, and how they are meant to be drawn.

use arrow::array::RecordBatch;
use schema::Column;
use schema::dynamic::{json_real, write_json_string};

/// A query's result.
#[derive(Debug, Clone, Default)]
pub struct QueryResult {
    pub tables: Vec<ResultTable>,
    /// What a `render` operator asked for.
    pub visualization: Option<Visualization>,
}

/// A named table of a result.
#[derive(Debug, Clone, Default)]
pub struct ResultTable {
    pub name: String,
    pub columns: Vec<Column>,
    /// Arrays in the physical types of the columns ([`schema::KqlType::arrow`]).
    pub batches: Vec<RecordBatch>,
}

impl ResultTable {
    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// What a `render` operator asks for. What is `None` or empty is left to whoever draws.
///
/// # Source
/// Kusto reference, "render operator", properties.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visualization {
    /// The kind of chart: `timechart`, `barchart`, ...
    pub chart: String,
    pub title: Option<String>,
    pub x_column: Option<String>,
    pub series: Vec<String>,
    pub y_columns: Vec<String>,
    pub anomaly_columns: Vec<String>,
    pub x_title: Option<String>,
    pub y_title: Option<String>,
    /// `linear` or `log`.
    pub x_axis: Option<String>,
    pub y_axis: Option<String>,
    /// `visible` or `hidden`.
    pub legend: Option<String>,
    /// `none`, `axes` or `panels`.
    pub y_split: Option<String>,
    pub accumulate: bool,
    /// `default`, `unstacked`, `stacked`, `stacked100` or `map`.
    pub kind: Option<String>,
    pub y_min: Option<f64>,
    pub y_max: Option<f64>,
    pub x_min: Option<String>,
    pub x_max: Option<String>,
    /// Whether the query itself sorts its rows.
    pub is_query_sorted: bool,
}

impl Visualization {
    /// Takes what a `render` operator says: the chart and its properties as written, lists joined by commas. Properties
    /// that are not known, and numbers that are none, are left out.
    pub fn new(chart: &str, properties: &[(String, String)]) -> Visualization {
        let list = |value: &str| {
            value.split(',').map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
        };
        let mut v = Visualization { chart: chart.to_ascii_lowercase(), ..Visualization::default() };
        for (name, value) in properties {
            let text = Some(value.clone());
            match name.to_ascii_lowercase().as_str() {
                "title" => v.title = text,
                "xcolumn" => v.x_column = text,
                "series" => v.series = list(value),
                "ycolumns" => v.y_columns = list(value),
                "anomalycolumns" => v.anomaly_columns = list(value),
                "xtitle" => v.x_title = text,
                "ytitle" => v.y_title = text,
                "xaxis" => v.x_axis = text,
                "yaxis" => v.y_axis = text,
                "legend" => v.legend = text,
                "ysplit" => v.y_split = text,
                "accumulate" => v.accumulate = value.eq_ignore_ascii_case("true"),
                "kind" => v.kind = text,
                "ymin" => v.y_min = value.parse().ok(),
                "ymax" => v.y_max = value.parse().ok(),
                "xmin" => v.x_min = text,
                "xmax" => v.x_max = text,
                _ => {}
            }
        }
        v
    }

    /// Returns the properties as the JSON text that Kusto's services send beside a result, all keys present.
    ///
    /// # Source
    /// Captured answers of the Kusto REST API, `@ExtendedProperties`.
    pub fn to_json(annotation: Option<&Visualization>) -> String {
        let default = Visualization::default();
        let v = annotation.unwrap_or(&default);
        let chart = (!v.chart.is_empty()).then_some(v.chart.as_str());
        let list = |names: &[String]| (!names.is_empty()).then(|| names.join(","));
        let text = |value: Option<&str>| match value {
            Some(value) => {
                let mut out = String::new();
                write_json_string(&mut out, value);
                out
            }
            None => "null".to_string(),
        };
        let bound = |value: Option<f64>| match value {
            Some(value) if value.is_finite() => json_real(value),
            _ => "\"NaN\"".to_string(),
        };
        let members = [
            ("Visualization", text(chart)),
            ("Title", text(v.title.as_deref())),
            ("XColumn", text(v.x_column.as_deref())),
            ("Series", text(list(&v.series).as_deref())),
            ("YColumns", text(list(&v.y_columns).as_deref())),
            ("AnomalyColumns", text(list(&v.anomaly_columns).as_deref())),
            ("XTitle", text(v.x_title.as_deref())),
            ("YTitle", text(v.y_title.as_deref())),
            ("XAxis", text(v.x_axis.as_deref())),
            ("YAxis", text(v.y_axis.as_deref())),
            ("Legend", text(v.legend.as_deref())),
            ("YSplit", text(v.y_split.as_deref())),
            ("Accumulate", v.accumulate.to_string()),
            ("IsQuerySorted", v.is_query_sorted.to_string()),
            ("Kind", text(v.kind.as_deref())),
            ("Ymin", bound(v.y_min)),
            ("Ymax", bound(v.y_max)),
            ("Xmin", text(v.x_min.as_deref())),
            ("Xmax", text(v.x_max.as_deref())),
        ];
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}
