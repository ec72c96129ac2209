use super::geohash::Geohash;
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_geohash_to_polygon",
    signatures: &["(geohash: string) -> dynamic"],
    summary: "A geohash's rectangle as a GeoJSON polygon. Null when the text is no geohash.",
    examples: &[
        ("print tostring(geo_geohash_to_polygon('dr5ru').coordinates[0][2])", "[-73.9599609375,40.78125]"),
        ("print isnull(geo_geohash_to_polygon('a'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let hashes = args.str(0);
    Ok(args.dynamics(|row| {
        let [west, south, east, north] = Geohash::parse(hashes.get(row))?.bounds();
        Some(geojson::polygon(&[(west, south), (east, south), (east, north), (west, north)]))
    }))
}
