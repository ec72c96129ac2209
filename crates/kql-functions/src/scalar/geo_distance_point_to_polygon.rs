use super::geo::{Polygons, ShapeArg, point_argument};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_distance_point_to_polygon",
    signatures: &["(longitude: number, latitude: number, polygon: bag) -> real"],
    summary: "The shortest distance in metres between a point and a GeoJSON polygon or multipolygon, whose edges are \
              great-circle arcs; 0 inside. Null when a coordinate or the polygon is null or invalid.",
    examples: &[
        (
            "print geo_distance_point_to_polygon(5, 5, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))",
            "0.0",
        ),
        (
            "print isnull(geo_distance_point_to_polygon(500, 1, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,1],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut polygons = ShapeArg::new(&args.args[2], Polygons::parse);
    Ok(args.reals(|row| Some(polygons.get(row)?.distance(point_argument(args, 0, row)?))))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::d;
    use schema::{KqlType, Value};

    #[test]
    fn measures_to_the_edge() {
        let central_park = r#"{"type":"Polygon","coordinates":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]}"#;
        let distance = |longitude: f64, latitude: f64, polygon: &str| {
            let args = [Value::Real(longitude), Value::Real(latitude), d(polygon)];
            crate::call("geo_distance_point_to_polygon", KqlType::Real, &args)
        };
        let Ok(Value::Real(found)) = distance(-73.9839, 40.7705, central_park) else { panic!("no distance") };
        assert!((found - 259.940_756_070_596).abs() < 1e-6, "{found}");
        assert_eq!(distance(-73.965, 40.782, central_park), Ok(Value::Real(0.0)));
        let broken = r#"{"type": "Polygon","coordinates": [[[0,0],[10,10],[10,10],[0,0]]]}"#;
        assert_eq!(distance(1.0, 1.0, broken), Ok(Value::Null(KqlType::Real)));
        assert_eq!(distance(500.0, 1.0, central_park), Ok(Value::Null(KqlType::Real)));
    }
}
