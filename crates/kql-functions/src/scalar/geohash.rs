//! Geohash: a rectangle of longitudes and latitudes, halved in turns, five halvings to a letter.

use super::geo::point;

/// The letters that a geohash has at most.
pub const LENGTH_MAX: u8 = 18;

const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// A rectangle of the grid that geohashes of a length make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geohash {
    length: u8,
    /// Places from west and from south.
    column: u64,
    row: u64,
}

impl Geohash {
    /// Returns the rectangle of a length that holds a point.
    pub fn of(longitude: f64, latitude: f64, length: u8) -> Option<Geohash> {
        point(longitude, latitude)?;
        let empty = Geohash { length, column: 0, row: 0 };
        let place = |coordinate: f64, limit: f64, bits: u32| {
            let (mut low, mut high) = (-limit, limit);
            (0..bits).fold(0, |place, _| {
                let middle = (low + high) / 2.0;
                let is_upper = coordinate >= middle;
                if is_upper {
                    low = middle
                } else {
                    high = middle
                }
                place << 1 | u64::from(is_upper)
            })
        };
        let (columns, rows) = empty.bits();
        Some(Geohash { column: place(longitude, 180.0, columns), row: place(latitude, 90.0, rows), ..empty })
    }

    /// Reads 1 to 18 letters.
    pub fn parse(text: &str) -> Option<Geohash> {
        let length = u8::try_from(text.len()).ok().filter(|length| (1..=LENGTH_MAX).contains(length))?;
        let mut hash = Geohash { length, column: 0, row: 0 };
        let mut is_column = true;
        for letter in text.bytes() {
            let digit = ALPHABET.iter().position(|known| *known == letter.to_ascii_lowercase())?;
            for bit in (0..5).rev() {
                let axis = if is_column { &mut hash.column } else { &mut hash.row };
                *axis = *axis << 1 | (digit >> bit & 1) as u64;
                is_column = !is_column;
            }
        }
        Some(hash)
    }

    /// Returns the rectangle's letters.
    pub fn text(self) -> String {
        let (mut columns, mut rows) = self.bits();
        let mut is_column = true;
        (0..self.length)
            .map(|_| {
                let digit = (0..5).fold(0, |digit, _| {
                    let (axis, left) = if is_column { (self.column, &mut columns) } else { (self.row, &mut rows) };
                    *left = left.saturating_sub(1);
                    is_column = !is_column;
                    digit << 1 | (axis >> *left & 1) as usize
                });
                ALPHABET.get(digit).copied().map_or('0', char::from)
            })
            .collect()
    }

    /// Returns how many halvings there are of longitudes and of latitudes.
    fn bits(self) -> (u32, u32) {
        let bits = u32::from(self.length) * 5;
        (bits.div_ceil(2), bits / 2)
    }

    /// Returns the rectangle: west, south, east, north.
    pub fn bounds(self) -> [f64; 4] {
        let (columns, rows) = self.bits();
        let degrees = |place: u64, limit: f64, bits: u32| place as f64 * (2.0 * limit / (1u64 << bits) as f64) - limit;
        [
            degrees(self.column, 180.0, columns),
            degrees(self.row, 90.0, rows),
            degrees(self.column + 1, 180.0, columns),
            degrees(self.row + 1, 90.0, rows),
        ]
    }

    /// Returns the rectangles around, in the order of the reference's example; at a pole there are fewer.
    pub fn neighbors(self) -> impl Iterator<Item = Geohash> {
        let (columns, rows) = self.bits();
        let steps = [(-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1)];
        steps.into_iter().filter_map(move |(east, north)| {
            let row = self.row.checked_add_signed(north).filter(|row| *row < 1 << rows)?;
            let column = self.column.wrapping_add_signed(east) & ((1 << columns) - 1);
            Some(Geohash { column, row, ..self })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_places_agree() {
        for text in ["s", "sunny", "dhwfz15h", "000000000000000000", "zzzzzzzzzzzzzzzzzz", "c23n8"] {
            let hash = Geohash::parse(text);
            assert_eq!(hash.map(Geohash::text).as_deref(), Some(text));
            let [west, south, east, north] = hash.map(Geohash::bounds).unwrap_or_default();
            let middle = Geohash::of((west + east) / 2.0, (south + north) / 2.0, text.len() as u8);
            assert_eq!(middle, hash, "{text}");
        }
        for text in ["", "a", "sunnyi", "é", "0000000000000000000"] {
            assert_eq!(Geohash::parse(text), None, "{text}");
        }
        let around = |text: &str| -> Vec<String> {
            Geohash::parse(text).into_iter().flat_map(Geohash::neighbors).map(Geohash::text).collect()
        };
        assert_eq!(around("z").len(), 5);
        assert!(around("z").contains(&"b".to_string()));
        assert_eq!(around("sunny").join(" "), "sunnt sunpj sunnx sunpn sunnv sunpp sunnz sunnw");
    }
}
