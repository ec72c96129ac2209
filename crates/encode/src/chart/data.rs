//! Which columns of a result a chart draws.
//!
//! # Source
//! Kusto reference, "render operator", and the page of each visualization: what the properties leave open is taken from
//! the columns' types and order.

use super::axis;
use crate::value::Values;
use crate::{EncodeError, ResultTable, Visualization};
use schema::{Column, KqlType, dynamic::raw, ticks};
use std::collections::HashMap;

/// What the x axis measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Number,
    Time,
    Duration,
}

/// A line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub name: String,
    /// In order of x; without points whose value is null or not finite.
    pub points: Vec<(f64, f64)>,
}

/// The lines of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lines {
    pub scale: Scale,
    pub series: Vec<Series>,
}

/// The bars of a chart.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Categories {
    /// Names of the bars of a category; one for a chart of single bars.
    pub names: Vec<String>,
    /// Label and values, one for each name.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

/// Places of the columns in the table.
struct Roles {
    x: usize,
    y: Vec<usize>,
    series: Vec<usize>,
}

fn place(columns: &[Column], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name == name)
}

fn is_value(ktype: KqlType) -> bool {
    ktype.is_numeric() || ktype == KqlType::Timespan
}

/// Gives each column its role; `None` when there is nothing to draw.
fn roles(columns: &[Column], v: &Visualization, x: Option<usize>, is_y: impl Fn(usize) -> bool) -> Option<Roles> {
    let x = v.x_column.as_deref().and_then(|name| place(columns, name)).or(x)?;
    let named: Vec<usize> = v.y_columns.iter().filter_map(|name| place(columns, name)).collect();
    let mut series: Vec<usize> = v.series.iter().filter_map(|name| place(columns, name)).collect();
    let y = if named.is_empty() {
        (0..columns.len()).filter(|i| *i != x && !series.contains(i) && is_y(*i)).collect()
    } else {
        named
    };
    if series.is_empty() {
        let is_name = |i: &usize| matches!(columns[*i].ktype, KqlType::String | KqlType::Guid | KqlType::Bool);
        series = (0..columns.len()).filter(|i| *i != x && !y.contains(i) && is_name(i)).collect();
    }
    (!y.is_empty()).then_some(Roles { x, y, series })
}

/// Returns the lines of a result: one for each value column and combination of the series columns. A result of
/// `make-series`, whose rows hold arrays, gives a line for each row.
pub(crate) fn series(table: &ResultTable, v: &Visualization) -> Result<Option<Lines>, EncodeError> {
    let columns = &table.columns;
    let is_arrays = columns.iter().any(|c| c.ktype == KqlType::Dynamic) && !columns.iter().any(|c| is_value(c.ktype));
    if is_arrays {
        return series_of_arrays(table, v);
    }
    let x = columns.iter().position(|c| c.ktype == KqlType::Datetime);
    let x = x.or_else(|| columns.iter().position(|c| is_value(c.ktype)));
    let Some(roles) = roles(columns, v, x, |i| is_value(columns[i].ktype)) else { return Ok(None) };
    let scale = match columns[roles.x].ktype {
        KqlType::Datetime => Scale::Time,
        KqlType::Timespan => Scale::Duration,
        t if t.is_numeric() => Scale::Number,
        _ => return Ok(None),
    };
    let mut lines = Draft::default();
    for batch in &table.batches {
        let values = Values::of_batch(batch, columns)?;
        for row in 0..batch.num_rows() {
            let Some(x) = values[roles.x].real(row).filter(|x| x.is_finite()) else { continue };
            let group = group_name(&values, &roles.series, row);
            for y in &roles.y {
                let name = series_name(&group, &columns[*y].name, roles.y.len());
                let point = values[*y].real(row).filter(|value| value.is_finite()).map(|value| (x, value));
                lines.push(name, point);
            }
        }
    }
    Ok(finish(lines, scale))
}

/// Names a line after the values of its series columns.
fn group_name(values: &[Values], series: &[usize], row: usize) -> String {
    let texts = series.iter().map(|i| {
        let mut text = String::new();
        values[*i].write_shown(row, &mut text);
        text
    });
    texts.collect::<Vec<_>>().join(", ")
}

fn series_name(group: &str, column: &str, n_columns: usize) -> String {
    match (group, n_columns) {
        ("", _) => column.to_string(),
        (group, 1) => group.to_string(),
        (group, _) => format!("{group}: {column}"),
    }
}

/// Lines under construction, found by name.
#[derive(Default)]
struct Draft {
    lines: Vec<Series>,
    places: HashMap<String, usize>,
}

impl Draft {
    fn push(&mut self, name: String, point: Option<(f64, f64)>) {
        let idx = *self.places.entry(name.clone()).or_insert_with(|| {
            self.lines.push(Series { name, points: Vec::new() });
            self.lines.len() - 1
        });
        self.lines[idx].points.extend(point);
    }
}

fn finish(draft: Draft, scale: Scale) -> Option<Lines> {
    let mut lines = draft.lines;
    lines.retain(|line| !line.points.is_empty());
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    (!lines.is_empty()).then_some(Lines { scale, series: lines })
}

fn series_of_arrays(table: &ResultTable, v: &Visualization) -> Result<Option<Lines>, EncodeError> {
    let columns = &table.columns;
    let mut first: Vec<Option<String>> = vec![None; columns.len()];
    for batch in &table.batches {
        for (slot, values) in first.iter_mut().zip(Values::of_batch(batch, columns)?) {
            if let Values::Dynamic(a) = values
                && slot.is_none()
            {
                *slot = a.iter().flatten().find_map(|json| {
                    raw::items(json).find(|item| raw::kind(item) != raw::Kind::Null).map(str::to_string)
                });
            }
        }
    }
    let is_time = |i: usize| first[i].as_deref().is_some_and(|item| time(item).is_some());
    let x = (0..columns.len()).find(|i| is_time(*i)).or_else(|| (0..columns.len()).find(|i| first[*i].is_some()));
    let Some(roles) = roles(columns, v, x, |i| first[i].as_deref().is_some_and(|item| value(item).is_some())) else {
        return Ok(None);
    };
    let scale = if is_time(roles.x) { Scale::Time } else { Scale::Number };
    let mut lines = Draft::default();
    for batch in &table.batches {
        let values = Values::of_batch(batch, columns)?;
        for row in 0..batch.num_rows() {
            let items = |i: usize| match &values[i] {
                Values::Dynamic(a) if !values[i].is_null(row) => raw::items(a.value(row)).collect(),
                _ => Vec::new(),
            };
            let group = group_name(&values, &roles.series, row);
            let xs = items(roles.x);
            for y in &roles.y {
                let name = series_name(&group, &columns[*y].name, roles.y.len());
                for (x, y) in xs.iter().zip(items(*y)) {
                    let x = if scale == Scale::Time { time(x) } else { value(x) };
                    lines.push(name.clone(), x.zip(value(y)));
                }
            }
        }
    }
    Ok(finish(lines, scale))
}

/// Reads an instant inside an array.
fn time(json: &str) -> Option<f64> {
    ticks::parse_datetime(&raw::string(json)?).map(|n| n as f64)
}

/// Reads a number inside an array.
fn value(json: &str) -> Option<f64> {
    match raw::kind(json) {
        raw::Kind::Number => json.trim().parse().ok().filter(|value: &f64| value.is_finite()),
        _ => None,
    }
}

/// Returns the bars of a result: categories by the x column (the first, where nothing else is said), a bar for each value
/// column and combination of the series columns.
pub(crate) fn categories(table: &ResultTable, v: &Visualization) -> Result<Option<Categories>, EncodeError> {
    let columns = &table.columns;
    let x = (!columns.is_empty()).then_some(0);
    let Some(roles) = roles(columns, v, x, |i| is_value(columns[i].ktype)) else { return Ok(None) };
    let mut found = Categories::default();
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut rows: HashMap<String, usize> = HashMap::new();
    for batch in &table.batches {
        let values = Values::of_batch(batch, columns)?;
        for row in 0..batch.num_rows() {
            let label = match &values[roles.x] {
                Values::Datetime(a) if !values[roles.x].is_null(row) => axis::instant(a.value(row)),
                _ => group_name(&values, &[roles.x], row),
            };
            let label = if label.is_empty() { "(empty)".to_string() } else { label };
            let group = group_name(&values, &roles.series, row);
            for y in &roles.y {
                let name = series_name(&group, &columns[*y].name, roles.y.len());
                let at = *names.entry(name.clone()).or_insert_with(|| {
                    found.names.push(name);
                    found.names.len() - 1
                });
                // Rows of one category and different series stand together; without series each row is its own.
                let same = rows.get(&label).copied();
                let same = same.filter(|idx| found.rows[*idx].1.get(at).is_none_or(Option::is_none));
                let idx = same.unwrap_or_else(|| {
                    found.rows.push((label.clone(), Vec::new()));
                    rows.insert(label.clone(), found.rows.len() - 1);
                    found.rows.len() - 1
                });
                let cells = &mut found.rows[idx].1;
                cells.resize(cells.len().max(at + 1), None);
                cells[at] = values[*y].real(row);
            }
        }
    }
    Ok((!found.rows.is_empty()).then_some(found))
}
