//! Topics of Kafka, or of what speaks its protocol, such as Azure's Event Hubs: each partition from a saved offset on.
//!
//! The position is an offset for each partition, in our own state; no consumer group is joined, so that nobody else moves it. What is
//! fetched of a partition at once is a piece, and the position moves behind its last batch. A message is a record, or a batch of
//! them as diagnostic settings write them; it goes to the table or log format that it is recognised as, else to the table that its
//! topic names. Its time stands where a record says none; `Partition`, `Offset` and `Key` stand beside it.
//!
//! What the cluster does not keep any more, cannot be unpacked, is no text, or has no value, goes to the quarantine.
//!
//! # Source
//! "Kafka protocol guide"; "Azure Event Hubs for Apache Kafka".

mod batch;
mod broker;
mod messages;
mod sasl;
mod wire;

pub use sasl::{Login, Mechanism};

use crate::error::PullError;
use crate::events::{self, About};
use crate::feed::{Content, Feed, Next, Piece, id_of};
use crate::problems::Problems;
use crate::state::{Change, State};
use batch::{Item, Record};
use broker::{Broker, Way};
use messages::{At, FETCH, LIST_OFFSETS, LIST_OFFSETS_VERSION, METADATA, METADATA_VERSION};
use schema::ticks::{MILLISECOND, UNIX_EPOCH};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sources::Sniff;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::Cursor;
use std::path::PathBuf;

/// Bytes that are asked for at once.
const FETCH_BYTES: i32 = 8 << 20;
/// How long a broker may wait for records that should be there.
const FETCH_WAIT_MS: i32 = 500;
/// Pieces of a partition in a round, when there is a next round.
const PIECES_MAX: u32 = 16;
/// Partitions of all topics at most.
const PARTITIONS_MAX: usize = 100_000;
/// Bytes of a key that stand beside a record.
const KEY_BYTES_MAX: usize = 1024;

/// What is followed, and how.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// Brokers to begin with, `host:port` each.
    pub brokers: Vec<String>,
    pub topics: Vec<String>,
    /// The log format of all messages; of each it is recognised when `None`.
    pub source: Option<String>,
    /// From when on, in ticks, when there is no position; as far back as there is when `None`.
    pub since: Option<i64>,
    pub login: Option<Login>,
    /// Certificates that the brokers' may lead to; the system's when `None`.
    pub ca: Option<PathBuf>,
    /// Whether brokers are spoken to without encryption.
    pub is_plain: bool,
    /// Whether a round takes all that is there, however much that is.
    pub is_once: bool,
}

/// The topics.
pub struct Kafka {
    options: KafkaOptions,
    seeds: Vec<(String, u16)>,
    way: Way,
    /// Connections, by the brokers' numbers, and their addresses.
    connected: HashMap<i32, Broker>,
    addresses: BTreeMap<i32, (String, u16)>,
    problems: Problems,
    /// Partitions that have something to take.
    queue: VecDeque<Partition>,
}

/// A partition in a round.
#[derive(Debug, Clone)]
struct Partition {
    topic: String,
    number: i32,
    leader: i32,
    /// Behind the last record that was there when the round began.
    end: i64,
    n_pieces: u32,
}

impl Kafka {
    /// Makes a feed of topics.
    ///
    /// # Errors
    /// The caller's: an address is none, or certificates cannot be read.
    pub fn new(options: KafkaOptions) -> Result<Kafka, PullError> {
        let seeds = options.brokers.iter().map(|text| parse_address(text)).collect::<Result<_, _>>()?;
        let tls = match options.is_plain {
            true => None,
            false => Some(broker::tls(options.ca.as_deref())?),
        };
        let way = Way { tls, login: options.login.clone() };
        let (connected, addresses) = (HashMap::new(), BTreeMap::new());
        Ok(Kafka { options, seeds, way, connected, addresses, problems: Problems::default(), queue: VecDeque::new() })
    }

    /// Asks the cluster what it has.
    fn metadata(&mut self) -> Result<messages::Metadata, PullError> {
        let request = messages::metadata(&self.options.topics);
        let ask = |broker: &mut Broker| {
            let answer = broker.ask(METADATA, METADATA_VERSION, &request)?;
            messages::read_metadata(&answer).map_err(|error| broker.broken(error))
        };
        // Whoever is connected knows; and those that we began with.
        if let Some(id) = self.connected.keys().next().copied()
            && let Some(metadata) = self.with(id, ask).ok()
        {
            return Ok(metadata);
        }
        let mut last = None;
        for (host, port) in &self.seeds {
            match Broker::connect(host, *port, &self.way).and_then(|mut broker| ask(&mut broker)) {
                Ok(metadata) => return Ok(metadata),
                Err(error @ PullError::BrokerRefuses { is_temporary: false, .. }) => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| PullError::Url { text: String::new(), why: "no broker is named".to_string() }))
    }

    /// Does something with a broker, which is connected to anew after it failed.
    fn with<T>(&mut self, id: i32, act: impl Fn(&mut Broker) -> Result<T, PullError>) -> Result<T, PullError> {
        // One that was idle for long may be closed at the other end.
        if let Some(broker) = self.connected.get_mut(&id) {
            match act(broker) {
                Err(PullError::Broker { .. } | PullError::Answer { .. }) => self.connected.remove(&id),
                done => return done,
            };
        }
        let (host, port) = self.addresses.get(&id).ok_or_else(|| PullError::Answer {
            url: self.options.brokers.join(","),
            why: format!("it names the broker {id} and not its address"),
        })?;
        let mut broker = Broker::connect(host, *port, &self.way)?;
        let done = act(&mut broker)?;
        self.connected.insert(id, broker);
        Ok(done)
    }

    /// Asks for an offset of a partition; nothing where there is none.
    fn offset(&mut self, partition: &Partition, at: At) -> Result<Option<i64>, PullError> {
        let request = messages::list_offsets(&partition.topic, &[(partition.number, at)]);
        let of = format!("the offsets of {}", partition.label());
        self.with(partition.leader, |broker| {
            let answer = broker.ask(LIST_OFFSETS, LIST_OFFSETS_VERSION, &request)?;
            let offsets = messages::read_offsets(&answer).map_err(|error| broker.broken(error))?;
            match offsets.into_iter().find(|(number, ..)| *number == partition.number) {
                Some((_, 0, offset)) => Ok((offset >= 0).then_some(offset)),
                Some((_, error, _)) => Err(broker.refused(&of, error)),
                None => Err(broker.broken(wire::Broken)),
            }
        })
    }

    /// Lists the partitions that have something to take.
    fn list(&mut self, state: &State) -> Result<(), PullError> {
        let metadata = self.metadata()?;
        self.addresses = metadata.brokers.into_iter().map(|(id, host, port)| (id, (host, port))).collect();
        self.connected.retain(|id, _| self.addresses.contains_key(id));
        for topic in metadata.topics {
            if topic.error != 0 {
                self.problems.tell(format!("the topic `{}`: {}", topic.name, messages::error_name(topic.error)));
            }
            for (error, number, leader) in topic.partitions {
                let mut partition = Partition { topic: topic.name.clone(), number, leader, end: 0, n_pieces: 0 };
                if error != 0 && leader < 0 {
                    self.problems.tell(format!("{}: {}", partition.label(), messages::error_name(error)));
                    continue;
                }
                // One partition that is away keeps no other one waiting.
                match self.offset(&partition, At::End) {
                    Ok(end) => partition.end = end.unwrap_or(0),
                    Err(error) if error.is_temporary() && !self.options.is_once => {
                        self.problems.tell(stdx::error_chain(&error));
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                if position(state, &partition).is_none_or(|at| at != partition.end) && self.queue.len() < PARTITIONS_MAX
                {
                    self.queue.push_back(partition);
                }
            }
        }
        Ok(())
    }

    /// Returns where a partition begins of which nothing was taken.
    fn begin_at(&mut self, partition: &Partition) -> Result<i64, PullError> {
        let since = match self.options.since {
            Some(since) => {
                self.offset(partition, At::Time((since - UNIX_EPOCH).div_euclid(MILLISECOND)))?.or(Some(partition.end))
            }
            None => self.offset(partition, At::Earliest)?,
        };
        Ok(since.unwrap_or(0))
    }

    /// Returns what comes next of a partition, and whether there may be more of it.
    fn take(&mut self, state: &State, partition: &Partition) -> Result<(Option<Next>, bool), PullError> {
        let from = match position(state, partition) {
            Some(from) => from,
            None => {
                let from = self.begin_at(partition)?;
                return Ok((Some(Next::Moved(moved(partition, from))), from < partition.end));
            }
        };
        if from == partition.end {
            return Ok((None, false));
        }
        let bytes_max = FETCH_BYTES;
        let read = self.with(partition.leader, |broker| {
            let version = broker.fetch_version;
            let fetch = messages::Fetch {
                topic: &partition.topic,
                partition: partition.number,
                offset: from,
                bytes_max,
                wait_ms: FETCH_WAIT_MS,
            };
            let answer = broker.ask(FETCH, version, &messages::fetch(version, &fetch))?;
            let fetched = messages::read_fetched(version, &answer).map_err(|error| broker.broken(error))?;
            match fetched.error {
                0 => Ok(Some(batch::read(fetched.records, from, &fetched.aborted))),
                messages::OFFSET_OUT_OF_RANGE => Ok(None),
                code => Err(broker.refused(&format!("the records of {}", partition.label()), code)),
            }
        })?;
        let Some(read) = read else { return self.gap(partition, from).map(|next| (Some(next), true)) };
        // Nothing whole came: the next round asks again.
        let Some(next) = read.next.filter(|next| *next > from) else { return Ok((None, false)) };
        let mut body = Vec::new();
        for item in &read.items {
            self.write(&mut body, partition, item);
        }
        let change = moved(partition, next);
        let has_more = next < partition.end;
        if body.is_empty() {
            return Ok((Some(Next::Moved(change)), has_more));
        }
        let label = format!("{} from {from}", partition.label());
        Ok((Some(Next::Piece(self.piece(partition, from, label, Content::Events, body, change))), has_more))
    }

    /// Writes what a message holds.
    fn write(&self, body: &mut Vec<u8>, partition: &Partition, item: &Item) {
        let record = match item {
            Item::Record(record) => record,
            Item::Damaged(offset, bytes, why) => {
                return events::lost(body, bytes, &format!("the batch at {} {offset}: {why}", partition.label()));
            }
        };
        let Record { offset, time_ms, key, value } = record;
        let place = format!("the message at {} {offset}", partition.label());
        let Some(value) = value else {
            return events::lost(
                body,
                key.as_deref().unwrap_or_default(),
                &format!("{place} has no value, but its key"),
            );
        };
        // A registry of schemas puts five bytes before JSON.
        let plain = match value.as_slice() {
            [0, _, _, _, _, json @ ..] if json.first() == Some(&b'{') => json,
            all => all,
        };
        let Ok(text) = std::str::from_utf8(plain) else {
            return events::lost(body, value, &format!("{place} is no text"));
        };
        if text.trim().is_empty() {
            return events::lost(body, value, &format!("{place} is empty"));
        }
        let recognised = || {
            let found = sources::detect(&Sniff::new(&partition.topic, plain));
            found.filter(|source| source.is_of_events()).map(|source| source.name)
        };
        let name = self.options.source.as_deref().or_else(recognised).unwrap_or(&partition.topic);
        let mut fields: Vec<(&str, Value)> = vec![("Partition", json!(partition.number)), ("Offset", json!(offset))];
        let key = key.as_deref().filter(|key| key.len() <= KEY_BYTES_MAX).and_then(|key| std::str::from_utf8(key).ok());
        fields.extend(key.filter(|key| !key.is_empty()).map(|key| ("Key", json!(key))));
        let about = About { name, source: &partition.topic, time_ms: Some(*time_ms), fields: &fields };
        events::of_message(body, &about, text);
    }

    /// Says which messages were not taken and are not there, and goes on at the first that is.
    fn gap(&mut self, partition: &Partition, from: i64) -> Result<Next, PullError> {
        let earliest = self.offset(partition, At::Earliest)?.unwrap_or(0);
        let why = match earliest > from {
            true => "the cluster does not keep these messages any more",
            false => "the partition ends before what was taken of it: it was made anew, or lost messages",
        };
        let gap = json!({ "topic": partition.topic, "partition": partition.number, "from": from, "to": earliest, "end": partition.end });
        self.problems.tell(format!("{} from {from}: {why}; it goes on at {earliest}", partition.label()));
        let label = format!("{} from {from} to {earliest}", partition.label());
        let (content, gap) = (Content::Lost(why.to_string()), gap.to_string().into_bytes());
        Ok(Next::Piece(self.piece(partition, from, label, content, gap, moved(partition, earliest))))
    }

    fn piece(
        &self,
        partition: &Partition,
        from: i64,
        label: String,
        content: Content,
        body: Vec<u8>,
        after: Change,
    ) -> Piece {
        let id = id_of(&[
            self.name().as_bytes(),
            partition.topic.as_bytes(),
            &partition.number.to_be_bytes(),
            &from.to_be_bytes(),
            &Sha256::digest(&body),
        ]);
        Piece { label, id, content, body: Box::new(Cursor::new(body)), after }
    }
}

impl Feed for Kafka {
    fn name(&self) -> String {
        let mut brokers = self.options.brokers.clone();
        brokers.sort();
        format!("kafka {}", brokers.join(","))
    }

    fn begin(&mut self, state: &State, _now: i64) -> Result<(), PullError> {
        self.problems.begin();
        self.queue.clear();
        self.list(state)
    }

    fn next(&mut self, state: &State) -> Result<Next, PullError> {
        while let Some(mut partition) = self.queue.pop_front() {
            let (next, has_more) = match self.take(state, &partition) {
                Ok(taken) => taken,
                Err(error) if error.is_temporary() && !self.options.is_once => {
                    self.problems.tell(stdx::error_chain(&error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            partition.n_pieces += 1;
            if has_more && (self.options.is_once || partition.n_pieces < PIECES_MAX) {
                self.queue.push_back(partition);
            }
            if let Some(next) = next {
                return Ok(next);
            }
        }
        Ok(Next::Nothing)
    }

    fn position(&self, state: &State) -> String {
        let mut topics: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
        for (key, offset) in state.under("offset/") {
            let topic = topics.entry(key.split('/').next().unwrap_or(key)).or_default();
            *topic = (topic.0 + 1, topic.1.saturating_add(offset.as_i64().unwrap_or_default()));
        }
        let shown =
            topics.into_iter().map(|(topic, (n, offset))| format!("{topic}: {n} partitions at {offset} in all"));
        let shown: Vec<String> = shown.collect();
        if shown.is_empty() { "nothing yet".to_string() } else { shown.join(", ") }
    }

    fn problems(&mut self) -> Vec<String> {
        self.problems.take()
    }
}

impl Partition {
    fn label(&self) -> String {
        format!("{}/{}", self.topic, self.number)
    }
}

/// Returns the offset of the next message of a partition; nothing before it was begun.
fn position(state: &State, partition: &Partition) -> Option<i64> {
    state.get(&format!("offset/{}", partition.label()))?.as_i64()
}

fn moved(partition: &Partition, offset: i64) -> Change {
    Change::set(format!("offset/{}", partition.label()), offset)
}

/// Reads `host:port`.
fn parse_address(text: &str) -> Result<(String, u16), PullError> {
    let wrong = || PullError::Url { text: text.to_string(), why: "it is not of the form `host:port`".to_string() };
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
    let port = port.parse().map_err(|_| wrong())?;
    if is_host { Ok((host.to_string(), port)) } else { Err(wrong()) }
}

/// Reads bytes as every answer that a broker may give, and as the records of a batch whose header is right, packed in each way; what
/// comes out keeps the promises of [`batch::read`]. For the fuzzer.
#[doc(hidden)]
pub fn read_as_answers(bytes: &[u8]) {
    let _ = messages::read_metadata(bytes);
    let _ = messages::read_offsets(bytes);
    let _ = messages::read_versions(bytes);
    let _ = messages::read_handshake(bytes);
    let _ = messages::read_authenticated(bytes);
    let fetched = messages::FETCH_VERSIONS.map(|version| messages::read_fetched(version, bytes));
    let of_answers = fetched.iter().flatten().map(|fetched| (fetched.records.to_vec(), fetched.aborted.clone()));
    let batches = (0..8).map(|packing| batch::write(7, packing, 1, 3, bytes));
    for (records, aborted) in
        of_answers.chain(batches.map(|batch| (batch, Vec::new()))).chain([(bytes.to_vec(), Vec::new())])
    {
        let read = batch::read(&records, 8, &aborted);
        let is_wanted = |item: &Item| {
            matches!(item, Item::Damaged(..)) || matches!(item, Item::Record(record) if record.offset >= 8)
        };
        assert!(read.items.iter().all(is_wanted) && (read.next.is_some() || read.items.is_empty()), "{read:?}");
        assert!(read.next.is_none_or(|next| next >= 8), "{read:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_named_by_host_and_port() {
        assert_eq!(
            parse_address("ns.servicebus.windows.net:9093").unwrap(),
            ("ns.servicebus.windows.net".into(), 9093)
        );
        assert_eq!(parse_address("[::1]:9092").unwrap(), ("::1".into(), 9092));
        for text in ["host", "host:", ":1", "host:99999", "kafka://host:1"] {
            assert!(parse_address(text).is_err(), "{text}");
        }
    }
}
