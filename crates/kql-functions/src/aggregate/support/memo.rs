//! What was found out about a text is remembered by its view.
//!
//! A column that is stored with a dictionary comes as views into the dictionary, whose buffers stay the same for many
//! batches: equal views are then equal texts. Short texts stand in the view itself, in all batches. So a text that repeats
//! is hashed once, and not once per row.

use arrow::array::StringViewArray;
use arrow::buffer::Buffer;

/// Slots; a power of two. They fit the second-level cache.
const SLOTS: usize = 8192;
/// Length up to which a text stands in its view.
const INLINE_MAX: u128 = 12;
/// Look-ups after which a memory that seldom helps is given up.
const TRIAL: u32 = 16_384;

#[derive(Clone)]
struct Slot<T> {
    view: u128,
    /// The buffers that the view is of; 0 for views that need none, `u32::MAX` for an empty slot.
    era: u32,
    value: T,
}

/// Values by the views of texts.
#[derive(Default)]
pub struct ViewMemo<T> {
    slots: Vec<Slot<T>>,
    /// The buffers of the last batch. They are kept so that no others can come to stand where they stood.
    buffers: Vec<Buffer>,
    /// How many different lists of buffers there were.
    era: u32,
    looked: u32,
    found: u32,
    given_up: bool,
}

impl<T: Copy + Default> ViewMemo<T> {
    /// Starts a batch of texts. Views into other buffers than the last batch's mean nothing any more.
    pub fn start(&mut self, texts: &StringViewArray) {
        if self.given_up {
            return;
        }
        if self.looked >= TRIAL && self.found < self.looked / 2 {
            *self = ViewMemo { given_up: true, ..ViewMemo::default() };
            return;
        }
        let buffers = texts.data_buffers();
        let same = |(a, b): (&Buffer, &Buffer)| a.as_ptr() == b.as_ptr() && a.len() == b.len();
        if buffers.len() != self.buffers.len() || !buffers.iter().zip(&self.buffers).all(same) {
            self.buffers = buffers.to_vec();
            self.era += 1;
            if self.era == u32::MAX {
                self.era = 1;
                self.slots.clear();
            }
        }
    }

    /// Returns what is known of the text of a row, or finds it out.
    #[inline]
    pub fn get<E>(
        &mut self,
        texts: &StringViewArray,
        row: usize,
        find_out: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.given_up {
            return find_out(texts.value(row).as_bytes());
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Slot { view: 0, era: u32::MAX, value: T::default() });
        }
        let view = texts.views()[row];
        let era = if view & u128::from(u32::MAX) <= INLINE_MAX { 0 } else { self.era };
        let folded = (view as u64) ^ ((view >> 64) as u64).rotate_left(29);
        let slot = (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & (SLOTS - 1);
        self.looked = self.looked.saturating_add(1);
        let known = &self.slots[slot];
        if known.view == view && known.era == era {
            self.found = self.found.saturating_add(1);
            return Ok(known.value);
        }
        let value = find_out(texts.value(row).as_bytes())?;
        self.slots[slot] = Slot { view, era, value };
        Ok(value)
    }

    /// Returns the bytes held.
    pub fn size(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<T>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;
    use std::convert::Infallible;

    /// Looks up every row and returns what it gave and how often it had to be found out.
    fn run(memo: &mut ViewMemo<u32>, texts: &StringViewArray) -> (Vec<u32>, usize) {
        let mut asked = 0;
        memo.start(texts);
        let rows = (0..texts.len()).map(|row| {
            let found: Result<u32, Infallible> = memo.get(texts, row, |bytes| {
                asked += 1;
                Ok(bytes.iter().map(|b| u32::from(*b)).sum())
            });
            found.unwrap_or_default()
        });
        (rows.collect(), asked)
    }

    #[test]
    fn a_long_text_is_known_while_its_buffers_are_and_a_short_one_for_good() {
        let mut memo = ViewMemo::default();
        // The same place of the buffer holds other texts in the second batch.
        for (long, expected) in [("aaaaaaaaaaaaaaaa", 97 * 16), ("bbbbbbbbbbbbbbbb", 98 * 16)] {
            let texts = StringViewArray::from(vec![long, "ab"]);
            let twice = arrow::compute::take(&texts, &arrow::array::UInt32Array::from(vec![0, 1, 0, 1]), None);
            let twice = twice.expect("rows");
            let twice = arrow::array::AsArray::as_string_view(&twice);
            let (values, asked) = run(&mut memo, twice);
            assert_eq!(values, [expected, 195, expected, 195]);
            assert_eq!(asked, if long.starts_with('a') { 2 } else { 1 });
            assert_eq!(run(&mut memo, twice), (values, 0));
        }
    }

    #[test]
    fn a_memory_that_never_helps_is_given_up() {
        let texts: Vec<String> = (0..TRIAL + 1).map(|i| format!("a text of its own {i}")).collect();
        let texts = StringViewArray::from_iter_values(&texts);
        let mut memo = ViewMemo::default();
        let (first, _) = run(&mut memo, &texts);
        let (second, asked) = run(&mut memo, &texts);
        assert_eq!((first, asked), (second, texts.len()));
        assert_eq!(memo.size(), 0);
    }
}
