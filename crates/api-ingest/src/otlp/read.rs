//! A request's body as records of tables. Without input, output or clock.

use std::collections::BTreeMap;

use files::{Rejected, Rejection};

use super::data_point::{self, PointError};
use super::record::Context;
use super::value::ValueError;
use super::wire::{
    Encoding, EnvelopeError, LogRecord, MetricHead, MetricKind, Piece, PieceError, Resource, Scope, Signal, Sink, Span,
    cut,
};
use super::{log_record, span};

/// Records of one request: senders pack some thousands.
pub const RECORDS_MAX: usize = 500_000;
/// Bytes of all records that are made of one request: what is said of a resource once is in each of its records.
pub const OUTPUT_BYTES_MAX: usize = 96 << 20;

/// A record as JSON, and its table.
#[derive(Debug)]
pub struct Row {
    pub table: &'static str,
    pub text: String,
}

/// Records of one table, one in each line, and which record of the request each was made of.
#[derive(Debug, Default)]
pub struct TableRows {
    pub body: String,
    pub origins: Vec<u64>,
}

/// What became of a body. Log records, spans and points of metrics count; of a span several records may be made.
#[derive(Debug, Default)]
pub struct Read {
    pub tables: BTreeMap<&'static str, TableRows>,
    /// Those that cannot be read, by their place.
    pub rejected: Vec<Rejected>,
    pub n_records: u64,
}

/// Reads a body; `arrival` is when it came, in ticks.
///
/// # Errors
/// When it is none of a request, or too much.
pub fn read(body: &[u8], encoding: Encoding, signal: Signal, arrival: i64) -> Result<Read, EnvelopeError> {
    let mut reading = Reading {
        signal,
        arrival,
        resource: Ok(Context::default()),
        scope: Ok((Scope::default(), String::new())),
        context: None,
        metric: None,
        bytes: 0,
        read: Read::default(),
    };
    cut(body, encoding, signal, &mut reading)?;
    Ok(reading.read)
}

/// Why nothing below a resource or scope, or one record, is taken.
type Refused = (Rejection, String);

/// Why a record is not taken, or none of its request.
enum Stop {
    Record(Refused),
    Request(EnvelopeError),
}

struct Reading {
    signal: Signal,
    arrival: i64,
    resource: Result<Context, Refused>,
    /// With the address of its schema.
    scope: Result<(Scope, String), Refused>,
    /// Of the resource and the scope, once there is a record: a request may have many more scopes than records.
    context: Option<Result<Context, Refused>>,
    metric: Option<(MetricHead, MetricKind)>,
    bytes: usize,
    read: Read,
}

impl Sink for Reading {
    fn resource(&mut self, resource: Option<Piece<'_>>, schema_url: &str) {
        let read = resource.map_or_else(|| Ok(Resource::default()), |piece| piece.read()).map_err(refused);
        self.resource = read.and_then(|resource| Context::of_resource(&resource, schema_url).map_err(malformed));
        self.scope = Ok((Scope::default(), String::new()));
        self.context = None;
    }

    fn scope(&mut self, scope: Option<Piece<'_>>, schema_url: &str) {
        let read = scope.map_or_else(|| Ok(Scope::default()), |piece| piece.read()).map_err(refused);
        self.scope = read.map(|scope| (scope, schema_url.to_string()));
        self.context = None;
    }

    fn metric(&mut self, head: MetricHead, kind: MetricKind) {
        self.metric = Some((head, kind));
    }

    fn record(&mut self, piece: Piece<'_>) -> Result<(), EnvelopeError> {
        let place = self.count()?;
        match self.rows(&piece) {
            Ok(rows) => self.keep(place, rows),
            Err(Stop::Record((reason, why))) => self.reject(place, reason, why, &piece),
            Err(Stop::Request(error)) => Err(error),
        }
    }

    fn broken(&mut self, piece: Piece<'_>, why: PieceError) -> Result<(), EnvelopeError> {
        let place = self.count()?;
        let (reason, why) = refused(why);
        self.reject(place, reason, why, &piece)
    }
}

impl Reading {
    /// Counts a record, and returns its place.
    fn count(&mut self) -> Result<u64, EnvelopeError> {
        let place = self.read.n_records;
        self.read.n_records += 1;
        if self.read.n_records > RECORDS_MAX as u64 {
            Err(EnvelopeError::TooMany { max: RECORDS_MAX })
        } else {
            Ok(place)
        }
    }

    /// Makes what the resource and the scope say of all their records.
    fn make_context(&self) -> Result<Context, Refused> {
        let of = |what: &'static str| move |(reason, why): Refused| (reason, format!("its {what}: {why}"));
        let resource = self.resource.as_ref().map_err(|refused| of("resource")(refused.clone()))?;
        let (scope, schema_url) = self.scope.as_ref().map_err(|refused| of("scope")(refused.clone()))?;
        resource.with_scope(scope, schema_url).map_err(malformed).map_err(of("scope"))
    }

    fn rows(&mut self, piece: &Piece<'_>) -> Result<Vec<Row>, Stop> {
        if self.context.is_none() {
            self.context = Some(self.make_context());
        }
        let Some(Ok(context)) = &self.context else {
            let refused = self.context.as_ref().and_then(|context| context.as_ref().err());
            return Err(Stop::Record(refused.cloned().unwrap_or_else(|| (Rejection::Malformed, String::new()))));
        };
        let of_record = |error: ValueError| Stop::Record(malformed(error));
        let of_piece = |error: PieceError| Stop::Record(refused(error));
        match self.signal {
            Signal::Logs => {
                let record: LogRecord = piece.read().map_err(of_piece)?;
                Ok(vec![log_record::row(&record, context, self.arrival).map_err(of_record)?])
            }
            Signal::Traces => {
                let span: Span = piece.read().map_err(of_piece)?;
                // Each event is a record, with all that is said of the resource.
                let bytes = context.size().saturating_mul(span.events.len() + 1);
                if self.bytes.saturating_add(bytes) > OUTPUT_BYTES_MAX {
                    return Err(Stop::Request(EnvelopeError::TooLarge { max: OUTPUT_BYTES_MAX }));
                }
                span::rows(&span, context, self.arrival).map_err(of_record)
            }
            Signal::Metrics => {
                let Some((head, kind)) = &self.metric else { return Ok(Vec::new()) };
                let row = data_point::row(piece, *kind, head, context, self.arrival);
                let row = row.map_err(|error| match error {
                    PointError::Piece(error) => of_piece(error),
                    PointError::Value(error) => of_record(error),
                })?;
                Ok(vec![row])
            }
        }
    }

    fn keep(&mut self, place: u64, rows: Vec<Row>) -> Result<(), EnvelopeError> {
        for row in rows {
            self.grow(row.text.len())?;
            let table = self.read.tables.entry(row.table).or_default();
            table.body.push_str(&row.text);
            table.body.push('\n');
            table.origins.push(place);
        }
        Ok(())
    }

    fn reject(
        &mut self,
        place: u64,
        reason: Rejection,
        detail: String,
        piece: &Piece<'_>,
    ) -> Result<(), EnvelopeError> {
        let raw = piece.bytes().to_vec();
        self.grow(raw.len() + detail.len())?;
        self.read.rejected.push(Rejected { position: place, reason, detail, raw });
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), EnvelopeError> {
        self.bytes += bytes;
        if self.bytes > OUTPUT_BYTES_MAX { Err(EnvelopeError::TooLarge { max: OUTPUT_BYTES_MAX }) } else { Ok(()) }
    }
}

fn refused(error: PieceError) -> Refused {
    match error {
        PieceError::Malformed(why) => (Rejection::Malformed, why),
        PieceError::TooLarge { found, max } => {
            (Rejection::Oversized, format!("{found} bytes, and a record may have {max}"))
        }
    }
}

fn malformed(error: ValueError) -> Refused {
    (Rejection::Malformed, error.to_string())
}
