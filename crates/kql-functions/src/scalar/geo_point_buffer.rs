use super::geo::{EARTH_RADIUS, Vector, point_argument};
use super::geojson;
use super::prelude::*;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_point_buffer",
    signatures: &["(longitude: number, latitude: number, radius: number, tolerance?: number) -> dynamic"],
    summary: "A polygon that holds all points within a radius of a point and none farther than the radius and the tolerance, \
              in metres (10 when left out). Null when a coordinate, the radius or the tolerance is invalid: the tolerance is \
              at least a millionth of the radius, and the radius less than a quarter of the Earth's circumference.",
    examples: &[
        ("print geo_point_in_polygon(10.05, 10, geo_point_buffer(10, 10, 6000))", "true"),
        ("print geo_point_in_polygon(10.06, 10, geo_point_buffer(10, 10, 6000))", "false"),
        ("print isnull(geo_point_buffer(10, 10, -1))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// The tolerance that the function takes when it is left out, in metres.
const TOLERANCE: f64 = 10.0;
/// The least tolerance, as part of the radius.
const TOLERANCE_MIN: f64 = 1e-6;

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let radius = args.real(2);
    Ok(args.dynamics(|row| {
        let tolerance = geojson::number(args, 3, row, TOLERANCE)?;
        Some(geojson::ring(&circle(point_argument(args, 0, row)?, radius.get(row)?, tolerance)?))
    }))
}

/// Returns the vertices, counter-clockwise, of the regular polygon with the fewest of them that goes around a circle and
/// goes from it no farther than the tolerance.
fn circle(center: Vector, radius: f64, tolerance: f64) -> Option<Vec<Vector>> {
    let inner = radius / EARTH_RADIUS;
    if !(inner > 0.0 && tolerance >= radius * TOLERANCE_MIN) {
        return None;
    }
    let outer = (radius + tolerance.min(radius)) / EARTH_RADIUS;
    if outer >= FRAC_PI_2 {
        return None;
    }
    // In the right triangle of the centre, a vertex and the middle of an edge.
    let edges = (PI / (inner.tan() / outer.tan()).acos()).ceil().max(3.0);
    let outer = (inner.tan() / (PI / edges).cos()).atan();
    let (east, north) = center.east_and_north();
    let vertex = |i: u32| {
        let (sin, cos) = (f64::from(i) / edges * TAU).sin_cos();
        center.times(outer.cos()) + (east.times(cos) + north.times(sin)).times(outer.sin())
    };
    Some((0..edges as u32).map(vertex).collect())
}

#[cfg(test)]
mod tests {
    use super::super::geo::{Polygons, point};
    use super::*;

    #[test]
    fn is_as_far_from_the_point_as_said() {
        for (longitude, latitude, radius, tolerance) in [
            (0.0, 0.0, 1.0, 1.0),
            (-115.17, 36.15, 20_000.0, 10.0),
            (180.0, -90.0, 100.0, 1e-4),
            (12.0, 89.9999, 300.0, 0.1),
            (170.0, 10.0, 3_000_000.0, 500.0),
            (170.0, 10.0, 3_000_000.0, 9e9),
        ] {
            let Some(center) = point(longitude, latitude) else { panic!("{longitude} {latitude}") };
            let vertices = circle(center, radius, tolerance).unwrap_or_default();
            assert!(vertices.len() >= 3);
            for vertex in &vertices {
                let distance = center.angle(*vertex) * EARTH_RADIUS;
                let allowed = radius..=radius + tolerance.min(radius) + 1e-6;
                assert!(allowed.contains(&distance), "{radius} {distance}");
            }
            let polygon = Polygons::parse(&geojson::ring(&vertices).to_json()).expect("a valid polygon");
            assert!(polygon.contains(center), "{longitude} {latitude}");
            let middle = (vertices[0] + vertices[1]).unit().angle(center) * EARTH_RADIUS;
            assert!((middle - radius).abs() < 1e-6 * radius.max(1.0), "{radius} {middle}");
        }
    }

    #[test]
    fn what_is_no_circle() {
        let Some(center) = point(1.0, 1.0) else { return };
        for (radius, tolerance) in [(0.0, 1.0), (-1.0, 1.0), (1e9, 1.0), (1e6, 0.9), (f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert_eq!(circle(center, radius, tolerance), None, "{radius} {tolerance}");
        }
    }
}
