//! Requests that are refused for who sends them: written down once a minute for each sender, with how many there were.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use audit::{ActivityRecord, ActivitySink, ActivityStatus, Operation};
use auth::Tokens;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use listeners::http::sender_of;
use schema::ticks;
use stdx::Clock;

/// In ticks.
const WINDOW: i64 = ticks::MINUTE;
/// Senders that are told apart within a window; further ones count as one.
const SENDERS_MAX: usize = 10_000;
/// Characters that are kept of a path.
const PATH_CHARS_MAX: usize = 256;

/// Counts what is refused.
pub struct Refusals {
    sink: Arc<dyn ActivitySink>,
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
    counts: Mutex<HashMap<Sender, Count>>,
}

/// Who is refused, and how: 401 where nobody is known, 403 where somebody may not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sender {
    address: IpAddr,
    status: u16,
    /// The token's id; empty where none is valid.
    caller_id: String,
}

struct Count {
    since: i64,
    /// Those that came after the one of which there is a record.
    n_further: u64,
    record: ActivityRecord,
}

impl Refusals {
    /// Begins without any.
    pub fn new(sink: Arc<dyn ActivitySink>, tokens: Arc<Tokens>, clock: Arc<dyn Clock>) -> Refusals {
        Refusals { sink, tokens, clock, counts: Mutex::default() }
    }

    /// Counts a refusal; returns its record when it is the first of its sender within a window.
    fn count(&self, sender: Sender, record: impl FnOnce() -> ActivityRecord) -> Option<ActivityRecord> {
        let now = self.clock.now_ticks();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_crowded = counts.len() >= SENDERS_MAX && !counts.contains_key(&sender);
        let others = Sender { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), caller_id: String::new(), ..sender.clone() };
        let sender = if is_crowded { others } else { sender };
        if let Some(count) = counts.get_mut(&sender) {
            count.n_further += 1;
            return None;
        }
        let record = record();
        counts.insert(sender, Count { since: now, n_further: 0, record: record.clone() });
        Some(record)
    }

    /// Returns the records of what came more than once, of windows that are over, or of all.
    fn over(&self, is_all: bool) -> Vec<ActivityRecord> {
        let now = self.clock.now_ticks();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let over = counts.extract_if(|_, count| is_all || !(0..WINDOW).contains(&now.saturating_sub(count.since)));
        let repeated = over.filter(|(_, count)| count.n_further > 0);
        let record = |(_, count): (Sender, Count)| {
            let more = Some(("further", count.n_further.to_string()));
            let record = count.record.then(now, ActivityStatus::Failed, more);
            // Another record of the same name would count as the first one sent again.
            ActivityRecord { correlation_id: uuid::Uuid::new_v4().to_string(), ..record }
        };
        repeated.map(record).collect()
    }

    /// Writes down what came more than once within windows that are over, or all of it.
    pub async fn settle(&self, is_all: bool) {
        for record in self.over(is_all) {
            // The first of them is written down: how many followed is lost when nothing can be written.
            let _ = self.sink.record(record).await;
        }
    }
}

/// Passes a request on, and writes down that it is refused if it is. Whoever is refused gets that answer, written down or not.
pub async fn note_refusals(State(refusals): State<Arc<Refusals>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    let authorization = request.headers().get(header::AUTHORIZATION).cloned();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let Some(status) = refused_as(&response) else { return response };
    let authorization = authorization.as_ref().and_then(|value| value.to_str().ok());
    let caller = refusals.tokens.authenticate(authorization).ok();
    let (caller, caller_id) = caller.map(|principal| (principal.name, principal.id)).unwrap_or_default();
    let sender = Sender { address: sender_of(address), status: status.as_u16(), caller_id: caller_id.clone() };
    let path: String = uri.path().chars().take(PATH_CHARS_MAX).collect();
    let record = || ActivityRecord {
        time: refusals.clock.now_ticks(),
        operation: Operation::RefuseRequest,
        status: ActivityStatus::Failed,
        caller,
        caller_id,
        caller_address: address.to_string(),
        correlation_id: uuid::Uuid::new_v4().to_string(),
        resource: "servers/vidimus".to_string(),
        // The query behind the path may hold secrets.
        properties: [("method", method.to_string()), ("path", path), ("status", status.as_u16().to_string())]
            .map(|(name, value)| (name.to_string(), value))
            .to_vec(),
    };
    if let Some(record) = refusals.count(sender, record) {
        let _ = refusals.sink.record(record).await;
    }
    response
}

/// Returns how a request was refused for who sends it, if it was; what gRPC says of it counts as what HTTP would.
fn refused_as(response: &Response) -> Option<StatusCode> {
    match response.headers().get("grpc-status").map(|code| code.as_bytes()) {
        Some(b"16") => Some(StatusCode::UNAUTHORIZED),
        Some(b"7") => Some(StatusCode::FORBIDDEN),
        _ => {
            Some(response.status()).filter(|status| [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(status))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit::AuditError;
    use futures::future::BoxFuture;
    use stdx::FixedClock;

    struct Nowhere;

    impl ActivitySink for Nowhere {
        fn record(&self, _record: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn record() -> ActivityRecord {
        let operation = Operation::RefuseRequest;
        crate::activities::activity(operation, "servers/vidimus".to_string(), Vec::new())
    }

    #[test]
    fn refusals_of_grpc_count_too() {
        let response = |status: u16, grpc: Option<u16>| {
            let mut response = Response::new(axum::body::Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
                .headers_mut()
                .extend(grpc.map(|code| (header::HeaderName::from_static("grpc-status"), code.into())));
            refused_as(&response).map(|status| status.as_u16())
        };
        assert_eq!([response(401, None), response(403, None), response(404, None)], [Some(401), Some(403), None]);
        assert_eq!(
            [response(200, Some(16)), response(200, Some(7)), response(200, Some(8))],
            [Some(401), Some(403), None]
        );
    }

    #[test]
    fn a_sender_is_written_down_once_and_counted_then() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock(1));
        let tokens = Arc::new(Tokens::open(folder.path().join("tokens"), clock.clone()).unwrap());
        let refusals = Refusals::new(Arc::new(Nowhere), tokens, clock);
        let sender =
            |last: u32, status| Sender { address: IpAddr::from(last.to_be_bytes()), status, caller_id: String::new() };
        assert!(refusals.count(sender(1, 401), record).is_some());
        assert!(refusals.count(sender(1, 401), record).is_none() && refusals.count(sender(1, 401), record).is_none());
        assert!(refusals.count(sender(1, 403), record).is_some() && refusals.count(sender(2, 401), record).is_some());
        assert!(refusals.over(false).is_empty(), "the minute is not over");
        let over = refusals.over(true);
        assert_eq!(over.len(), 1);
        assert_eq!(over[0].properties.last().unwrap(), &("further".to_string(), "2".to_string()));
        for last in 0..2 * SENDERS_MAX as u32 {
            refusals.count(sender(last, 401), record);
        }
        assert!(refusals.counts.lock().unwrap().len() <= SENDERS_MAX + 1);
    }
}
