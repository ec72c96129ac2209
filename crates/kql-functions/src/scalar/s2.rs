//! Cells of the S2 library: the Earth on the six faces of a cube, each face divided by four up to 30 times, the cells of
//! a level numbered along a Hilbert curve.
//!
//! # Source
//! S2 developer guide, "S2 cell hierarchy": the numbering of cells and the quadratic projection of the faces.

use super::geo::Vector;

/// The smallest cells' level.
pub const LEVEL_MAX: u8 = 30;

/// Cells along a face at the smallest level.
const SIZE: i64 = 1 << LEVEL_MAX;

/// Turns of the curve in a cell's four parts, as bits: exchange of both axes, reversal of both.
const SWAP: usize = 1;
const INVERT: usize = 2;
/// The quarter (i in bit 1, j in bit 0) at each place of the curve, by its turn.
const QUARTERS: [[u64; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];
/// How the curve turns further at each place.
const TURNS: [usize; 4] = [SWAP, 0, 0, INVERT | SWAP];

/// A cell by its number: three bits of the face, two bits for the place at each level, and a 1 that ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(u64);

impl Cell {
    /// Returns the cell of a level that holds a point.
    pub fn of(point: Vector, level: u8) -> Cell {
        let (face, u, v) = face_uv(point);
        Cell::smallest(face, index(u), index(v)).at_level(level)
    }

    /// Returns the cells of the faces.
    pub fn faces() -> impl Iterator<Item = Cell> {
        (0..6).map(|face| Cell(face << 61 | 1 << 60))
    }

    /// Reads a token: the number as up to 16 hexadecimal digits, without the zeros at its end.
    pub fn parse(token: &str) -> Option<Cell> {
        if token.is_empty() || token.len() > 16 || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let id = u64::from_str_radix(token, 16).ok()? << (4 * (16 - token.len()));
        let ends_at_a_level = id & id.wrapping_neg() & 0x1555_5555_5555_5555 != 0;
        (id >> 61 < 6 && ends_at_a_level).then_some(Cell(id))
    }

    /// Returns the cell's token.
    pub fn token(self) -> String {
        format!("{:016x}", self.0).trim_end_matches('0').to_string()
    }

    /// Returns how many times the face was divided.
    pub fn level(self) -> u8 {
        LEVEL_MAX - (self.0.trailing_zeros() / 2) as u8
    }

    /// Returns the cell of a level, not below this one's, that holds this cell.
    fn at_level(self, level: u8) -> Cell {
        let end = 1u64 << (2 * u32::from(LEVEL_MAX.saturating_sub(level)));
        Cell(self.0 & end.wrapping_neg() | end)
    }

    /// Returns the four cells of the next level; none for the smallest.
    pub fn children(self) -> impl Iterator<Item = Cell> {
        let end = self.0 & self.0.wrapping_neg();
        let child_end = end >> 2;
        (0..4).filter(move |_| child_end != 0).map(move |place| Cell((self.0 - end) + (2 * place + 1) * child_end))
    }

    fn smallest(face: u8, i: i64, j: i64) -> Cell {
        let mut turn = usize::from(face & 1) * SWAP;
        let mut id = u64::from(face);
        for level in (0..LEVEL_MAX).rev() {
            let quarter = ((i >> level & 1) << 1 | (j >> level & 1)) as u64;
            let place = QUARTERS[turn].iter().position(|known| *known == quarter).unwrap_or(0);
            id = id << 2 | place as u64;
            turn ^= TURNS[place];
        }
        Cell(id << 1 | 1)
    }

    /// Returns the face and, in steps of the smallest level, the corner with the least coordinates.
    fn face_ij(self) -> (u8, i64, i64) {
        let face = (self.0 >> 61) as u8;
        let mut turn = usize::from(face & 1) * SWAP;
        let (mut i, mut j) = (0, 0);
        for level in 1..=LEVEL_MAX {
            let place = if level <= self.level() { (self.0 >> (61 - 2 * level) & 3) as usize } else { 0 };
            let quarter = if level <= self.level() { QUARTERS[turn][place] as i64 } else { 0 };
            (i, j) = (i << 1 | quarter >> 1, j << 1 | quarter & 1);
            turn ^= TURNS[place];
        }
        (face, i, j)
    }

    fn size(self) -> i64 {
        1 << (LEVEL_MAX - self.level())
    }

    /// Returns the cell's middle.
    pub fn center(self) -> Vector {
        let (face, i, j) = self.face_ij();
        let middle = |corner: i64| projected((2 * corner + self.size()) as f64 / (2 * SIZE) as f64);
        on_face(face, middle(i), middle(j)).unit()
    }

    /// Returns the cell's corners counter-clockwise.
    pub fn corners(self) -> [Vector; 4] {
        let (face, i, j) = self.face_ij();
        let at =
            |i: i64, j: i64| on_face(face, projected(i as f64 / SIZE as f64), projected(j as f64 / SIZE as f64)).unit();
        let (right, top) = (i + self.size(), j + self.size());
        [at(i, j), at(right, j), at(right, top), at(i, top)]
    }

    /// Returns the cells of the same level that touch the cell, in the order of the reference's example; at a corner of the
    /// cube there is one less.
    pub fn neighbors(self) -> Vec<Cell> {
        let size = self.size();
        let steps = [(1, 1), (-1, -1), (1, -1), (0, -1), (0, 1), (1, 0), (-1, 0), (-1, 1)];
        let (face, i, j) = self.face_ij();
        let mut found: Vec<Cell> = Vec::new();
        for (di, dj) in steps {
            let cell = near(face, i + di * size + size / 2, j + dj * size + size / 2).at_level(self.level());
            if cell != self && !found.contains(&cell) {
                found.push(cell);
            }
        }
        found
    }
}

/// Returns the smallest cell at a place on a face or past its edges, where it is on another face.
fn near(face: u8, i: i64, j: i64) -> Cell {
    if (0..SIZE).contains(&i) && (0..SIZE).contains(&j) {
        return Cell::smallest(face, i, j);
    }
    // Just past the edge, so that the neighbour is found on the other face whatever its distance; along the edge the
    // plane of the face goes on without bending.
    let coordinate = |i: i64| {
        let linear = (2 * i.clamp(-1, SIZE) + 1 - SIZE) as f64 / SIZE as f64;
        linear.clamp(-1.0 - f64::EPSILON, 1.0 + f64::EPSILON)
    };
    let (face, u, v) = face_uv(on_face(face, coordinate(i), coordinate(j)));
    let linear_index = |u: f64| (((u + 1.0) / 2.0 * SIZE as f64).floor() as i64).clamp(0, SIZE - 1);
    Cell::smallest(face, linear_index(u), linear_index(v))
}

/// Returns the step along a face that a coordinate of the face's plane falls into.
fn index(u: f64) -> i64 {
    let s = if u >= 0.0 { 0.5 * (1.0 + 3.0 * u).sqrt() } else { 1.0 - 0.5 * (1.0 - 3.0 * u).sqrt() };
    ((s * SIZE as f64).floor() as i64).clamp(0, SIZE - 1)
}

/// Returns the coordinate of the face's plane at a fraction of the face.
fn projected(s: f64) -> f64 {
    if s >= 0.5 { (4.0 * s * s - 1.0) / 3.0 } else { (1.0 - 4.0 * (1.0 - s) * (1.0 - s)) / 3.0 }
}

fn on_face(face: u8, u: f64, v: f64) -> Vector {
    let (x, y, z) = match face {
        0 => (1.0, u, v),
        1 => (-u, 1.0, v),
        2 => (-u, -v, 1.0),
        3 => (-1.0, -v, -u),
        4 => (v, -1.0, -u),
        _ => (v, u, -1.0),
    };
    Vector { x, y, z }
}

fn face_uv(point: Vector) -> (u8, f64, f64) {
    let Vector { x, y, z } = point;
    if x.abs() > y.abs() && x.abs() > z.abs() {
        if x > 0.0 { (0, y / x, z / x) } else { (3, z / x, y / x) }
    } else if y.abs() > x.abs() && y.abs() > z.abs() {
        if y > 0.0 { (1, -x / y, z / y) } else { (4, z / y, -x / y) }
    } else if z > 0.0 {
        (2, -x / z, -y / z)
    } else {
        (5, -y / z, -x / z)
    }
}

#[cfg(test)]
mod tests {
    use super::super::geo::point;
    use super::*;

    #[test]
    fn cells_divide_the_sphere() {
        for (longitude, latitude) in [(0.0, 0.0), (10.1234, 53.0), (-74.0, 40.7), (179.9, -89.9), (-135.0, 35.2)] {
            let Some(place) = point(longitude, latitude) else { panic!("{longitude} {latitude}") };
            for level in 0..=LEVEL_MAX {
                let cell = Cell::of(place, level);
                assert_eq!(cell.level(), level);
                assert_eq!(Cell::parse(&cell.token()), Some(cell));
                assert_eq!(Cell::of(cell.center(), level), cell, "{}", cell.token());
                if level > 0 {
                    assert!(Cell::of(place, level - 1).children().any(|child| child == cell));
                }
                for neighbor in cell.neighbors() {
                    assert!(neighbor.neighbors().contains(&cell), "{} {}", cell.token(), neighbor.token());
                    let shared = neighbor.corners().iter().any(|a| cell.corners().iter().any(|b| a.angle(*b) < 1e-15));
                    assert!(shared, "{} {}", cell.token(), neighbor.token());
                }
                assert!((if level == 0 { 4..=4 } else { 7..=8 }).contains(&cell.neighbors().len()), "{}", cell.token());
            }
        }
    }

    #[test]
    fn tokens_that_are_no_cell() {
        for token in ["", "a", "X", "g", "123456789abcdef01", "c1", "e4", "0", "+4"] {
            assert_eq!(Cell::parse(token), None, "{token}");
        }
    }
}
