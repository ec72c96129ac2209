use super::geo::{Polygons, ShapeArg, point_argument};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_point_in_polygon",
    signatures: &["(longitude: number, latitude: number, polygon: bag) -> bool"],
    summary: "Whether a point is in a GeoJSON polygon or multipolygon, whose edges are great-circle arcs. Null when a \
              coordinate or the polygon is null or invalid.",
    examples: &[
        (
            "print geo_point_in_polygon(5, 5, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))",
            "true",
        ),
        (
            "print isnull(geo_point_in_polygon(1, 1, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut polygons = ShapeArg::new(&args.args[2], Polygons::parse);
    Ok(args.bools(|row| Some(polygons.get(row)?.contains(point_argument(args, 0, row)?))))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::d;
    use schema::{KqlType, Value};

    #[test]
    fn looks_into_every_polygon() {
        let new_york = "[[[-73.85009765625,40.85744791303121],[-74.16046142578125,40.84290487729676],[-74.190673828125,40.59935608796518],[-73.83087158203125,40.61812224225511],[-73.85009765625,40.85744791303121]]]";
        let seattle = "[[[-122.200927734375,47.68573021131587],[-122.4591064453125,47.68573021131587],[-122.4755859375,47.468949677672484],[-122.17620849609374,47.47266286861342],[-122.200927734375,47.68573021131587]]]";
        let both = format!(r#"{{"type":"MultiPolygon","coordinates":[{new_york},{seattle}]}}"#);
        let nested = format!(r#"{{"type":"MultiPolygon","coordinates":[[{new_york}],[{seattle}]]}}"#);
        let one = format!(r#"{{"type":"Polygon","coordinates":{new_york}}}"#);
        for (longitude, latitude, polygon, expected) in [
            (-73.95, 40.75, &one, Value::Bool(true)),
            (-122.3, 47.6, &one, Value::Bool(false)),
            (-122.3, 47.6, &both, Value::Bool(true)),
            (-73.95, 40.75, &both, Value::Bool(true)),
            (-115.18, 36.16, &both, Value::Bool(false)),
            (-122.3, 47.6, &nested, Value::Bool(true)),
            (-181.0, 47.6, &both, Value::Null(KqlType::Bool)),
        ] {
            let args = [Value::Real(longitude), Value::Real(latitude), d(polygon)];
            assert_eq!(
                crate::call("geo_point_in_polygon", KqlType::Bool, &args),
                Ok(expected),
                "{longitude} {latitude}"
            );
        }
    }
}
