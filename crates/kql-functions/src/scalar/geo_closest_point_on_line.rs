use super::geo::{Line, ShapeArg, point_argument};
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_closest_point_on_line",
    signatures: &["(longitude: number, latitude: number, lineString: bag) -> dynamic"],
    summary: "The point of a GeoJSON line or multiline that is nearest to a point. Null when a coordinate or the line is null or invalid.",
    examples: &[
        (
            "print round(toreal(geo_closest_point_on_line(0.5, 1, dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]})).coordinates[0]), 9)",
            "0.5",
        ),
        (
            "print isnull(geo_closest_point_on_line(300, 3, dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[2], Line::parse);
    Ok(args.dynamics(|row| Some(geojson::point(line.get(row)?.nearest(point_argument(args, 0, row)?)?.degrees()))))
}
