//! Writing GeoJSON, as functions that give shapes do.

use super::geo::Vector;
use super::prelude::*;

/// Returns a geometry of a type.
pub fn geometry(kind: &str, coordinates: Dynamic) -> Dynamic {
    Dynamic::Bag(vec![("type".into(), Dynamic::String(kind.into())), ("coordinates".into(), coordinates)])
}

/// Returns a position: longitude and latitude in degrees.
pub fn position((longitude, latitude): (f64, f64)) -> Dynamic {
    Dynamic::Array(vec![coordinate(longitude), coordinate(latitude)])
}

/// Returns a number; a whole one is written without decimals, as the reference's results are.
fn coordinate(degrees: f64) -> Dynamic {
    if degrees.fract() == 0.0 && degrees.abs() <= 360.0 {
        Dynamic::from_long(degrees as i64)
    } else {
        Dynamic::from_real(degrees)
    }
}

/// Returns a point from its longitude and latitude in degrees.
pub fn point(degrees: (f64, f64)) -> Dynamic {
    geometry("Point", position(degrees))
}

/// Returns a polygon without holes from its vertices, the first of which ends it too.
pub fn polygon(vertices: &[(f64, f64)]) -> Dynamic {
    let ring = vertices.iter().chain(vertices.first()).map(|vertex| position(*vertex)).collect();
    geometry("Polygon", Dynamic::Array(vec![Dynamic::Array(ring)]))
}

/// Returns a polygon without holes from its vertices on the sphere.
pub fn ring(vertices: &[Vector]) -> Dynamic {
    polygon(&vertices.iter().map(|vertex| vertex.degrees()).collect::<Vec<_>>())
}

/// Returns an array of strings, or `None` for none.
pub fn strings(texts: impl Iterator<Item = String>) -> Dynamic {
    Dynamic::Array(texts.map(Dynamic::String).collect())
}

/// Returns a whole number that may be left out, and is then the default; `None` when it is null or out of range.
pub fn level(args: &Args, i: usize, row: usize, default: u8, max: u8) -> Option<u8> {
    let Some(arg) = args.opt(i) else { return Some(default) };
    let level = arg.reals().get(row)?.trunc();
    (0.0..=f64::from(max)).contains(&level).then_some(level as u8)
}

/// Returns a number that may be left out, and is then the default; `None` when it is null or no number.
pub fn number(args: &Args, i: usize, row: usize, default: f64) -> Option<f64> {
    let Some(arg) = args.opt(i) else { return Some(default) };
    arg.reals().get(row).filter(|number| number.is_finite())
}

/// Returns a collection of geometries, given as an array.
pub fn collection(geometries: Dynamic) -> Dynamic {
    Dynamic::Bag(vec![("type".into(), Dynamic::String("GeometryCollection".into())), ("geometries".into(), geometries)])
}
