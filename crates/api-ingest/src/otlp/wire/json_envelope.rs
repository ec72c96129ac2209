//! Requests as JSON, cut into the texts of their records.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::envelope::{EnvelopeError, PIECE_BYTES_MAX, Piece, PieceError, Signal, Sink};
use super::json::AtMost;
use super::metrics::{DataHead, MetricHead, MetricKind, NamedMetric};

/// Elements of one array of the envelope.
const ELEMENTS_MAX: usize = 1 << 20;

/// The texts of an array's elements.
type Elements<'a> = AtMost<&'a RawValue, ELEMENTS_MAX>;

/// Finds some of an object's members; all others are skipped.
struct Members<const N: usize>([&'static str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Members<N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Members<N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(name) = members.next_key::<String>()? {
            let value: &RawValue = members.next_value()?;
            let place = self.0.iter().position(|wanted| *wanted == name);
            let Some(place) = place.and_then(|place| found.get_mut(place)) else { continue };
            if place.is_some() {
                return Err(A::Error::custom(format!("the member `{name}` is there twice")));
            }
            *place = Some(value);
        }
        Ok(found.map(|value: Option<&RawValue>| value.filter(|value| value.get() != "null")))
    }
}

fn members<'a, const N: usize>(text: &'a str, names: [&'static str; N]) -> Result<[Option<&'a RawValue>; N], String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = Members(names).deserialize(&mut deserializer).and_then(|found| deserializer.end().map(|()| found));
    found.map_err(|error| error.to_string())
}

fn elements(array: Option<&RawValue>) -> Result<Vec<&RawValue>, String> {
    let Some(array) = array else { return Ok(Vec::new()) };
    let elements: Elements<'_> = serde_json::from_str(array.get()).map_err(|error| error.to_string())?;
    Ok(elements.0)
}

fn text(value: Option<&RawValue>) -> Result<String, String> {
    value.map_or(Ok(String::new()), |value| String::deserialize(value).map_err(|error| error.to_string()))
}

fn piece(value: &RawValue) -> Piece<'_> {
    Piece::Json(value.get())
}

pub(super) fn request(body: &[u8], signal: Signal, sink: &mut dyn Sink) -> Result<(), EnvelopeError> {
    let (resources, scopes, records) = match signal {
        Signal::Logs => ("resourceLogs", "scopeLogs", "logRecords"),
        Signal::Metrics => ("resourceMetrics", "scopeMetrics", "metrics"),
        Signal::Traces => ("resourceSpans", "scopeSpans", "spans"),
    };
    let malformed = EnvelopeError::Malformed;
    let body = std::str::from_utf8(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let body = body.map_err(|error| malformed(format!("at byte {}: it is not UTF-8", error.valid_up_to())))?;
    let [groups] = members(body, [resources]).map_err(malformed)?;
    for group in elements(groups).map_err(malformed)? {
        let found = members(group.get(), ["resource", "schemaUrl", scopes]).map_err(malformed)?;
        let [resource, schema_url, of_scopes] = found;
        sink.resource(resource.map(piece), &text(schema_url).map_err(malformed)?);
        for scope in elements(of_scopes).map_err(malformed)? {
            let [scope, schema_url, found] =
                members(scope.get(), ["scope", "schemaUrl", records]).map_err(malformed)?;
            sink.scope(scope.map(piece), &text(schema_url).map_err(malformed)?);
            for record in elements(found).map_err(malformed)? {
                match signal {
                    Signal::Logs | Signal::Traces => sink.record(piece(record))?,
                    Signal::Metrics => metric(record, sink)?,
                }
            }
        }
    }
    Ok(())
}

fn metric(record: &RawValue, sink: &mut dyn Sink) -> Result<(), EnvelopeError> {
    match head(record.get()) {
        Ok((head, kind, points)) => {
            sink.metric(head, kind);
            points.into_iter().try_for_each(|point| sink.record(piece(point)))
        }
        Err(why) => sink.broken(piece(record), why),
    }
}

/// Reads what a metric says of its points, and returns their texts.
fn head(metric: &str) -> Result<(MetricHead, MetricKind, Vec<&RawValue>), PieceError> {
    let malformed = |why: &str| PieceError::Malformed(why.to_string());
    let found = members(metric, MetricKind::ALL.map(|(_, _, name)| name)).map_err(PieceError::Malformed)?;
    let mut data = found.into_iter().zip(MetricKind::ALL).filter_map(|(data, (kind, ..))| Some((data?, kind)));
    let (of_kind, kind) = data.next().ok_or_else(|| malformed("it has no data of a known kind"))?;
    if data.next().is_some() {
        return Err(malformed("it has data of more than one kind"));
    }
    let around = metric.len().saturating_sub(of_kind.get().len());
    if around > PIECE_BYTES_MAX {
        return Err(PieceError::TooLarge { found: around, max: PIECE_BYTES_MAX });
    }
    let failed = |error: serde_json::Error| malformed(&error.to_string());
    let named: NamedMetric = serde_json::from_str(metric).map_err(failed)?;
    let [points] = members(of_kind.get(), ["dataPoints"]).map_err(PieceError::Malformed)?;
    let of_data: DataHead = serde_json::from_str(of_kind.get()).map_err(failed)?;
    let head = MetricHead {
        name: named.name,
        description: named.description,
        unit: named.unit,
        metadata: named.metadata,
        aggregation_temporality: of_data.aggregation_temporality,
        is_monotonic: of_data.is_monotonic,
    };
    Ok((head, kind, elements(points).map_err(PieceError::Malformed)?))
}
