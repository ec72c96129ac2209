//! What comes next of a file, as a piece.

use super::known::{self, Entry};
use super::look::Found;
use super::{Files, UNPACKED_BYTES_MAX};
use crate::events::{self, About};
use crate::feed::{Content, Next, Piece, id_of};
use crate::reached::{Part, Quiet, READ_BYTES, TOO_LONG, Window};
use crate::state::State;
use sha2::{Digest, Sha256};
use std::io::{self, Cursor};

impl Files {
    /// Returns what comes next of a file, and whether there may be more of it.
    pub(super) fn take(&mut self, state: &State, found: &Found) -> io::Result<(Option<Next>, bool)> {
        let known = known::entry(state, &found.id).or_else(|| self.begun.get(&found.id).cloned());
        let Some(mut entry) = known else { return Ok((None, false)) };
        let quiet = self.quiet(found);
        let (from, n_before) = (entry.reached.at, entry.reached.n_before());
        let now = self.now;
        let reader = self.reader(found)?;
        reader.set_packing(entry.packing);
        let wanted = match entry.packing {
            // What comes behind what was there when the round began is the next one's.
            None => READ_BYTES.min(found.size.saturating_sub(from)),
            Some(_) if from > UNPACKED_BYTES_MAX => 0,
            Some(_) => READ_BYTES,
        };
        reader.read(from - n_before, n_before + wanted)?;
        let is_damaged = reader.damage.is_some();
        let window = reader.window();
        let (before, fresh) = window.split_at(window.len().min(n_before as usize));
        // Since it was looked at, another content may have come: the next round sees what it is.
        if !entry.goes_on(before, fresh) {
            return Ok((None, false));
        }
        // It may have become shorter since.
        let is_short = (fresh.len() as u64) < wanted || wanted == 0;
        let is_all = is_short || (entry.packing.is_none() && from + fresh.len() as u64 >= found.size);
        let source = entry.source.as_deref().and_then(sources::find);
        let context = sources::Context { path: found.label(), now };
        // More of what is packed does not come by and by, unless it is still being packed.
        let quiet = if entry.packing.is_some() && !is_damaged { Quiet::End } else { quiet };
        let (part, is_moved) = entry.reached.advance(&Window { before, fresh, is_all, quiet }, source, &context);
        let too_much = || (from, format!("it has more than {UNPACKED_BYTES_MAX} bytes"));
        let damage = if wanted == 0 && entry.packing.is_some() { Some(too_much()) } else { reader.damage.clone() };
        let damage = damage.filter(|_| is_all && !is_moved && quiet == Quiet::End);
        entry.reached.has_rest |= is_damaged && damage.is_none();
        if is_all {
            reader.let_go();
        }
        let has_more = is_moved || !is_all;
        entry.stamp = if has_more { String::new() } else { found.stamp() };
        (entry.path, entry.copy_of) = (found.label(), None);
        let after = known::set(&found.id, &entry);
        let part = match (part, damage) {
            // As long as nothing was taken, it may still turn out to be something else.
            (None, None) if entry.reached.at == 0 => return Ok((None, has_more)),
            (None, None) if state.get(&known::key(&found.id)) == after.set.values().next() => {
                return Ok((None, has_more));
            }
            (None, None) => return Ok((Some(Next::Moved(after)), has_more)),
            (None, Some((at, why))) => {
                let why = format!("what is packed in it is left out behind byte {at}: {why}");
                (Content::Lost(why), Vec::new())
            }
            (Some(Part::TooLong(body)), _) => (Content::Lost(TOO_LONG.to_string()), body),
            (Some(Part::Records(body)), _) => self.content(&entry, body),
        };
        let (content, body) = part;
        // The same bytes may come again in a file that was truncated: they are others.
        let place = [from.to_be_bytes(), now.to_be_bytes()].concat();
        let id = id_of(&[b"files", found.id.as_bytes(), &place, &Sha256::digest(&body)]);
        let body = Box::new(Cursor::new(body));
        Ok((Some(Next::Piece(Piece { label: found.label(), id, content, body, after })), has_more))
    }

    /// Returns records as they are delivered: those of no known format with the table that they are for.
    fn content(&self, entry: &Entry, body: Vec<u8>) -> (Content, Vec<u8>) {
        if let Some(source) = &entry.source {
            return (Content::Records(source.clone()), body);
        }
        let stem = events::stem(&entry.path);
        let name = self.options.table.as_deref().unwrap_or(&stem);
        let about = About { name, source: &entry.path, time_ms: None, fields: &[] };
        (Content::Events, events::of_text(&about, &body))
    }
}
