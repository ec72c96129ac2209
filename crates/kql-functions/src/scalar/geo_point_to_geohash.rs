use super::geohash::{Geohash, LENGTH_MAX};
use super::geojson::level;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_point_to_geohash",
    signatures: &["(longitude: number, latitude: number, accuracy?: number) -> string"],
    summary: "The geohash of a point, 1 to 18 letters long (5 when left out). Empty when a coordinate or the length is null or out of range.",
    examples: &[
        ("print geo_point_to_geohash(-80.195829, 25.802215, 8)", "dhwfz15h"),
        ("print geo_point_to_geohash(1, 1, int(null))", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (longitude, latitude) = (args.real(0), args.real(1));
    let hash = |row| {
        let length = level(args, 2, row, 5, LENGTH_MAX).filter(|length| *length > 0)?;
        Some(Geohash::of(longitude.get(row)?, latitude.get(row)?, length)?.text())
    };
    Ok(args.strings(|row| hash(row).unwrap_or_default()))
}
