//! S2 cells of one level that a shape touches.

use super::geo::{EARTH_RADIUS, Edge, Vector};
use super::s2::Cell;

/// Cells that a shape is covered by at most.
///
/// # Source
/// Kusto reference, "geo_polygon_to_s2cells()".
const CELLS_MAX: usize = 65_536;

/// Slack for rounded distances, in radians: less than a tenth of a millimetre.
const SLACK: f64 = 1e-11;

/// Returns the cells of a level that touch the edges, are inside, or are within a radius (metres) of the edges; `None` when
/// they are too many or the radius is below zero.
pub fn s2_covering(edges: &[&Edge], contains: impl Fn(Vector) -> bool, radius: f64, level: u8) -> Option<Vec<Cell>> {
    if radius < 0.0 {
        return None;
    }
    let mut covering = Covering { contains, radius: radius / EARTH_RADIUS, level, found: Vec::new() };
    for face in Cell::faces() {
        covering.visit(face, edges)?;
    }
    Some(covering.found)
}

struct Covering<F> {
    contains: F,
    /// In radians.
    radius: f64,
    level: u8,
    found: Vec<Cell>,
}

impl<F: Fn(Vector) -> bool> Covering<F> {
    /// Goes through the parts of a cell. `edges` are those that may be near.
    fn visit(&mut self, cell: Cell, edges: &[&Edge]) -> Option<()> {
        let (center, corners) = (cell.center(), cell.corners());
        let angle = corners.iter().map(|corner| corner.angle(center)).fold(0.0, f64::max);
        let reach = angle + self.radius + SLACK;
        let near: Vec<&Edge> = edges.iter().copied().filter(|edge| edge.distance(center) <= reach).collect();
        if near.is_empty() {
            return if (self.contains)(center) { self.add(cell) } else { Some(()) };
        }
        if cell.level() < self.level {
            return cell.children().try_for_each(|child| self.visit(child, &near));
        }
        let sides: Vec<Edge> = (0..4).filter_map(|i| Edge::new(corners[i], corners[(i + 1) % corners.len()])).collect();
        let is_touched = |edge: &&Edge| {
            Cell::of(edge.from, self.level) == cell
                || Cell::of(edge.to, self.level) == cell
                || sides.iter().any(|side| side.touches(edge))
                || (self.radius > 0.0 && sides.iter().any(|side| side.distance_to(edge) <= self.radius))
        };
        if near.iter().any(is_touched) || (self.contains)(center) { self.add(cell) } else { Some(()) }
    }

    /// Adds the parts of a cell that are of the level.
    fn add(&mut self, cell: Cell) -> Option<()> {
        if self.found.len() >= CELLS_MAX {
            return None;
        }
        if cell.level() < self.level {
            return cell.children().try_for_each(|child| self.add(child));
        }
        self.found.push(cell);
        Some(())
    }
}
