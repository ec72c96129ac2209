//! Requests as protobuf, walked field by field. All three signals have the same numbers: of a request 1, its resources; of those 1, the
//! resource, 2, its scopes, 3, the address of its schema; of those 1, the scope, 2, its records, 3 as before.

use std::borrow::Cow;

use prost::Message as _;

use super::envelope::{EnvelopeError, PIECE_BYTES_MAX, Piece, PieceError, Signal, Sink};
use super::metrics::{DataHead, MetricHead, MetricKind, NamedMetric};

/// A field's number, and its bytes where it has a length.
type Field<'a> = (u64, Option<&'a [u8]>);

/// Walks over the fields of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for place in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            // Of the tenth byte only one bit has room.
            if place == 9 && *byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn skip(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (skipped, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(skipped)
    }

    fn field(&mut self) -> Option<Field<'a>> {
        let key = self.varint()?;
        let number = key >> 3;
        let value = match key & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => {
                self.skip(8)?;
                None
            }
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Some(self.skip(length)?)
            }
            5 => {
                self.skip(4)?;
                None
            }
            _ => return None,
        };
        (number > 0).then_some((number, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let left = self.0.len();
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(|| format!("broken protobuf, {left} bytes before the end of a message")))
    }
}

/// What stands around the parts of a message: whose they are, by field 1, and by which schema, by field 3.
struct Around<'a> {
    of: Option<Piece<'a>>,
    schema_url: Cow<'a, str>,
}

fn around(message: &[u8]) -> Result<Around<'_>, String> {
    let mut around = Around { of: None, schema_url: Cow::Borrowed("") };
    for field in Fields(message) {
        match field? {
            (1, Some(bytes)) => {
                // A message in several parts is what they are one after the other.
                let whole = match around.of {
                    Some(Piece::Protobuf(before)) => Cow::Owned([&before, bytes].concat()),
                    _ => Cow::Borrowed(bytes),
                };
                around.of = Some(Piece::Protobuf(whole));
            }
            (3, Some(bytes)) => around.schema_url = String::from_utf8_lossy(bytes),
            _ => {}
        }
    }
    Ok(around)
}

/// Returns the parts of a message that a field has.
fn parts(message: &[u8], of: u64) -> impl Iterator<Item = Result<&[u8], EnvelopeError>> {
    Fields(message).filter_map(move |field| match field {
        Ok((number, Some(bytes))) if number == of => Some(Ok(bytes)),
        Ok(_) => None,
        Err(why) => Some(Err(EnvelopeError::Malformed(why))),
    })
}

pub(super) fn request(body: &[u8], signal: Signal, sink: &mut dyn Sink) -> Result<(), EnvelopeError> {
    for group in parts(body, 1) {
        let group = group?;
        let Around { of, schema_url } = around(group).map_err(EnvelopeError::Malformed)?;
        sink.resource(of, &schema_url);
        for scope in parts(group, 2) {
            let scope = scope?;
            let Around { of, schema_url } = around(scope).map_err(EnvelopeError::Malformed)?;
            sink.scope(of, &schema_url);
            for record in parts(scope, 2) {
                let record = record?;
                match signal {
                    Signal::Logs | Signal::Traces => sink.record(Piece::Protobuf(Cow::Borrowed(record)))?,
                    Signal::Metrics => metric(record, sink)?,
                }
            }
        }
    }
    Ok(())
}

fn metric(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), EnvelopeError> {
    match head(bytes) {
        Ok((head, kind, data)) => {
            sink.metric(head, kind);
            for point in data.into_iter().flat_map(|data| parts(data, 1)) {
                sink.record(Piece::Protobuf(Cow::Borrowed(point?)))?;
            }
            Ok(())
        }
        Err(why) => sink.broken(Piece::Protobuf(Cow::Borrowed(bytes)), why),
    }
}

/// Reads what a metric says of its points, and returns where they are.
fn head(bytes: &[u8]) -> Result<(MetricHead, MetricKind, Vec<&[u8]>), PieceError> {
    let malformed = |why: &str| PieceError::Malformed(why.to_string());
    let (mut kind, mut data) = (None, Vec::new());
    for field in Fields(bytes) {
        let (number, Some(part)) = field.map_err(PieceError::Malformed)? else { continue };
        let Some((found, ..)) = MetricKind::ALL.iter().find(|(_, of, _)| u64::from(*of) == number) else { continue };
        // Protobuf would have only the last of them count.
        if kind.is_some_and(|kind| kind != *found) {
            return Err(malformed("it has data of more than one kind"));
        }
        Fields(part).try_for_each(|field| field.map(|_| ())).map_err(PieceError::Malformed)?;
        kind = Some(*found);
        data.push(part);
    }
    let kind = kind.ok_or_else(|| malformed("it has no data of a known kind"))?;
    let around = bytes.len().saturating_sub(data.iter().map(|part| part.len()).sum());
    if around > PIECE_BYTES_MAX {
        return Err(PieceError::TooLarge { found: around, max: PIECE_BYTES_MAX });
    }
    let named = NamedMetric::decode(bytes).map_err(|error| malformed(&error.to_string()))?;
    let mut of_data = DataHead::default();
    for part in &data {
        of_data.merge(*part).map_err(|error| malformed(&error.to_string()))?;
    }
    let head = MetricHead {
        name: named.name,
        description: named.description,
        unit: named.unit,
        metadata: named.metadata,
        aggregation_temporality: of_data.aggregation_temporality,
        is_monotonic: of_data.is_monotonic,
    };
    Ok((head, kind, data))
}
