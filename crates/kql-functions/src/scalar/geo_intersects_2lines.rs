use super::geo::{Line, ShapeArg};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersects_2lines",
    signatures: &["(lineString1: bag, lineString2: bag) -> bool"],
    summary: "Whether two GeoJSON lines or multilines have a point in common. Null when one is null or invalid.",
    examples: &[
        (
            "print geo_intersects_2lines(dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]}), dynamic({\"type\":\"LineString\",\"coordinates\":[[0,-1],[0,1]]}))",
            "true",
        ),
        (
            "print isnull(geo_intersects_2lines(dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]}), dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (mut one, mut other) = (ShapeArg::new(&args.args[0], Line::parse), ShapeArg::new(&args.args[1], Line::parse));
    Ok(args.bools(|row| Some(one.get(row)?.intersects(other.get(row)?))))
}
