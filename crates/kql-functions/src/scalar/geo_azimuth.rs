use super::geo::point_argument;
use super::geo_measures::bearing;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_azimuth",
    signatures: &["(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number) -> real"],
    summary: "The direction from one point to another, clockwise from north, in radians from 0 to 2 pi. Null when a coordinate is null or out of range, or the points are the same or opposite.",
    examples: &[
        ("print round(geo_azimuth(5, 10, 10, -40), 10)", "3.054599398"),
        ("print isnull(geo_azimuth(5, 10, 5, 10))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.reals(|row| bearing(point_argument(args, 0, row)?, point_argument(args, 2, row)?)))
}
