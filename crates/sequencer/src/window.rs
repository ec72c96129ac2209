//! The last requests by their id, so that a repeated one gets the first one's receipt.
//!
//! They stand in each frame of the whole state: else they would be forgotten with the files of the write-ahead log that had them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use tlog::note::SignedNote;

use crate::codec::{Decoder, Encoder};
use crate::request::{Level, Receipt, RequestId};

type Key = (String, [u8; 16]);

/// What was answered to a request, and to which.
#[derive(Debug, Clone)]
pub struct Answer {
    pub table: String,
    pub content: [u8; 16],
    pub receipt: Receipt,
}

/// The last answers, a bounded number of them.
pub struct Window {
    answers: HashMap<Key, Answer>,
    order: VecDeque<Key>,
    max: usize,
}

impl Window {
    pub fn new(max: usize) -> Window {
        Window { answers: HashMap::new(), order: VecDeque::new(), max }
    }

    pub fn get(&self, workspace: &str, request: RequestId) -> Option<&Answer> {
        self.answers.get(&(workspace.to_string(), request.id))
    }

    pub fn insert(&mut self, workspace: &str, request: RequestId, answer: Answer) {
        let key = (workspace.to_string(), request.id);
        if self.answers.insert(key.clone(), answer).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.max {
            if let Some(oldest) = self.order.pop_front() {
                self.answers.remove(&oldest);
            }
        }
    }

    /// Returns the answers as they stand in a frame, the oldest first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let answers: Vec<(&Key, &Answer)> =
            self.order.iter().filter_map(|key| Some((key, self.answers.get(key)?))).collect();
        let mut places: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for ((workspace, _), answer) in &answers {
            places.insert((workspace, &answer.table), 0);
        }
        let mut out = Encoder::default();
        out.u64(places.len() as u64);
        for (idx, ((workspace, table), place)) in (0..).zip(&mut places) {
            out.bytes(workspace.as_bytes());
            out.bytes(table.as_bytes());
            *place = idx;
        }
        out.u64(answers.len() as u64);
        for ((workspace, id), Answer { table, content, receipt }) in answers {
            out.u64(places.get(&(workspace.as_str(), table.as_str())).copied().unwrap_or_default());
            out.0.extend(id);
            out.0.extend(content);
            out.u64(receipt.entry);
            out.u64(receipt.records.start);
            out.u64(receipt.records.end);
        }
        out.0
    }

    /// Takes in what [`Window::to_bytes`] gave; `None` if it is anything else. Checkpoints are not among it: `checkpoint` gives each
    /// workspace's, which covers all that was answered before.
    pub fn take_in(&mut self, bytes: &[u8], checkpoint: impl Fn(&str) -> Option<SignedNote>) -> Option<()> {
        let mut bytes = Decoder(bytes);
        let mut places = Vec::new();
        let mut checkpoints: BTreeMap<String, Arc<SignedNote>> = BTreeMap::new();
        for _ in 0..bytes.u64()? {
            let (workspace, table) = (bytes.text()?, bytes.text()?);
            if !checkpoints.contains_key(&workspace) {
                checkpoints.insert(workspace.clone(), Arc::new(checkpoint(&workspace)?));
            }
            places.push((workspace, table));
        }
        for _ in 0..bytes.u64()? {
            let (workspace, table) = places.get(usize::try_from(bytes.u64()?).ok()?)?;
            let request = RequestId { id: bytes.bytes16()?, content: bytes.bytes16()? };
            let (entry, records) = (bytes.u64()?, bytes.u64()?..bytes.u64()?);
            let checkpoint = checkpoints.get(workspace)?.clone();
            let receipt = Receipt { level: Level::Committed, entry, records, time: None, checkpoint };
            self.insert(workspace, request, Answer { table: table.clone(), content: request.content, receipt });
        }
        bytes.is_at_end().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_in_their_order() {
        let signer = tlog::note::Signer::log("log.example", &[1; 32]).expect("a key");
        let checkpoint = SignedNote::sign("log.example\n9\n".to_string(), &signer);
        let mut window = Window::new(8);
        for n in 0..10 {
            let receipt = Receipt {
                level: Level::Committed,
                entry: n,
                records: n..n + 2,
                time: None,
                checkpoint: Arc::new(checkpoint.clone()),
            };
            let (table, content) = (["A", "B"][n as usize % 2].to_string(), [n as u8; 16]);
            let request = RequestId { id: [n as u8 + 100; 16], content };
            window.insert(["x", "y", "z"][n as usize % 3], request, Answer { table, content, receipt });
        }
        let bytes = window.to_bytes();
        let read = |bytes: &[u8]| {
            let mut read = Window::new(8);
            read.take_in(bytes, |_| Some(checkpoint.clone())).map(|()| read)
        };
        let again = read(&bytes).expect("answers");
        assert_eq!((again.order.len(), &again.order, again.to_bytes()), (8, &window.order, bytes.clone()));
        for (key, answer) in &window.answers {
            let found = again.get(&key.0, RequestId { id: key.1, content: [0; 16] }).expect("an answer");
            assert_eq!((&found.table, found.content, &found.receipt), (&answer.table, answer.content, &answer.receipt));
        }
        assert!((0..bytes.len()).all(|len| read(&bytes[..len]).is_none()));
        assert!(Window::new(8).take_in(&bytes, |_| None).is_none());
    }
}
