use super::geo::point_argument;
use super::geo_measures::{bearing, in_circle};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_angle",
    signatures: &[
        "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number, p3_longitude: number, p3_latitude: number) -> real",
    ],
    summary: "The angle at the second of three points, clockwise from the arc to the first to the arc to the third, in radians from 0 to 2 pi. Null when a coordinate is null or out of range, or the second point is the same as or opposite to another.",
    examples: &[
        ("print round(geo_angle(0, 10, 0, 5, 3, -10), 10)", "2.9449384341"),
        ("print isnull(geo_angle(0, 10, 0, 10, 3, -10))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.reals(|row| {
        let (first, second) = (point_argument(args, 0, row)?, point_argument(args, 2, row)?);
        let third = point_argument(args, 4, row)?;
        Some(in_circle(bearing(second, third)? - bearing(second, first)?))
    }))
}
