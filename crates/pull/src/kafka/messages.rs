//! Requests to brokers and their answers, each in one version, or those that there are in what is asked of newer brokers.
//!
//! # Source
//! "Kafka protocol guide", the messages ApiVersions, SaslHandshake, SaslAuthenticate, Metadata, ListOffsets and Fetch.

use super::wire::{Broken, Reader, Writer};

/// Keys of messages.
pub(super) const FETCH: i16 = 1;
pub(super) const LIST_OFFSETS: i16 = 2;
pub(super) const METADATA: i16 = 3;
pub(super) const SASL_HANDSHAKE: i16 = 17;
pub(super) const API_VERSIONS: i16 = 18;
pub(super) const SASL_AUTHENTICATE: i16 = 36;

/// Versions that are spoken, the newest first: older ones of Fetch do not bring what zstd packed.
pub(super) const FETCH_VERSIONS: [i16; 3] = [11, 10, 4];
pub(super) const LIST_OFFSETS_VERSION: i16 = 2;
pub(super) const METADATA_VERSION: i16 = 4;

/// Only records of transactions that were committed, and none behind one that is open.
const READ_COMMITTED: i8 = 1;

/// Errors that answers name.
pub(super) const OFFSET_OUT_OF_RANGE: i16 = 1;
pub(super) const UNKNOWN_TOPIC: i16 = 3;

/// Returns what an error's number means.
pub(super) fn error_name(code: i16) -> String {
    let known = match code {
        1 => "the offset is out of range",
        2 => "a record is corrupt",
        3 => "there is no such topic or partition",
        5 => "the partition has no leader now",
        6 => "the broker does not lead the partition",
        7 => "it took too long",
        9 => "the replica is not there",
        17 => "the topic's name is none",
        29 => "who signed in may not read the topic",
        31 => "who signed in may not use the cluster",
        33 => "the broker does not know the SASL mechanism",
        34 => "the sign-in does not belong here",
        35 => "the broker does not know the version of a request",
        56 => "the broker's disk failed",
        58 => "the sign-in failed",
        74 => "the leader's epoch is another one",
        76 => "the broker does not know how the records are packed",
        78 => "the offset is not there yet",
        _ => return format!("error {code}"),
    };
    known.to_string()
}

/// What the cluster has.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// Brokers: their numbers and addresses.
    pub brokers: Vec<(i32, String, u16)>,
    pub topics: Vec<Topic>,
}

#[derive(Debug)]
pub(super) struct Topic {
    pub error: i16,
    pub name: String,
    /// Partitions: their errors, numbers and leaders.
    pub partitions: Vec<(i16, i32, i32)>,
}

pub(super) fn metadata(topics: &[String]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.list(topics.len());
    topics.iter().for_each(|topic| writer.text(topic));
    // Whoever asks for a topic does not make it.
    writer.i8(0);
    writer.0
}

pub(super) fn read_metadata(answer: &[u8]) -> Result<Metadata, Broken> {
    let mut reader = Reader(answer);
    reader.i32()?;
    let brokers = reader.list(|reader| {
        let (id, host, port) = (reader.i32()?, reader.text()?.ok_or(Broken)?, reader.i32()?);
        reader.text()?;
        Ok((id, host, u16::try_from(port).map_err(|_| Broken)?))
    })?;
    reader.text()?;
    reader.i32()?;
    let topics = reader.list(|reader| {
        let (error, name) = (reader.i16()?, reader.text()?.ok_or(Broken)?);
        reader.i8()?;
        let partitions = reader.list(|reader| {
            let partition = (reader.i16()?, reader.i32()?, reader.i32()?);
            reader.list(Reader::i32)?;
            reader.list(Reader::i32)?;
            Ok(partition)
        })?;
        Ok(Topic { error, name, partitions })
    })?;
    Ok(Metadata { brokers, topics })
}

/// Which offset of a partition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// The first that is kept.
    Earliest,
    /// Behind the last record that may be read.
    End,
    /// The first record that was written then or later, in milliseconds since 1970.
    Time(i64),
}

pub(super) fn list_offsets(topic: &str, partitions: &[(i32, At)]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.i32(-1);
    writer.i8(READ_COMMITTED);
    writer.list(1);
    writer.text(topic);
    writer.list(partitions.len());
    for (partition, at) in partitions {
        writer.i32(*partition);
        writer.i64(match at {
            At::Earliest => -2,
            At::End => -1,
            At::Time(ms) => (*ms).max(0),
        });
    }
    writer.0
}

/// Returns an error and an offset, which is negative where there is none, for each partition.
pub(super) fn read_offsets(answer: &[u8]) -> Result<Vec<(i32, i16, i64)>, Broken> {
    let mut reader = Reader(answer);
    reader.i32()?;
    let topics = reader.list(|reader| {
        reader.text()?;
        reader.list(|reader| {
            let (partition, error) = (reader.i32()?, reader.i16()?);
            reader.i64()?;
            Ok((partition, error, reader.i64()?))
        })
    })?;
    Ok(topics.into_iter().flatten().collect())
}

/// What is asked of a partition.
pub(super) struct Fetch<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub bytes_max: i32,
    pub wait_ms: i32,
}

pub(super) fn fetch(version: i16, fetch: &Fetch<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.i32(-1);
    writer.i32(fetch.wait_ms);
    writer.i32(1);
    writer.i32(fetch.bytes_max);
    writer.i8(READ_COMMITTED);
    if version >= 7 {
        // No session.
        writer.i32(0);
        writer.i32(-1);
    }
    writer.list(1);
    writer.text(fetch.topic);
    writer.list(1);
    writer.i32(fetch.partition);
    if version >= 9 {
        writer.i32(-1);
    }
    writer.i64(fetch.offset);
    if version >= 5 {
        writer.i64(-1);
    }
    writer.i32(fetch.bytes_max);
    if version >= 7 {
        writer.list(0);
    }
    if version >= 11 {
        writer.text("");
    }
    writer.0
}

/// What a partition gave.
#[derive(Debug)]
pub(super) struct Fetched<'a> {
    pub error: i16,
    /// Transactions that were aborted: who wrote them, and where they begin.
    pub aborted: Vec<(i64, i64)>,
    pub records: &'a [u8],
}

pub(super) fn read_fetched(version: i16, answer: &[u8]) -> Result<Fetched<'_>, Broken> {
    let mut reader = Reader(answer);
    reader.i32()?;
    if version >= 7 {
        let error = reader.i16()?;
        reader.i32()?;
        if error != 0 {
            return Ok(Fetched { error, aborted: Vec::new(), records: &[] });
        }
    }
    let topics = reader.list(|reader| {
        reader.text()?;
        reader.list(|reader| {
            reader.i32()?;
            let error = reader.i16()?;
            reader.i64()?;
            reader.i64()?;
            if version >= 5 {
                reader.i64()?;
            }
            let aborted = reader.list(|reader| Ok((reader.i64()?, reader.i64()?)))?;
            if version >= 11 {
                reader.i32()?;
            }
            Ok(Fetched { error, aborted, records: reader.bytes()?.unwrap_or_default() })
        })
    })?;
    topics.into_iter().flatten().next().ok_or(Broken)
}

/// A message by its key, and its oldest and newest version.
type Versions = (i16, i16, i16);

/// Returns the error, and the versions of each message that a broker speaks.
pub(super) fn read_versions(answer: &[u8]) -> Result<(i16, Vec<Versions>), Broken> {
    let mut reader = Reader(answer);
    let error = reader.i16()?;
    Ok((error, reader.list(|reader| Ok((reader.i16()?, reader.i16()?, reader.i16()?)))?))
}

pub(super) fn handshake(mechanism: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(mechanism);
    writer.0
}

/// Returns the error and the mechanisms that a broker knows.
pub(super) fn read_handshake(answer: &[u8]) -> Result<(i16, Vec<String>), Broken> {
    let mut reader = Reader(answer);
    Ok((reader.i16()?, reader.list(|reader| reader.text()?.ok_or(Broken))?))
}

pub(super) fn authenticate(words: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.bytes(words);
    writer.0
}

/// Returns the error, what is said of it, and the broker's words.
pub(super) fn read_authenticated(answer: &[u8]) -> Result<(i16, String, Vec<u8>), Broken> {
    let mut reader = Reader(answer);
    let (error, message) = (reader.i16()?, reader.text()?.unwrap_or_default());
    Ok((error, message, reader.bytes()?.unwrap_or_default().to_vec()))
}
