use super::geohash::Geohash;
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_geohash_to_central_point",
    signatures: &["(geohash: string) -> dynamic"],
    summary: "The middle of a geohash's rectangle as a GeoJSON point. Null when the text is no geohash.",
    examples: &[
        (
            "print tostring(geo_geohash_to_central_point('sunny'))",
            r#"{"type":"Point","coordinates":[42.47314453125,23.70849609375]}"#,
        ),
        ("print isnull(geo_geohash_to_central_point('a'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let hashes = args.str(0);
    Ok(args.dynamics(|row| {
        let [west, south, east, north] = Geohash::parse(hashes.get(row))?.bounds();
        Some(geojson::point(((west + east) / 2.0, (south + north) / 2.0)))
    }))
}
