//! The last requests by their id, so that a repeated one gets the first one's receipt.

use std::collections::{HashMap, VecDeque};

use crate::request::{Receipt, RequestId};

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
}
