use super::geo::{Line, ShapeArg, point_argument};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_distance_point_to_line",
    signatures: &["(longitude: number, latitude: number, lineString: bag) -> real"],
    summary: "The shortest distance in metres between a point and a GeoJSON line or multiline, whose edges are great-circle \
              arcs. Null when a coordinate or the line is null or invalid.",
    examples: &[
        (
            "print round(geo_distance_point_to_line(0, 1, dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]})), 3)",
            "111195.101",
        ),
        ("print isnull(geo_distance_point_to_line(1, 1, dynamic({\"type\":\"LineString\"})))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[2], Line::parse);
    Ok(args.reals(|row| Some(line.get(row)?.distance(point_argument(args, 0, row)?))))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::d;
    use schema::{KqlType, Value};

    fn distance(longitude: f64, latitude: f64, line: &str) -> Option<f64> {
        let args = [Value::Real(longitude), Value::Real(latitude), d(line)];
        match crate::call("geo_distance_point_to_line", KqlType::Real, &args) {
            Ok(Value::Real(distance)) => Some(distance),
            _ => None,
        }
    }

    #[test]
    fn finds_the_nearest_part() {
        let road = r#"{ "type":"LineString","coordinates":[[-115.115385,36.229195],[-115.136995,36.200366],[-115.140252,36.192470],[-115.143558,36.188523],[-115.144076,36.181954],[-115.154662,36.174483],[-115.166431,36.176388],[-115.183289,36.175007],[-115.192612,36.176736],[-115.202485,36.173439],[-115.225355,36.174365]]}"#;
        let degree = 6_371_010.0 * 1f64.to_radians();
        for (longitude, latitude, line, expected) in [
            (-115.199625, 36.210419, road, 3_797.888_872_533_34),
            (0.0, 1.0, r#"{"type":"LineString","coordinates":[[-1,0],[1,0]]}"#, degree),
            (3.0, 0.0, r#"{"type":"LineString","coordinates":[[-1,0],[1,0]]}"#, 2.0 * degree),
            (180.0, 0.0, r#"{"type":"LineString","coordinates":[[-1,0],[1,0]]}"#, 179.0 * degree),
            (0.0, 5.0, r#"{"type":"MultiLineString","coordinates":[[[-1,0],[1,0]],[[0,6],[0,7]]]}"#, degree),
            (0.0, 1.0, r#"{"type":"LineString","coordinates":[[0,0],[0,0]]}"#, degree),
        ] {
            let found = distance(longitude, latitude, line).unwrap_or(f64::NAN);
            assert!((found - expected).abs() < 1e-6, "{line}: {found} is not {expected}");
        }
        assert_eq!(distance(300.0, 3.0, road), None);
        assert_eq!(distance(1.0, 1.0, r#"{"type":"LineString"}"#), None);
        assert_eq!(distance(1.0, 1.0, "null"), None);
    }
}
