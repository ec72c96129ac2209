use super::geojson::level;
use super::h3;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_point_to_h3cell",
    signatures: &["(longitude: number, latitude: number, resolution?: number) -> string"],
    summary: "The token of the H3 cell that holds a point, at a resolution of 0 to 15 (6 when left out). Empty when a \
              coordinate or the resolution is null or out of range.",
    examples: &[
        ("print geo_point_to_h3cell(-74.04450446039874, 40.689250859314974, 6)", "862a1072fffffff"),
        ("print geo_point_to_h3cell(300, 1, 8)", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (longitude, latitude) = (args.real(0), args.real(1));
    let cell = |row| {
        h3::cell_of(longitude.get(row)?, latitude.get(row)?, level(args, 2, row, 6, h3::RESOLUTION_MAX)?)
            .map(|cell| cell.to_string())
    };
    Ok(args.strings(|row| cell(row).unwrap_or_default()))
}
