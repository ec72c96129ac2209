use super::geo::{Line, ShapeArg};
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_centroid",
    signatures: &["(lineString: bag) -> dynamic"],
    summary: "The middle of a GeoJSON line or multiline as a point. Null when the line is null or invalid.",
    examples: &[
        (
            "print round(toreal(geo_line_centroid(dynamic({\"type\":\"LineString\",\"coordinates\":[[-73.95796,40.80042],[-73.97317,40.764486]]})).coordinates[0]), 9)",
            "-73.965567057",
        ),
        ("print isnull(geo_line_centroid(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]})))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[0], Line::parse);
    Ok(args.dynamics(|row| Some(geojson::point(line.get(row)?.centroid()?.degrees()))))
}
