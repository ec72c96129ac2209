//! Files that are not known, and those that hold something else by now: whether another one holds what was taken, or all is new.

use super::Files;
use super::known::{self, Entry};
use super::look::{self, Found};
use super::reader::{self, Packing};
use crate::growth::Shape;
use crate::reached::{HEAD_BYTES, Quiet, READ_BYTES, Reached};
use crate::state::{Change, State};
use sources::Sniff;
use std::io;
use std::path::Path;

/// Bytes before a place that are read so that it is known again.
const KEPT_BYTES: u64 = 512;

/// How a file is packed, and its first bytes.
type Head = (Option<Packing>, Vec<u8>);

impl Files {
    /// Returns how a file is packed and its first bytes, or what it is that is not followed.
    fn head(&mut self, found: &Found) -> io::Result<Result<Head, &'static str>> {
        let reader = self.reader(found)?;
        reader.set_packing(None);
        let packing = match reader::packing(reader.read(0, 8)?) {
            Ok(packing) => packing,
            Err(what) => return Ok(Err(what)),
        };
        reader.set_packing(packing);
        let head = reader.read(0, HEAD_BYTES)?.to_vec();
        Ok(if Shape::of(&head) == Shape::Whole && head.first() != Some(&0) {
            Err("no text")
        } else {
            Ok((packing, head))
        })
    }

    /// Returns the file that holds what another one held, and how it is packed.
    fn heir(&mut self, state: &State, id: &str, entry: &Entry) -> Option<(Found, Option<Packing>)> {
        let is_free = |found: &Found| {
            found.id != id && known::entry(state, &found.id).is_none_or(|other| other.copy_of.as_deref() == Some(id))
        };
        let mut candidates: Vec<Found> = self.listed.values().filter(|found| is_free(found)).cloned().collect();
        let beside = look::family(Path::new(&entry.path)).into_iter();
        candidates.extend(beside.filter(|found| is_free(found) && !self.listed.contains_key(&found.id)));
        for found in candidates {
            if !look::is_of_family(Path::new(&entry.path), &found.path) {
                continue;
            }
            match self.is_holding(&found, entry) {
                Ok(Some(packing)) => return Some((found, packing)),
                Ok(None) => {}
                Err(error) => self.wrong(&found, &error),
            }
        }
        None
    }

    /// Returns how a file is packed that holds what was taken elsewhere.
    fn is_holding(&mut self, found: &Found, entry: &Entry) -> io::Result<Option<Option<Packing>>> {
        let Ok((packing, head)) = self.head(found)? else { return Ok(None) };
        let is_held = entry.may_be(&found.path, &head) && entry.is_held_by(self.reader(found)?)?;
        Ok(is_held.then_some(packing))
    }

    /// Ends what a file held: it goes on in its heir, or is gone.
    pub(super) fn retire(&mut self, state: &State, id: &str, entry: &Entry) -> Change {
        let was_taken = entry.reached.at > 0 && entry.copy_of.is_none();
        let heir = if was_taken { self.heir(state, id, entry) } else { None };
        let mut change = match heir {
            None => known::bury(id, entry, self.now),
            Some((found, packing)) => {
                let mut change = known::set(&found.id, &entry.moved_to(&found, packing));
                change.drop.push(known::key(id));
                self.new.retain(|new| new.id != found.id);
                self.listed.entry(found.id.clone()).or_insert_with(|| found.clone());
                self.queue.push_back((found, 0));
                change
            }
        };
        // All that is in the other copies was taken.
        for (other, copy) in known::copies(state, id) {
            if change.set.contains_key(&known::key(&other)) {
                continue;
            }
            let Some(found) = self.listed.get(&other).cloned() else { continue };
            match self.all_taken(&found, &copy) {
                Ok(copy) => change.set.extend(known::set(&other, &copy).set),
                Err(error) => self.wrong(&found, &error),
            }
        }
        change
    }

    /// Returns what is known of a copy when all that is in it was taken elsewhere.
    fn all_taken(&mut self, found: &Found, copy: &Entry) -> io::Result<Entry> {
        let mut copy = Entry { copy_of: None, stamp: found.stamp(), ..copy.clone() };
        let reader = self.reader(found)?;
        reader.set_packing(copy.packing);
        loop {
            let (at, n) = (copy.reached.at, copy.reached.n_before());
            let window = reader.read(at - n, n + READ_BYTES)?;
            let end = at - n + window.len() as u64;
            let before = window.get(window.len().saturating_sub(KEPT_BYTES as usize)..).unwrap_or_default().to_vec();
            if end <= at {
                return Ok(copy);
            }
            copy.reached.move_to(end, &before);
        }
    }

    /// Looks at a file that is not known; returns how the position moves by that.
    pub(super) fn arrive(&mut self, state: &State, found: &Found) -> io::Result<Option<Change>> {
        let is_old = self.options.since.is_some_and(|since| found.modified < since);
        if found.size == 0 || is_old {
            return Ok(None);
        }
        if let Some((stamp, why)) = self.left_out.get(&found.id)
            && *stamp == found.stamp()
        {
            self.problems.tell(why.clone());
            return Ok(None);
        }
        let (packing, head) = match self.head(found)? {
            Ok(read) => read,
            Err(what) => {
                self.leave_out(found, what);
                return Ok(None);
            }
        };
        let quiet = self.quiet(found);
        if packing.is_some() && quiet == Quiet::No {
            return Ok(None);
        }
        for (key, entry) in known::gone_like(state, &found.path) {
            if entry.may_be(&found.path, &head) && entry.is_held_by(self.reader(found)?)? {
                let mut change = known::set(&found.id, &entry.moved_to(found, packing));
                change.drop.push(key);
                self.queue.push_back((found.clone(), 0));
                return Ok(Some(change));
            }
        }
        for (id, entry) in known::files_like(state, &found.path) {
            if entry.may_be(&found.path, &head) && entry.is_held_by(self.reader(found)?)? {
                self.readers.remove(&found.id);
                let copy = Entry { copy_of: Some(id), ..entry.moved_to(found, packing) };
                return Ok(Some(known::set(&found.id, &copy)));
            }
        }
        match self.beginning(found, packing, &head)? {
            Ok(Some(entry)) => {
                self.begun.insert(found.id.clone(), entry);
                self.queue.push_back((found.clone(), 0));
            }
            Ok(None) => {}
            Err(what) => self.leave_out(found, what),
        }
        Ok(None)
    }

    /// Says that a file is not followed, as long as it stays as it is.
    fn leave_out(&mut self, found: &Found, what: &str) {
        let why = format!("`{}` is {what}: it is not followed; `vidimus import` may know it", found.label());
        self.problems.tell(why.clone());
        self.left_out.insert(found.id.clone(), (found.stamp(), why));
        self.readers.remove(&found.id);
    }

    /// Begins a file; nothing as long as there is not enough of it to tell what it is. What is no text is not followed.
    fn beginning(
        &mut self,
        found: &Found,
        packing: Option<Packing>,
        head: &[u8],
    ) -> io::Result<Result<Option<Entry>, &'static str>> {
        let (mut from, mut text) = (0, head.to_vec());
        // A writer that goes on where it was in a file that was truncated leaves a hole before that.
        while text.first() == Some(&0) {
            from += text.iter().take_while(|byte| **byte == 0).count() as u64;
            text = self.reader(found)?.read(from, HEAD_BYTES)?.to_vec();
        }
        let shape = match Shape::of(&text) {
            Shape::Whole => return Ok(Err("no text")),
            shape => shape,
        };
        let is_json = text.trim_ascii_start().first() == Some(&b'{');
        let is_enough = match shape {
            Shape::Elements { .. } => true,
            Shape::Lines if is_json => true,
            _ => text.contains(&b'\n') || text.len() as u64 >= HEAD_BYTES || self.quiet(found) == Quiet::End,
        };
        if text.is_empty() || !is_enough {
            return Ok(Ok(None));
        }
        let mut reached = Reached::begin(shape);
        if from > 0 {
            let n = from.min(KEPT_BYTES);
            let before = self.reader(found)?.read(from - n, n)?.to_vec();
            reached.move_to(from, &before);
        }
        let label = found.label();
        let recognised = || sources::detect(&Sniff::new(&label, &text)).map(|source| source.name.to_string());
        let source = self.options.source.clone().or_else(recognised);
        Ok(Ok(Some(Entry::begin(found, head, reached, source, packing))))
    }
}
