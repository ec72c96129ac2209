//! Lengths, areas, middles and common points of lines and polygons on the sphere.

use super::geo::{Cap, EARTH_RADIUS, Edge, Line, Polygons, Ring, Vector, left_area_signed};
use std::borrow::Cow;
use std::collections::HashSet;
use std::f64::consts::TAU;
use std::ops::Add;

const ZERO: Vector = Vector { x: 0.0, y: 0.0, z: 0.0 };

/// Returns the angle from the meridian to the arc between two points, clockwise, 0 to 2 pi; `None` when they are the same
/// or opposite.
pub fn bearing(from: Vector, to: Vector) -> Option<f64> {
    let angle = from.angle(to);
    let (east, north) = from.east_and_north();
    let is_arc = angle > 1e-15 && angle < std::f64::consts::PI - 1e-15;
    is_arc.then(|| in_circle(east.dot(to).atan2(north.dot(to))))
}

/// Brings an angle into 0 to 2 pi.
pub fn in_circle(angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    if angle < TAU { angle } else { 0.0 }
}

impl Line {
    /// Returns the edges of all parts, each once.
    fn union(&self) -> Vec<&Edge> {
        if self.parts == 1 {
            return self.edges.iter().collect();
        }
        let mut seen = HashSet::new();
        self.edges.iter().filter(|edge| seen.insert(edge.ends())).collect()
    }

    /// Returns the length in metres.
    pub fn length(&self) -> f64 {
        self.union().iter().map(|edge| edge.angle()).sum::<f64>() * EARTH_RADIUS
    }

    /// Returns the middle of all points; `None` when there is none, as of a great circle.
    pub fn centroid(&self) -> Option<Vector> {
        // An arc of angle t has its middle's direction, by 2 sin(t/2) of length; the sum of the ends is 2 cos(t/2) long.
        let weighed = |edge: &&Edge| {
            let sum = edge.from + edge.to;
            sum.times((edge.to - edge.from).length() / sum.length())
        };
        let sum = self.union().iter().map(weighed).fold(ZERO, Vector::add);
        // A line of one place only has no length to weigh by.
        let sum = if sum.length() > 0.0 { sum } else { self.edges.first()?.from };
        (sum.length() > 1e-15).then(|| sum.unit())
    }

    /// Returns the point at a fraction of the length of a line of one part.
    pub fn at_fraction(&self, fraction: f64) -> Option<Vector> {
        if self.parts != 1 || !(0.0..=1.0).contains(&fraction) {
            return None;
        }
        let mut left = self.edges.iter().map(Edge::angle).sum::<f64>() * fraction;
        for edge in &self.edges {
            let angle = edge.angle();
            if left <= angle {
                return Some(edge.at(left));
            }
            left -= angle;
        }
        self.edges.last().map(|edge| edge.to)
    }

    /// Returns the fraction of the length at which a line of one part is nearest to a point.
    pub fn fraction_of(&self, point: Vector) -> Option<f64> {
        if self.parts != 1 {
            return None;
        }
        let (mut before, mut nearest) = (0.0, (f64::INFINITY, 0.0));
        for edge in &self.edges {
            let distance = edge.distance(point);
            if distance < nearest.0 {
                nearest = (distance, before + edge.from.angle(edge.nearest(point)));
            }
            before += edge.angle();
        }
        Some(if before > 0.0 { (nearest.1 / before).min(1.0) } else { 0.0 })
    }

    /// Returns the point of the line that is nearest to a point.
    pub fn nearest(&self, point: Vector) -> Option<Vector> {
        nearest(self.edges.iter(), point)
    }

    /// Returns whether two lines have a point in common.
    pub fn intersects(&self, other: &Line) -> bool {
        touch(&self.edges, &other.edges)
    }
}

impl Ring {
    /// Returns the area of the smaller part that the ring divides the unit sphere into.
    pub fn area(&self) -> f64 {
        let area = left_area_signed(&self.edges).abs();
        if area <= TAU { area } else { 2.0 * TAU - area }
    }

    /// Returns the sum of all points inside, as directions: by the theorem of Stokes half the sum of the edges' poles, each
    /// as long as the edge.
    fn moment(&self) -> Vector {
        let pole = |edge: &Edge| {
            let length = edge.pole.length();
            if length > 0.0 { edge.pole.times(edge.angle() / length) } else { ZERO }
        };
        let sum = self.edges.iter().map(pole).fold(ZERO, Vector::add);
        sum.times(if self.inside_is_left { 0.5 } else { -0.5 })
    }
}

impl Polygons {
    /// Returns whether no two of the polygons touch.
    fn are_apart(&self) -> bool {
        let parts: Vec<(Vec<&Edge>, Cap)> = self
            .polygons
            .iter()
            .map(|rings| {
                let edges: Vec<&Edge> = rings.iter().flat_map(|ring| &ring.edges).collect();
                let cap = Cap::around(edges.iter().copied());
                (edges, cap)
            })
            .collect();
        let holds = |outer: &[Ring], edges: &[&Edge]| edges.first().is_some_and(|edge| contains(outer, edge.from));
        parts.iter().zip(&self.polygons).enumerate().all(|(i, ((edges, cap), rings))| {
            parts.iter().zip(&self.polygons).skip(i + 1).all(|((others, other_cap), other_rings)| {
                let is_near = cap.is_near(other_cap.center, other_cap.angle);
                let is_touched = || touch(edges.iter().copied(), others.iter().copied());
                !is_near || !(holds(rings, others) || holds(other_rings, edges) || is_touched())
            })
        })
    }

    /// Returns the polygons, or their union when some touch; `None` when that is more than half of the sphere.
    pub fn united(&self) -> Option<Cow<'_, Polygons>> {
        if self.are_apart() {
            return Some(Cow::Borrowed(self));
        }
        super::overlay::union(&self.polygons).map(|polygons| Cow::Owned(Polygons { polygons }))
    }

    /// Returns the area in square metres.
    pub fn area(&self) -> Option<f64> {
        let area = |rings: &Vec<Ring>| signed(rings).map(|(ring, sign)| ring.area() * sign).sum::<f64>();
        Some(self.united()?.polygons.iter().map(area).sum::<f64>() * EARTH_RADIUS * EARTH_RADIUS)
    }

    /// Returns the length of all edges in metres.
    pub fn perimeter(&self) -> Option<f64> {
        Some(self.united()?.edges().map(Edge::angle).sum::<f64>() * EARTH_RADIUS)
    }

    /// Returns the middle of all points.
    pub fn centroid(&self) -> Option<Vector> {
        let united = self.united()?;
        let moments =
            united.polygons.iter().flat_map(|rings| signed(rings)).map(|(ring, sign)| ring.moment().times(sign));
        let sum = moments.fold(ZERO, Vector::add);
        (sum.length() > 0.0).then(|| sum.unit())
    }

    /// Returns the point inside or on the edges that is nearest to a point.
    pub fn nearest(&self, point: Vector) -> Option<Vector> {
        if self.contains(point) { Some(point) } else { nearest(self.edges(), point) }
    }

    /// Returns whether a polygon and a line have a point in common.
    pub fn intersects_line(&self, line: &Line) -> bool {
        // A part of the line that touches no edge is inside or outside as a whole.
        line.edges.iter().any(|edge| self.contains(edge.from)) || touch(self.edges(), &line.edges)
    }

    /// Returns whether polygons have a point in common.
    pub fn intersects(&self, other: &Polygons) -> bool {
        other.edges().any(|edge| self.contains(edge.from))
            || self.edges().any(|edge| other.contains(edge.from))
            || touch(self.edges(), other.edges())
    }
}

/// Returns a polygon's rings with 1 for the shell and -1 for holes.
fn signed(rings: &[Ring]) -> impl Iterator<Item = (&Ring, f64)> {
    rings.iter().enumerate().map(|(i, ring)| (ring, if i == 0 { 1.0 } else { -1.0 }))
}

/// Returns whether a point is inside a polygon with holes.
pub fn contains(rings: &[Ring], point: Vector) -> bool {
    rings
        .split_first()
        .is_some_and(|(shell, holes)| shell.contains(point) && !holes.iter().any(|hole| hole.contains(point)))
}

fn nearest<'a>(edges: impl Iterator<Item = &'a Edge>, point: Vector) -> Option<Vector> {
    let edge = edges.min_by(|a, b| a.distance(point).total_cmp(&b.distance(point)))?;
    Some(edge.nearest(point))
}

fn touch<'a>(edges: impl IntoIterator<Item = &'a Edge>, others: impl IntoIterator<Item = &'a Edge>) -> bool {
    let others: Vec<&Edge> = others.into_iter().collect();
    let cap = Cap::around(others.iter().copied());
    edges
        .into_iter()
        .filter(|edge| cap.is_near(edge.from, edge.angle()))
        .any(|edge| others.iter().any(|other| edge.touches(other)))
}
