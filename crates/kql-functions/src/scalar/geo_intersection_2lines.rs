use super::geo::{Line, ShapeArg};
use super::overlay::lines_in_common;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersection_2lines",
    signatures: &["(lineString1: bag, lineString2: bag) -> dynamic"],
    summary: "What two GeoJSON lines or multilines have in common: points, lines, or both in a collection, which is empty for nothing. Null when one is null or invalid.",
    examples: &[
        (
            "print tostring(geo_intersection_2lines(dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]}), dynamic({\"type\":\"LineString\",\"coordinates\":[[0,-1],[0,1]]})))",
            r#"{"type":"Point","coordinates":[0,0]}"#,
        ),
        (
            "print isnull(geo_intersection_2lines(dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]}), dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (mut one, mut other) = (ShapeArg::new(&args.args[0], Line::parse), ShapeArg::new(&args.args[1], Line::parse));
    Ok(args.dynamics(|row| Some(lines_in_common(one.get(row)?, other.get(row)?).to_geojson())))
}
