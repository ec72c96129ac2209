//! Unions and intersections of polygons on the sphere, and of lines with lines and polygons.
//!
//! All edges are cut where they meet. Of the pieces, those are kept that bound the result, and these are put together to
//! rings. Every ring is walked with its inside on the left.

use super::geo::{Edge, Line, Polygons, Ring, Vector, left_area_signed};
use super::geojson;
use super::prelude::*;
use std::collections::{HashMap, HashSet};

/// Places closer than this, in radians, are one: less than a micrometre.
const SAME: f64 = 1e-13;

/// What shapes have in common.
#[derive(Default)]
pub struct Common {
    pub points: Vec<Vector>,
    pub lines: Vec<Vec<Vector>>,
    pub polygons: Vec<Vec<Ring>>,
}

impl Common {
    /// Returns a geometry, or several as a collection.
    pub fn to_geojson(&self) -> Dynamic {
        let positions =
            |points: &[Vector]| Dynamic::Array(points.iter().map(|point| geojson::position(point.degrees())).collect());
        let ring = |ring: &Ring| {
            let points: Vec<Vector> = ring.edges.iter().map(|edge| edge.from).collect();
            positions(&points.iter().chain(points.first()).copied().collect::<Vec<_>>())
        };
        let points = self.points.iter().map(|point| geojson::position(point.degrees())).collect();
        let lines = self.lines.iter().map(|line| positions(line)).collect();
        let polygons = self.polygons.iter().map(|rings| Dynamic::Array(rings.iter().map(ring).collect())).collect();
        let kinds = [
            ("Point", "MultiPoint", points),
            ("LineString", "MultiLineString", lines),
            ("Polygon", "MultiPolygon", polygons),
        ];
        let mut geometries: Vec<Dynamic> = Vec::new();
        for (one, several, mut shapes) in kinds {
            let shapes: &mut Vec<Dynamic> = &mut shapes;
            match (shapes.pop(), shapes.is_empty()) {
                (None, _) => {}
                (Some(shape), true) => geometries.push(geojson::geometry(one, shape)),
                (Some(last), false) => {
                    shapes.push(last);
                    geometries.push(geojson::geometry(several, Dynamic::Array(std::mem::take(shapes))));
                }
            }
        }
        match (geometries.pop(), geometries.is_empty()) {
            (Some(only), true) => only,
            (last, _) => geojson::collection(Dynamic::Array(geometries.into_iter().chain(last).collect())),
        }
    }
}

/// Returns what two lines have in common.
pub fn lines_in_common(line: &Line, other: &Line) -> Common {
    let others: Vec<&Edge> = other.edges.iter().collect();
    clip(line, &others, |point| others.iter().any(|edge| edge.distance(point) <= SAME))
}

/// Returns the parts of a line that are in polygons.
pub fn line_in_polygons(line: &Line, polygons: &Polygons) -> Common {
    let edges: Vec<&Edge> = polygons.edges().collect();
    clip(line, &edges, |point| polygons.contains(point) || edges.iter().any(|edge| edge.distance(point) <= SAME))
}

/// Returns the pieces of a line between its meetings with other edges whose middle is common, and the other meetings.
fn clip(line: &Line, others: &[&Edge], is_common: impl Fn(Vector) -> bool) -> Common {
    let mut common = Common::default();
    let mut met: Vec<Vector> = Vec::new();
    for edge in &line.edges {
        let mut cuts: Vec<(f64, Vector)> = vec![(0.0, edge.from), (edge.angle(), edge.to)];
        for other in others {
            cuts.extend(meetings(edge, other).into_iter().map(|point| (edge.from.angle(point), point)));
        }
        cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
        cuts.dedup_by(|later, earlier| later.1.angle(earlier.1) <= SAME);
        // The end of the edge itself stays, for the next edge to go on from.
        if let Some(last) = cuts.last_mut().filter(|last| last.1.angle(edge.to) <= SAME) {
            last.1 = edge.to;
        }
        for pair in cuts.windows(2) {
            let [(_, from), (_, to)] = pair else { continue };
            if is_common((*from + *to).unit()) {
                match common.lines.last_mut().filter(|line| line.last() == Some(from)) {
                    Some(line) => line.push(*to),
                    None => common.lines.push(vec![*from, *to]),
                }
            }
        }
        met.extend(cuts.into_iter().map(|(_, point)| point));
    }
    for point in met {
        let is_new = !common.lines.iter().flatten().chain(&common.points).any(|known| known.angle(point) <= SAME);
        if is_new && others.iter().any(|edge| edge.distance(point) <= SAME) {
            common.points.push(point);
        }
    }
    common
}

/// Returns the points of an edge where another one meets it: a crossing, or ends of either that are on the other.
fn meetings(edge: &Edge, other: &Edge) -> Vec<Vector> {
    let touching: Vec<Vector> = [other.from, other.to].into_iter().filter(|end| edge.distance(*end) <= SAME).collect();
    let is_met = [edge.from, edge.to].into_iter().any(|end| other.distance(end) <= SAME);
    if touching.is_empty() && !is_met && edge.crosses(other) == Some(true) {
        return vec![edge.crossing(other)];
    }
    touching
}

/// A polygon with holes, or several whose insides are apart.
type Region = Vec<Vec<Ring>>;

/// Returns the union of polygons; `None` when it is more than half of the sphere.
pub fn union(polygons: &[Vec<Ring>]) -> Option<Region> {
    let regions: Vec<&[Vec<Ring>]> = polygons.iter().map(std::slice::from_ref).collect();
    let cut = Cut::new(&regions);
    let mut seen = HashSet::new();
    let kept = cut.pieces.iter().filter(|piece| {
        let sharers = cut.owners(piece.from, piece.to);
        cut.owners(piece.to, piece.from).is_empty()
            && seen.insert((piece.from, piece.to))
            && !cut.is_inside(piece, |owner| !sharers.contains(&owner))
    });
    rings(&cut, kept.collect())
}

/// Returns what two regions have in common; `None` when an area is more than half of the sphere.
pub fn intersection(one: &Polygons, other: &Polygons) -> Option<Common> {
    let (one, other) = (one.united()?, other.united()?);
    let regions = [one.polygons.as_slice(), other.polygons.as_slice()];
    let cut = Cut::new(&regions);
    let mut seen = HashSet::new();
    let kept = cut.pieces.iter().filter(|piece| {
        let is_shared = cut.owners(piece.from, piece.to).iter().any(|owner| *owner != piece.owner);
        let is_between = !cut.owners(piece.to, piece.from).is_empty();
        !is_between
            && (is_shared || cut.is_inside(piece, |owner| owner != piece.owner))
            && seen.insert((piece.from, piece.to))
    });
    let kept: Vec<&Piece> = kept.collect();
    let on_area: HashSet<usize> = kept.iter().flat_map(|piece| [piece.from, piece.to]).collect();
    // Sides that lie against each other, and corners that touch, are common without an area.
    let mut common = Common::default();
    let mut on_line = HashSet::new();
    for piece in cut.pieces.iter().filter(|piece| piece.owner == 0 && !cut.owners(piece.to, piece.from).is_empty()) {
        let (from, to) = (cut.places.points[piece.from], cut.places.points[piece.to]);
        on_line.extend([piece.from, piece.to]);
        match common.lines.last_mut().filter(|line| line.last() == Some(&from)) {
            Some(line) => line.push(to),
            None => common.lines.push(vec![from, to]),
        }
    }
    let ends = |owner: usize| -> HashSet<usize> {
        cut.pieces.iter().filter(|piece| piece.owner == owner).flat_map(|piece| [piece.from, piece.to]).collect()
    };
    let others = ends(1);
    let mut touching: Vec<usize> =
        ends(0).into_iter().filter(|i| others.contains(i) && !on_area.contains(i) && !on_line.contains(i)).collect();
    touching.sort_unstable();
    common.points.extend(touching.into_iter().map(|i| cut.places.points[i]));
    common.polygons = rings(&cut, kept)?;
    Some(common)
}

/// A part of an edge between two places where edges meet.
struct Piece {
    from: usize,
    to: usize,
    /// The edge's number among all edges.
    edge: usize,
    owner: usize,
}

/// Regions whose edges are cut where they meet those of other regions.
struct Cut<'a> {
    regions: &'a [&'a [Vec<Ring>]],
    places: Places,
    pieces: Vec<Piece>,
    by_ends: HashMap<(usize, usize), Vec<usize>>,
}

impl<'a> Cut<'a> {
    fn new(regions: &'a [&'a [Vec<Ring>]]) -> Cut<'a> {
        let mut places = Places::default();
        let mut edges: Vec<(Edge, usize)> = Vec::new();
        for (owner, region) in regions.iter().enumerate() {
            for rings in region.iter() {
                for (i, ring) in rings.iter().enumerate() {
                    // The inside of a polygon is outside its holes.
                    let is_forward = ring.inside_is_left == (i == 0);
                    let mut ends: Vec<(Vector, Vector)> = ring.edges.iter().map(|edge| (edge.from, edge.to)).collect();
                    if !is_forward {
                        ends = ends.into_iter().rev().map(|(from, to)| (to, from)).collect();
                        // The reversed ring starts at the last vertex.
                        if !ends.is_empty() {
                            ends.rotate_left(1);
                        }
                    }
                    for (from, to) in ends {
                        let (from, to) = (places.point(from), places.point(to));
                        edges.extend(Edge::new(from, to).filter(|_| from != to).map(|edge| (edge, owner)));
                    }
                }
            }
        }
        let mut cuts: Vec<Vec<(f64, usize)>> = Vec::with_capacity(edges.len());
        for (edge, _) in &edges {
            cuts.push(vec![(0.0, places.index(edge.from)), (edge.angle(), places.index(edge.to))]);
        }
        let boxes: Vec<[(f64, f64); 3]> = edges.iter().map(|(edge, _)| edge.bounds()).collect();
        let mut order: Vec<usize> = (0..edges.len()).collect();
        order.sort_by(|a, b| boxes[*a][0].0.total_cmp(&boxes[*b][0].0));
        for (place, &i) in order.iter().enumerate() {
            let near = order[place + 1..].iter().take_while(|j| boxes[**j][0].0 <= boxes[i][0].1 + SAME);
            for &j in near {
                let overlap = (1..3).all(|axis| {
                    boxes[i][axis].0 <= boxes[j][axis].1 + SAME && boxes[j][axis].0 <= boxes[i][axis].1 + SAME
                });
                if edges[i].1 == edges[j].1 || !overlap {
                    continue;
                }
                for (one, other) in [(i, j), (j, i)] {
                    for point in meetings(&edges[one].0, &edges[other].0) {
                        let index = places.index(point);
                        cuts[one].push((edges[one].0.from.angle(point), index));
                    }
                }
            }
        }
        let mut pieces = Vec::new();
        for (number, (mut cuts, (_, owner))) in cuts.into_iter().zip(&edges).enumerate() {
            cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
            cuts.dedup_by_key(|(_, index)| *index);
            for pair in cuts.windows(2) {
                pieces.push(Piece { from: pair[0].1, to: pair[1].1, edge: number, owner: *owner });
            }
        }
        let mut by_ends: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for piece in &pieces {
            by_ends.entry((piece.from, piece.to)).or_default().push(piece.owner);
        }
        Cut { regions, places, pieces, by_ends }
    }

    /// Returns the regions that have a piece from one place to another.
    fn owners(&self, from: usize, to: usize) -> &[usize] {
        self.by_ends.get(&(from, to)).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a piece is inside one of some regions.
    fn is_inside(&self, piece: &Piece, is_asked: impl Fn(usize) -> bool) -> bool {
        let middle = (self.places.points[piece.from] + self.places.points[piece.to]).unit();
        self.regions.iter().enumerate().any(|(owner, region)| {
            is_asked(owner) && region.iter().any(|rings| super::geo_measures::contains(rings, middle))
        })
    }
}

/// Places, those that are close to each other being one.
#[derive(Default)]
struct Places {
    points: Vec<Vector>,
    grid: HashMap<[i64; 3], Vec<usize>>,
}

impl Places {
    fn index(&mut self, point: Vector) -> usize {
        let cell = [point.x, point.y, point.z].map(|x| (x / (4.0 * SAME)).round() as i64);
        for dx in -1..=1 {
            for dy in -1..=1 {
                for dz in -1..=1 {
                    let near = self.grid.get(&[cell[0] + dx, cell[1] + dy, cell[2] + dz]);
                    let known = near.and_then(|near| near.iter().find(|i| self.points[**i].angle(point) <= SAME));
                    if let Some(known) = known {
                        return *known;
                    }
                }
            }
        }
        self.points.push(point);
        self.grid.entry(cell).or_default().push(self.points.len() - 1);
        self.points.len() - 1
    }

    /// Returns the place that stands for a point.
    fn point(&mut self, point: Vector) -> Vector {
        let index = self.index(point);
        self.points[index]
    }
}

/// Puts pieces together to rings, and rings to polygons with their holes.
fn rings(cut: &Cut, kept: Vec<&Piece>) -> Option<Region> {
    let mut from: HashMap<usize, Vec<usize>> = HashMap::new();
    for (i, piece) in kept.iter().enumerate() {
        from.entry(piece.from).or_default().push(i);
    }
    let point = |i: usize| cut.places.points[i];
    let mut used = vec![false; kept.len()];
    let (mut shells, mut holes): (Vec<Ring>, Vec<Ring>) = (Vec::new(), Vec::new());
    for start in 0..kept.len() {
        if used[start] {
            continue;
        }
        let mut walk = vec![start];
        used[start] = true;
        let mut last = kept[start];
        while last.to != kept[start].from {
            // Where rings touch, the sharpest turn to the left stays with the same inside.
            let here = point(last.to);
            let turn = |i: &usize| turn(point(last.from), here, point(kept[*i].to));
            let next =
                from.get(&last.to)?.iter().copied().filter(|i| !used[*i]).max_by(|a, b| turn(a).total_cmp(&turn(b)))?;
            used[next] = true;
            walk.push(next);
            last = kept[next];
        }
        let numbers: Vec<usize> = walk.iter().map(|i| kept[*i].edge).collect();
        walk.rotate_left(start_of(&numbers));
        let edges: Vec<Edge> =
            walk.iter().map(|i| Edge::new(point(kept[*i].from), point(kept[*i].to))).collect::<Option<_>>()?;
        if edges.len() < 3 {
            continue;
        }
        let is_shell = left_area_signed(&edges) > 0.0;
        let ring = Ring::of(edges);
        if is_shell { shells.push(ring) } else { holes.push(ring) }
    }
    let mut region: Region = shells.into_iter().map(|shell| vec![shell]).collect();
    for hole in holes {
        let inside = hole.edges.first().map(|edge| (edge.from + edge.to).unit())?;
        let around = region.iter_mut().filter(|rings| rings.first().is_some_and(|shell| shell.contains(inside)));
        around.min_by(|a, b| shell_area(a).total_cmp(&shell_area(b)))?.push(hole);
    }
    Some(region)
}

fn shell_area(rings: &[Ring]) -> f64 {
    rings.first().map_or(0.0, Ring::area)
}

/// Returns how far to the left a path turns at a point, -pi to pi.
fn turn(before: Vector, here: Vector, after: Vector) -> f64 {
    let (east, north) = here.east_and_north();
    let angle = |to: Vector| north.dot(to).atan2(east.dot(to));
    let ahead = angle(before) + std::f64::consts::PI;
    let turn = (angle(after) - ahead).rem_euclid(std::f64::consts::TAU);
    if turn > std::f64::consts::PI { turn - std::f64::consts::TAU } else { turn }
}

/// Returns at which piece of a ring its first vertex is: after the last piece of the edge that came last in the input, as
/// the reference's results show.
fn start_of(numbers: &[usize]) -> usize {
    let (mut last, mut saw_gap) = (0, false);
    for i in 1..numbers.len() {
        if numbers[i] < numbers[last] {
            saw_gap = true;
        } else if numbers[i] > numbers[last] || !saw_gap {
            (last, saw_gap) = (i, false);
        }
    }
    (last + 1) % numbers.len().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygons(rings: &str) -> Polygons {
        Polygons::parse(&format!(r#"{{"type":"MultiPolygon","coordinates":[{rings}]}}"#)).expect("a polygon")
    }

    fn line(points: &str) -> Line {
        Line::parse(&format!(r#"{{"type":"LineString","coordinates":[{points}]}}"#)).expect("a line")
    }

    const SQUARE: &str = "[[[0,0],[10,0],[10,10],[0,10],[0,0]]]";
    const CLOCKWISE: &str = "[[[0,0],[0,10],[10,10],[10,0],[0,0]]]";
    const SHIFTED: &str = "[[[5,5],[15,5],[15,15],[5,15],[5,5]]]";
    const BESIDE: &str = "[[[10,0],[20,0],[20,10],[10,10],[10,0]]]";
    const CORNER: &str = "[[[10,10],[20,10],[20,20],[10,20],[10,10]]]";
    const INSIDE: &str = "[[[4,4],[6,4],[6,6],[4,6],[4,4]]]";
    const FAR: &str = "[[[100,0],[110,0],[110,10],[100,10],[100,0]]]";
    const FRAME: &str = "[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[4,4],[4,6],[6,6],[6,4],[4,4]]]";
    /// The four sides of a frame, of which two lie against the others.
    const SIDES: &str = "[[[0,0],[3,0],[3,10],[0,10],[0,0]]],[[[7,0],[10,0],[10,10],[7,10],[7,0]]],[[[3,0],[7,0],[7,3],[3,3],[3,0]]],[[[3,10],[3,7],[7,7],[7,10],[3,10]]]";

    #[test]
    fn areas_add_up() {
        for one in [SQUARE, CLOCKWISE, SHIFTED, BESIDE, CORNER, INSIDE, FAR, FRAME] {
            for other in [SQUARE, CLOCKWISE, SHIFTED, BESIDE, CORNER, INSIDE, FAR, FRAME] {
                let (first, second) = (polygons(one), polygons(other));
                let common = intersection(&first, &second).map(|common| Polygons { polygons: common.polygons });
                let both: Vec<_> = first.polygons.iter().chain(&second.polygons).cloned().collect();
                let union = union(&both).map(|polygons| Polygons { polygons });
                let area = |shape: &Polygons| shape.area().unwrap_or(f64::NAN);
                let found = common.as_ref().map_or(f64::NAN, area) + union.as_ref().map_or(f64::NAN, area);
                let expected = area(&first) + area(&second);
                assert!((found / expected - 1.0).abs() < 1e-9, "{one} {other}: {found} is not {expected}");
                let united = union.expect("a union");
                for point in [(1.0, 1.0), (5.1, 5.2), (7.0, 7.0), (12.0, 7.0), (12.0, 12.0), (105.0, 5.0), (-5.0, 5.0)]
                {
                    let point = super::super::geo::point(point.0, point.1).expect("a point");
                    let is_in = first.contains(point) || second.contains(point);
                    assert_eq!(united.contains(point), is_in, "{one} {other} {point:?}");
                    let is_in_both = first.contains(point) && second.contains(point);
                    assert_eq!(common.as_ref().map(|common| common.contains(point)), Some(is_in_both), "{one} {other}");
                }
            }
        }
    }

    #[test]
    fn sides_that_touch_become_one_polygon_with_a_hole() {
        let united = union(&polygons(SIDES).polygons).unwrap_or_default();
        assert_eq!(united.iter().map(Vec::len).collect::<Vec<_>>(), [2]);
        let corners = union(&[SQUARE, CORNER].map(polygons).into_iter().flat_map(|p| p.polygons).collect::<Vec<_>>());
        assert_eq!(corners.map(|polygons| polygons.len()), Some(2));
    }

    #[test]
    fn what_has_no_area() {
        let kind = |one: &str, other: &str| {
            let common = intersection(&polygons(one), &polygons(other)).unwrap_or_default();
            (common.points.len(), common.lines.len(), common.polygons.len())
        };
        assert_eq!(kind(SQUARE, CORNER), (1, 0, 0));
        assert_eq!(kind(SQUARE, BESIDE), (0, 1, 0));
        assert_eq!(kind(SQUARE, FAR), (0, 0, 0));
        assert_eq!(kind(SQUARE, INSIDE), (0, 0, 1));
    }

    #[test]
    fn lines_are_cut_where_they_meet() {
        let shape = |common: Common| (common.points.len(), common.lines.iter().map(Vec::len).collect::<Vec<_>>());
        let across = line("[-5,5],[15,5]");
        assert_eq!(shape(line_in_polygons(&across, &polygons(SQUARE))), (0, vec![2]));
        assert_eq!(shape(line_in_polygons(&across, &polygons(FRAME))), (0, vec![2, 2]));
        assert_eq!(shape(line_in_polygons(&line("[1,1],[2,2],[3,1]"), &polygons(SQUARE))), (0, vec![3]));
        assert_eq!(shape(line_in_polygons(&line("[-5,-5],[0,0],[-5,5]"), &polygons(SQUARE))), (1, vec![]));
        assert_eq!(shape(line_in_polygons(&across, &polygons(FAR))), (0, vec![]));
        assert_eq!(shape(lines_in_common(&across, &line("[5,0],[5,20]"))), (1, vec![]));
        assert_eq!(shape(lines_in_common(&line("[0,0],[4,0]"), &line("[1,0],[2,0],[2,5]"))), (0, vec![2]));
        assert_eq!(shape(lines_in_common(&across, &line("[5,20],[5,30]"))), (0, vec![]));
    }
}
