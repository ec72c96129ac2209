//! Points of metrics: `AppMetrics`. A measured value is its sum, least and greatest; a histogram or summary has its own, and how many
//! values it is of is its item count.
//!
//! # Source
//! Azure Monitor's exporter for histograms; OpenTelemetry's metrics data model for what it leaves out.

use super::read::Row;
use super::record::{Context, Record};
use super::value::{Object, ValueError, array_text, hex, number_text, object_of};
use super::wire::MetricKind as Kind;
use super::wire::{
    Buckets, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, KeyValue, MetricHead, NumberDataPoint, Piece,
    PieceError, SummaryDataPoint,
};

/// Whole numbers up to here are the same as a `real`.
const EXACT_MAX: u64 = 1 << 53;

/// Why a point is not taken.
pub enum PointError {
    Piece(PieceError),
    Value(ValueError),
}

impl From<PieceError> for PointError {
    fn from(error: PieceError) -> PointError {
        PointError::Piece(error)
    }
}

impl From<ValueError> for PointError {
    fn from(error: ValueError) -> PointError {
        PointError::Value(error)
    }
}

/// What points of all kinds have.
struct Common<'a> {
    start: u64,
    time: u64,
    attributes: &'a [KeyValue],
    exemplars: &'a [Exemplar],
    flags: u32,
}

pub fn row(
    piece: &Piece<'_>,
    kind: Kind,
    head: &MetricHead,
    context: &Context,
    arrival: i64,
) -> Result<Row, PointError> {
    let row = match kind {
        Kind::Gauge | Kind::Sum => measured(&piece.read()?, kind, head, context, arrival)?,
        Kind::Histogram => histogram(&piece.read()?, head, context, arrival)?,
        Kind::ExponentialHistogram => exponential(&piece.read()?, head, context, arrival)?,
        Kind::Summary => summary(&piece.read()?, head, context, arrival)?,
    };
    Ok(row)
}

fn measured(
    point: &NumberDataPoint,
    kind: Kind,
    head: &MetricHead,
    context: &Context,
    arrival: i64,
) -> Result<Row, ValueError> {
    let NumberDataPoint { start_time_unix_nano: start, time_unix_nano: time, attributes, exemplars, flags, .. } = point;
    let common = Common { start: *start, time: *time, attributes, exemplars, flags: *flags };
    let name = if kind == Kind::Gauge { "gauge" } else { "sum" };
    let mut record = begin(&common, name, head, arrival)?;
    let value = point.as_double.or(point.as_int.map(|int| int as f64));
    statistics(&mut record, value, value, value, value.map(|_| 1));
    let is_exact = |int: &i64| int.unsigned_abs() <= EXACT_MAX && point.as_double.is_none();
    if let Some(int) = point.as_int.filter(|int| !is_exact(int)) {
        record.properties.member("otel.value", &int.to_string());
    }
    Ok(end(record, context))
}

fn histogram(
    point: &HistogramDataPoint,
    head: &MetricHead,
    context: &Context,
    arrival: i64,
) -> Result<Row, ValueError> {
    let HistogramDataPoint { start_time_unix_nano: start, time_unix_nano: time, attributes, exemplars, flags, .. } =
        point;
    let common = Common { start: *start, time: *time, attributes, exemplars, flags: *flags };
    let mut record = begin(&common, "histogram", head, arrival)?;
    statistics(&mut record, point.sum, point.min, point.max, Some(point.count));
    let properties = &mut record.properties;
    if !point.bucket_counts.is_empty() {
        properties.member("otel.bucket_counts", &array_text(&point.bucket_counts, u64::to_string));
    }
    if !point.explicit_bounds.is_empty() {
        properties.member("otel.explicit_bounds", &array_text(&point.explicit_bounds, |bound| number_text(*bound)));
    }
    Ok(end(record, context))
}

fn exponential(
    point: &ExponentialHistogramDataPoint,
    head: &MetricHead,
    context: &Context,
    arrival: i64,
) -> Result<Row, ValueError> {
    let ExponentialHistogramDataPoint {
        start_time_unix_nano: start,
        time_unix_nano: time,
        attributes,
        exemplars,
        flags,
        ..
    } = point;
    let common = Common { start: *start, time: *time, attributes, exemplars, flags: *flags };
    let mut record = begin(&common, "exponential_histogram", head, arrival)?;
    statistics(&mut record, point.sum, point.min, point.max, Some(point.count));
    let properties = &mut record.properties;
    properties.member("otel.scale", &point.scale.to_string());
    properties.member("otel.zero_count", &point.zero_count.to_string());
    properties.member("otel.zero_threshold", &number_text(point.zero_threshold));
    for (name, buckets) in [("otel.positive", &point.positive), ("otel.negative", &point.negative)] {
        if let Some(Buckets { offset, bucket_counts }) = buckets {
            let counts = array_text(bucket_counts, u64::to_string);
            properties.member(name, &format!(r#"{{"offset":{offset},"bucket_counts":{counts}}}"#));
        }
    }
    Ok(end(record, context))
}

fn summary(point: &SummaryDataPoint, head: &MetricHead, context: &Context, arrival: i64) -> Result<Row, ValueError> {
    let SummaryDataPoint { start_time_unix_nano: start, time_unix_nano: time, attributes, flags, .. } = point;
    let common = Common { start: *start, time: *time, attributes, exemplars: &[], flags: *flags };
    let mut record = begin(&common, "summary", head, arrival)?;
    // The least and the greatest value are the quantiles 0 and 1.
    let at = |quantile: f64| point.quantile_values.iter().find(|at| at.quantile == quantile).map(|at| at.value);
    statistics(&mut record, Some(point.sum), at(0.0), at(1.0), Some(point.count));
    if !point.quantile_values.is_empty() {
        let quantiles = array_text(&point.quantile_values, |at| {
            format!(r#"{{"quantile":{},"value":{}}}"#, number_text(at.quantile), number_text(at.value))
        });
        record.properties.member("otel.quantile_values", &quantiles);
    }
    Ok(end(record, context))
}

fn begin(of: &Common<'_>, kind: &str, head: &MetricHead, arrival: i64) -> Result<Record, ValueError> {
    let mut record = Record::new(&[of.time], arrival);
    let properties = &mut record.properties;
    properties.attributes(of.attributes)?;
    properties.text("otel.metric_type", kind);
    properties.text("otel.unit", &head.unit);
    properties.text("otel.description", &head.description);
    match head.aggregation_temporality {
        0 => {}
        1 => properties.text("otel.aggregation_temporality", "delta"),
        2 => properties.text("otel.aggregation_temporality", "cumulative"),
        other => properties.member("otel.aggregation_temporality", &other.to_string()),
    }
    if kind == "sum" {
        properties.member("otel.is_monotonic", if head.is_monotonic { "true" } else { "false" });
    }
    if !head.metadata.is_empty() {
        properties.member("otel.metadata", &object_of(&head.metadata)?);
    }
    properties.time("otel.start_time", of.start);
    properties.count("otel.flags", of.flags.into());
    if !of.exemplars.is_empty() {
        let exemplars: Vec<String> = of.exemplars.iter().map(exemplar).collect::<Result<_, _>>()?;
        properties.member("otel.exemplars", &array_text(&exemplars, String::clone));
    }
    record.text("Name", &head.name);
    Ok(record)
}

fn statistics(record: &mut Record, sum: Option<f64>, min: Option<f64>, max: Option<f64>, count: Option<u64>) {
    for (column, value) in [("Sum", sum), ("Min", min), ("Max", max)] {
        if let Some(value) = value {
            record.number(column, value);
        }
    }
    match count.map(|count| (count, i32::try_from(count))) {
        None => {}
        Some((_, Ok(count))) => record.json("ItemCount", &count.to_string()),
        // The column has no room for it.
        Some((count, Err(_))) => record.properties.count("otel.count", count),
    }
}

fn exemplar(of: &Exemplar) -> Result<String, ValueError> {
    let mut object = Object::new();
    object.time("time", of.time_unix_nano);
    match (of.as_double, of.as_int) {
        (Some(double), _) => object.member("value", &number_text(double)),
        (None, Some(int)) => object.member("value", &int.to_string()),
        (None, None) => {}
    }
    object.text("trace_id", &hex(&of.trace_id));
    object.text("span_id", &hex(&of.span_id));
    if !of.filtered_attributes.is_empty() {
        object.member("attributes", &object_of(&of.filtered_attributes)?);
    }
    Ok(object.finish())
}

fn end(record: Record, context: &Context) -> Row {
    record.finish("AppMetrics", context)
}
