//! The head of a frame that commits a group: entries and checkpoints of all workspaces. The data of the batches follow it in the
//! same order.

use tlog::Hash;
use tlog::note::SignedNote;

use crate::codec::{Decoder, Encoder};
use crate::request::RequestId;

/// What a group adds to one log.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupLog {
    pub workspace: String,
    pub origin: String,
    /// How many entries the log had before.
    pub size_before: u64,
    pub items: Vec<Item>,
    pub checkpoint: SignedNote,
}

/// An entry, and what its batch has besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub entry: Vec<u8>,
    pub batch: Option<BatchData>,
}

/// What belongs to a batch in the data of the frame.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchData {
    pub request: Option<RequestId>,
    pub leaf_material_len: u64,
    pub payload_len: u64,
    /// The hash of both.
    pub hash: Hash,
}

/// Returns the head of a group.
pub fn group_bytes(logs: &[GroupLog]) -> Vec<u8> {
    let mut out = Encoder::default();
    out.u64(logs.len() as u64);
    for log in logs {
        out.bytes(log.workspace.as_bytes());
        out.bytes(log.origin.as_bytes());
        out.u64(log.size_before);
        out.u64(log.items.len() as u64);
        for item in &log.items {
            out.bytes(&item.entry);
            let Some(batch) = &item.batch else {
                out.u8(0);
                continue;
            };
            out.u8(if batch.request.is_some() { 2 } else { 1 });
            if let Some(RequestId { id, content }) = batch.request {
                out.0.extend(id);
                out.0.extend(content);
            }
            out.u64(batch.leaf_material_len);
            out.u64(batch.payload_len);
            out.hash(&batch.hash);
        }
        out.bytes(log.checkpoint.to_text().as_bytes());
    }
    out.0
}

/// Reads what [`group_bytes`] gives.
pub fn parse_group(bytes: &[u8]) -> Option<Vec<GroupLog>> {
    let mut bytes = Decoder(bytes);
    let mut logs = Vec::new();
    for _ in 0..bytes.u64()? {
        let (workspace, origin, size_before) = (bytes.text()?, bytes.text()?, bytes.u64()?);
        let mut items = Vec::new();
        for _ in 0..bytes.u64()? {
            let entry = bytes.bytes()?.to_vec();
            let request = match bytes.u8()? {
                0 => {
                    items.push(Item { entry, batch: None });
                    continue;
                }
                1 => None,
                2 => Some(RequestId { id: bytes.bytes16()?, content: bytes.bytes16()? }),
                _ => return None,
            };
            let (leaf_material_len, payload_len, hash) = (bytes.u64()?, bytes.u64()?, bytes.hash()?);
            items.push(Item { entry, batch: Some(BatchData { request, leaf_material_len, payload_len, hash }) });
        }
        let checkpoint = SignedNote::parse(bytes.bytes()?).ok()?;
        logs.push(GroupLog { workspace, origin, size_before, items, checkpoint });
    }
    bytes.is_at_end().then_some(logs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_comes_back() {
        let signer = tlog::note::Signer::log("log.example", &[1; 32]).expect("a key");
        let data = |request| BatchData { request, leaf_material_len: 3, payload_len: 9, hash: Hash::of(b"data") };
        let item = |batch| Item { entry: b"entry\n".to_vec(), batch };
        let log = GroupLog {
            workspace: "contoso".to_string(),
            origin: "log.example".to_string(),
            size_before: 4,
            items: vec![
                item(None),
                item(Some(data(None))),
                item(Some(data(Some(RequestId { id: [7; 16], content: [8; 16] })))),
            ],
            checkpoint: SignedNote::sign("text\n".to_string(), &signer),
        };
        let logs = vec![log.clone(), log];
        let bytes = group_bytes(&logs);
        assert_eq!(parse_group(&bytes), Some(logs));
        for end in 0..bytes.len() {
            assert_eq!(parse_group(&bytes[..end]), None);
        }
    }
}
