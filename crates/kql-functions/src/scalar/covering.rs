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

#[cfg(test)]
mod tests {
    use super::super::geo::{Line, Polygons, point};
    use super::*;

    #[test]
    fn covers_every_point_and_little_more() {
        let ring = "[[-3,40],[-1,40.5],[0,42],[-2.5,43],[-3,40]],[[-2,41],[-1.9,41.5],[-1.2,41.4],[-2,41]]";
        let polygon = Polygons::parse(&format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#)).expect("a polygon");
        let edges: Vec<&Edge> = polygon.edges().collect();
        for (level, radius) in [(0, 0.0), (6, 0.0), (9, 0.0), (9, 20_000.0)] {
            let cells = s2_covering(&edges, |point| polygon.contains(point), radius, level).expect("few cells");
            for i in 0..80 {
                for j in 0..80 {
                    let place = point(-3.5 + f64::from(i) * 0.05, 39.5 + f64::from(j) * 0.05).expect("a point");
                    let cell = Cell::of(place, level);
                    let distance = polygon.distance(place);
                    assert!(distance > radius || cells.contains(&cell), "{level} {radius} {i} {j}");
                    let size = 2.0 * cell.center().angle(cell.corners()[0]) * EARTH_RADIUS;
                    assert!(distance < radius + 1.1 * size || !cells.contains(&cell), "{level} {radius} {i} {j}");
                }
            }
            assert!(cells.iter().all(|cell| cell.level() == level));
        }
        assert_eq!(s2_covering(&edges, |_| false, -1.0, 3), None);
        assert_eq!(s2_covering(&edges, |point| polygon.contains(point), 0.0, 20), None);
    }

    #[test]
    fn a_line_along_a_meridian_touches_only_what_it_passes() {
        let line = Line::parse(r#"{"type":"LineString","coordinates":[[0,10],[0,11]]}"#).expect("a line");
        let edges: Vec<&Edge> = line.edges().collect();
        let cells = s2_covering(&edges, |_| false, 0.0, 5).unwrap_or_default();
        let reach = |cell: &Cell| edges[0].distance(cell.center());
        assert!((1..=4).contains(&cells.len()) && cells.iter().all(|cell| reach(cell) < 0.06), "{}", cells.len());
    }
}
