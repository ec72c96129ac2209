use super::geo::{Line, ShapeArg};
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_interpolate_point",
    signatures: &["(lineString: bag, fraction: number) -> dynamic"],
    summary: "The point at a fraction (0 to 1) of the length of a GeoJSON line. Null when the line is null, invalid or a multiline, or the fraction is out of range.",
    examples: &[
        (
            "print round(toreal(geo_line_interpolate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]}), 0.75).coordinates[0]), 9)",
            "0.5",
        ),
        (
            "print isnull(geo_line_interpolate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]}), 0.5))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[0], Line::parse);
    let fraction = args.real(1);
    Ok(args.dynamics(|row| Some(geojson::point(line.get(row)?.at_fraction(fraction.get(row)?)?.degrees()))))
}
