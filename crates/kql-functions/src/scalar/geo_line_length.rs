use super::geo::{Line, ShapeArg};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_length",
    signatures: &["(lineString: bag) -> real"],
    summary: "The length in metres of a GeoJSON line or multiline, whose edges are great-circle arcs; an edge that several lines share counts once. Null when the line is null or invalid.",
    examples: &[
        (
            "print round(geo_line_length(dynamic({\"type\":\"LineString\",\"coordinates\":[[-73.95807266235352,40.800426144169315],[-73.94966125488281,40.79691751000055],[-73.97317886352539,40.764486356930334]]})), 6)",
            "4922.48017",
        ),
        ("print isnull(geo_line_length(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]})))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[0], Line::parse);
    Ok(args.reals(|row| Some(line.get(row)?.length())))
}
