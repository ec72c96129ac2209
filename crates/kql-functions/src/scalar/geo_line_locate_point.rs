use super::geo::{Line, ShapeArg, point_argument};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_locate_point",
    signatures: &["(lineString: bag, longitude: number, latitude: number, use_spheroid?: scalar) -> real"],
    summary: "The fraction (0 to 1) of the length of a GeoJSON line at which it is nearest to a point. On a sphere; the spheroid is refused. Null when the line is null, invalid or a multiline, or a coordinate is.",
    examples: &[
        (
            "print round(geo_line_locate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[-73.95796,40.80042],[-73.97317,40.764486]]}), -73.965, 40.792), 9)",
            "0.255601351",
        ),
        (
            "print isnull(geo_line_locate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]}), 1, 1))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let is_spheroid = |row: usize| args.opt(3).is_some_and(|arg| arg.value(row) == Value::Bool(true));
    if (0..args.rows).any(is_spheroid) {
        return Err(EvalError::new("`geo_line_locate_point` measures on a sphere; the spheroid is not supported yet"));
    }
    let mut line = ShapeArg::new(&args.args[0], Line::parse);
    Ok(args.reals(|row| line.get(row)?.fraction_of(point_argument(args, 1, row)?)))
}
