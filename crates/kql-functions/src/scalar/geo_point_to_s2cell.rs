use super::geo::point_argument;
use super::geojson::level;
use super::prelude::*;
use super::s2::{Cell, LEVEL_MAX};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_point_to_s2cell",
    signatures: &["(longitude: number, latitude: number, level?: number) -> string"],
    summary: "The token of the S2 cell that holds a point, at a level of 0 to 30 (11 when left out). Empty when a coordinate \
              or the level is null or out of range.",
    examples: &[("print geo_point_to_s2cell(10.1234, 53, 8)", "47b1d"), ("print geo_point_to_s2cell(1, 1, 35)", "")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let cell = |row| Some(Cell::of(point_argument(args, 0, row)?, level(args, 2, row, 11, LEVEL_MAX)?).token());
    Ok(args.strings(|row| cell(row).unwrap_or_default()))
}
