//! What was found out about a text is remembered by its view.
//!
//! A column that is stored with a dictionary comes as views into the dictionary, whose buffers stay the same for many
//! batches: equal views are then equal texts. Short texts stand in the view itself, in all batches. So a text that repeats
//! is searched or hashed once, and not once per row.

use arrow::array::StringViewArray;
use arrow::buffer::Buffer;

/// Slots of a memory that lasts for many batches; they fit the second-level cache.
const SLOTS: usize = 8192;
/// Length up to which a text stands in its view.
const INLINE_MAX: u128 = 12;

#[derive(Clone)]
struct Slot<T> {
    view: u128,
    /// The buffers that the view is of; 0 for views that need none, `u32::MAX` for an empty slot.
    era: u32,
    value: T,
}

/// Values by the views of texts. One that seldom helps gives itself up.
pub struct ViewMemo<T> {
    n_slots: usize,
    slots: Vec<Slot<T>>,
    /// The buffers of the last batch. They are kept so that no others can come to stand where they stood.
    buffers: Vec<Buffer>,
    /// How many different lists of buffers there were.
    era: u32,
    looked: usize,
    found: usize,
    given_up: bool,
}

impl<T: Copy + Default> Default for ViewMemo<T> {
    fn default() -> ViewMemo<T> {
        ViewMemo::with_slots(SLOTS)
    }
}

impl<T: Copy + Default> ViewMemo<T> {
    /// Makes an empty memory; the slots are made when the first text is asked for. `n_slots` is a power of two.
    pub fn with_slots(n_slots: usize) -> ViewMemo<T> {
        ViewMemo { n_slots, slots: Vec::new(), buffers: Vec::new(), era: 0, looked: 0, found: 0, given_up: false }
    }

    /// Starts a batch of texts. Views into other buffers than the last batch's mean nothing any more.
    pub fn start(&mut self, texts: &StringViewArray) {
        let buffers = texts.data_buffers();
        let same = |(a, b): (&Buffer, &Buffer)| a.as_ptr() == b.as_ptr() && a.len() == b.len();
        if self.given_up || buffers.len() == self.buffers.len() && buffers.iter().zip(&self.buffers).all(same) {
            return;
        }
        self.buffers = buffers.to_vec();
        self.era += 1;
        if self.era == u32::MAX {
            self.era = 1;
            self.slots.clear();
        }
    }

    /// Returns what is known of the text of a row, or finds it out.
    ///
    /// # Errors
    /// Those of `find_out`.
    #[inline]
    pub fn get<E>(
        &mut self,
        texts: &StringViewArray,
        row: usize,
        find_out: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.given_up {
            return find_out(texts.value(row));
        }
        if self.slots.is_empty() {
            self.slots.resize(self.n_slots, Slot { view: 0, era: u32::MAX, value: T::default() });
        }
        let view = texts.views()[row];
        let era = if view & u128::from(u32::MAX) <= INLINE_MAX { 0 } else { self.era };
        let folded = (view as u64) ^ ((view >> 64) as u64).rotate_left(29);
        let slot = (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & (self.n_slots - 1);
        self.looked += 1;
        let known = &self.slots[slot];
        if known.view == view && known.era == era {
            self.found += 1;
            return Ok(known.value);
        }
        let value = find_out(texts.value(row))?;
        self.slots[slot] = Slot { view, era, value };
        if self.looked >= 2 * self.n_slots {
            self.judge();
        }
        Ok(value)
    }

    /// Looks at how often the memory has helped, and gives it up when that was less than one time in four.
    #[cold]
    fn judge(&mut self) {
        if self.found < self.looked / 4 {
            *self = ViewMemo { given_up: true, ..ViewMemo::with_slots(self.n_slots) };
        } else {
            (self.looked, self.found) = (0, 0);
        }
    }

    /// Returns the bytes held, the last batch's buffers aside.
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
            let found: Result<u32, Infallible> = memo.get(texts, row, |text| {
                asked += 1;
                Ok(text.bytes().map(u32::from).sum())
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
        let texts: Vec<String> = (0..3 * SLOTS).map(|i| format!("a text of its own {i}")).collect();
        let texts = StringViewArray::from_iter_values(&texts);
        let mut memo = ViewMemo::default();
        let (first, _) = run(&mut memo, &texts);
        let (second, asked) = run(&mut memo, &texts);
        assert_eq!((first, asked), (second, texts.len()));
        assert_eq!(memo.size(), 0);
    }

    #[test]
    fn a_memory_that_helps_is_kept() {
        let texts = StringViewArray::from_iter_values((0..9 * SLOTS).map(|i| format!("one of a few texts {}", i % 7)));
        let mut places = Vec::new();
        let few = arrow::array::UInt32Array::from_iter_values((0..9 * SLOTS as u32).map(|i| i % 7));
        places.extend(arrow::compute::take(&texts, &few, None));
        let repeated = arrow::array::AsArray::as_string_view(&places[0]);
        let mut memo = ViewMemo::default();
        let (_, asked) = run(&mut memo, repeated);
        assert!(asked <= 7 && memo.size() > 0, "{asked}");
    }
}
