//! Adding points to edges that are straight in longitude and latitude, so that arcs between them stay near.
//!
//! # Source
//! The S2 library's way of drawing edges of a plane on the sphere, whose points the reference's results show: an edge is
//! halved until its distance from the arc, taken at two places, is within the tolerance.

use super::geo::{EARTH_RADIUS, Edge, point};
use super::geojson::{self, position};
use super::prelude::*;

/// Points that a result has at most.
///
/// # Source
/// Kusto reference, "geo_line_densify()".
const POINTS_MAX: usize = 10_485_760;

/// Where along the edge its distance from the arc is taken, so that it is found best whatever the curve's form, and how
/// much of the tolerance is then left for the error of that.
const PLACE: f64 = 0.312_156_910_822_482_3;
const SCALE: f64 = 0.838_299_925_698_885_1;

/// A point in degrees.
type Degrees = (f64, f64);

/// Evaluates a function of a shape and a tolerance.
pub fn densify(args: &Args, is_valid: fn(&str) -> bool) -> Result<ArrayRef, EvalError> {
    let shapes = (0..args.rows).map(|row| {
        let Some(json) = super::dynamics::dynamic(&args.args[0], row) else { return Ok(None) };
        let tolerance = geojson::number(args, 1, row, 10.0).filter(|metres| (0.1..=10_000.0).contains(metres));
        let (Some(tolerance), true) = (tolerance, is_valid(json)) else { return Ok(None) };
        densified(json, tolerance / EARTH_RADIUS * SCALE)
    });
    let shapes: Vec<Option<Dynamic>> = shapes.collect::<Result<_, _>>()?;
    Ok(args.dynamics(|row| shapes.get(row).cloned().flatten()))
}

fn densified(json: &str, tolerance: f64) -> Result<Option<Dynamic>, EvalError> {
    let Some(Dynamic::Bag(mut members)) = Dynamic::parse(json) else { return Ok(None) };
    let coordinates = members.iter_mut().find(|(name, _)| name == "coordinates");
    let Some((_, coordinates)) = coordinates else { return Ok(None) };
    let mut count = 0;
    let is_done = add_points(coordinates, tolerance, &mut count)?;
    Ok(is_done.then_some(Dynamic::Bag(members)))
}

/// Adds points to all lists of positions; `false` when there are too many.
fn add_points(value: &mut Dynamic, tolerance: f64, count: &mut usize) -> Result<bool, EvalError> {
    let Dynamic::Array(items) = value else { return Ok(false) };
    let Some(points) = items.iter().map(degrees).collect::<Option<Vec<_>>>() else {
        for item in items {
            if !add_points(item, tolerance, count)? {
                return Ok(false);
            }
        }
        return Ok(true);
    };
    let mut added = Vec::with_capacity(items.len());
    for (i, item) in std::mem::take(items).into_iter().enumerate() {
        if let (Some(from), Some(to)) = (i.checked_sub(1).and_then(|i| points.get(i)), points.get(i)) {
            if (from.0 - to.0).abs() > 180.0 {
                return Err(EvalError::new("densifying an edge over the antimeridian is not supported yet"));
            }
            if halve(*from, *to, tolerance, POINTS_MAX.saturating_sub(*count), &mut added).is_none() {
                return Ok(false);
            }
        }
        added.push(item);
    }
    *count += added.len();
    *items = added;
    Ok(*count <= POINTS_MAX)
}

/// Adds the points between two; `None` when there are more than `most`.
fn halve(from: Degrees, to: Degrees, tolerance: f64, most: usize, added: &mut Vec<Dynamic>) -> Option<()> {
    if added.len() > most {
        return None;
    }
    if error(from, to)? <= tolerance {
        return Some(());
    }
    let middle = between(from, to, 0.5);
    halve(from, middle, tolerance, most, added)?;
    added.push(position(middle));
    halve(middle, to, tolerance, most, added)
}

/// Returns the greatest angle between an edge and the arc of its ends.
fn error(from: Degrees, to: Degrees) -> Option<f64> {
    let (start, end) = (point(from.0, from.1)?, point(to.0, to.1)?);
    // An arc of a quarter and more is far from any straight line.
    if start.dot(end) < -1e-14 {
        return Some(f64::INFINITY);
    }
    let arc = Edge::new(start, end)?;
    let error_at = |part: f64| {
        let place = between(from, to, part);
        Some(arc.at(arc.angle() * part).angle(point(place.0, place.1)?))
    };
    Some(error_at(PLACE)?.max(error_at(1.0 - PLACE)?))
}

fn between(from: Degrees, to: Degrees, part: f64) -> Degrees {
    (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
}

/// Reads a position.
fn degrees(value: &Dynamic) -> Option<Degrees> {
    let Dynamic::Array(numbers) = value else { return None };
    Some((numbers.first()?.as_real()?, numbers.get(1)?.as_real()?))
}

/// Gives all lists of positions within nested arrays; `None` when there is something else.
pub fn lists_of_positions(json: &str, take: &mut impl FnMut(&[Degrees])) -> Option<()> {
    fn walk(value: &Dynamic, take: &mut impl FnMut(&[Degrees])) -> Option<()> {
        let Dynamic::Array(items) = value else { return None };
        match items.iter().map(degrees).collect::<Option<Vec<_>>>() {
            Some(points) => {
                take(&points);
                Some(())
            }
            None => items.iter().try_for_each(|item| walk(item, take)),
        }
    }
    walk(&Dynamic::parse(json)?, take)
}
