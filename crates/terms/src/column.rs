//! Collecting the keys of one column.

use crate::json;
use crate::keys::{Class, Key, Mark, is_whole_key, scan};
use crate::layout::{Pair, TextKind};

/// The keys of a column so far, with the blocks in which they stand.
#[derive(Debug)]
pub struct Column {
    pub id: u16,
    pub kind: TextKind,
    pub rows: u64,
    /// No keys are collected any more: there were too many.
    pub given_up: bool,
    pub pairs: Vec<Pair>,
    block: u32,
    /// The first of the pairs of the current block.
    block_start: usize,
    seen: Seen,
}

/// Buffers that all columns share.
#[derive(Debug, Default)]
pub struct Scratch {
    folded: String,
    unescaped: String,
    printed: String,
}

impl Column {
    pub fn new(id: u16, kind: TextKind) -> Column {
        let seen = Seen::with_slots(1 << 10);
        Column { id, kind, rows: 0, given_up: false, pairs: Vec::new(), block: 0, block_start: 0, seen }
    }

    /// Says to which block the texts belong that come next. Blocks come in order.
    pub fn enter_block(&mut self, block: u32) {
        if block != self.block {
            self.block = block;
            self.block_start = self.pairs.len();
        }
    }

    /// Drops all keys and collects no more.
    pub fn give_up(&mut self) {
        self.given_up = true;
        self.pairs = Vec::new();
        self.block_start = 0;
    }

    /// Adds the keys of a text.
    pub fn add(&mut self, text: &str, scratch: &mut Scratch) {
        if self.given_up || text.is_empty() {
            return;
        }
        match self.kind {
            TextKind::String => self.add_string(text, scratch),
            TextKind::Json => self.add_json(text, scratch),
        }
    }

    fn add_string(&mut self, text: &str, scratch: &mut Scratch) {
        self.add_form(text, &mut scratch.folded, true);
        if json::any_byte(text, |byte| byte == b'\\' || byte < 0x20) {
            self.insert(Key::mark(Mark::Escapes));
        }
    }

    fn add_json(&mut self, text: &str, scratch: &mut Scratch) {
        let Scratch { folded, unescaped, printed } = scratch;
        self.add_form(text, folded, false);
        let forms = json::forms(text, unescaped, printed);
        if forms.unescaped {
            self.add_form(unescaped, folded, false);
        }
        if forms.printed {
            self.add_form(printed, folded, false);
        }
        if forms.escapes_left {
            self.insert(Key::mark(Mark::Escapes));
        }
    }

    fn add_form(&mut self, text: &str, folded: &mut String, whole: bool) {
        folded.clear();
        folded.push_str(text);
        folded.make_ascii_lowercase();
        let scanned = scan(folded, |class, piece| {
            if let Some(piece) = folded.as_bytes().get(piece) {
                self.insert(Key::of(class, piece));
            }
        });
        if scanned.guid {
            self.insert(Key::mark(Mark::Guid));
        }
        if !folded.is_ascii() {
            self.insert(Key::mark(Mark::NonAscii));
        }
        if whole && is_whole_key(folded, scanned) {
            self.insert(Key::of(Class::Value, folded.as_bytes()));
        }
    }

    #[inline]
    fn insert(&mut self, key: Key) {
        let pair = Pair::new(key, self.block);
        if self.seen.insert(pair) {
            self.pairs.push(pair);
            let in_block = self.pairs.len() - self.block_start;
            if in_block * 2 > self.seen.slots.len() {
                self.seen.grow(self.pairs.get(self.block_start..).unwrap_or_default());
            }
        }
    }
}

/// The pairs of the current block: open addressing, in which a pair of another block is a free slot.
#[derive(Debug)]
struct Seen {
    /// A power of two of them, at most half of them taken.
    slots: Vec<Pair>,
    shift: u32,
}

impl Seen {
    fn with_slots(slots: usize) -> Seen {
        Seen { slots: vec![Pair::NONE; slots], shift: 64 - slots.ilog2() }
    }

    /// Adds a pair; returns whether it is new.
    #[inline]
    fn insert(&mut self, pair: Pair) -> bool {
        let mask = self.slots.len() - 1;
        let mut at = (pair.0 >> self.shift) as usize;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == pair {
                return false;
            }
            if slot.block() != pair.block() {
                *slot = pair;
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }

    fn grow(&mut self, pairs: &[Pair]) {
        *self = Seen::with_slots(self.slots.len() * 2);
        for pair in pairs {
            self.insert(*pair);
        }
    }
}
