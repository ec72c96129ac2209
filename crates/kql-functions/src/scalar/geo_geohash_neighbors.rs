use super::geohash::Geohash;
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_geohash_neighbors",
    signatures: &["(geohash: string) -> dynamic"],
    summary: "The geohashes of the same length around one: eight, or five at a pole. Null when the text is no geohash.",
    examples: &[
        (
            "print tostring(geo_geohash_neighbors('sunny'))",
            r#"["sunnt","sunpj","sunnx","sunpn","sunnv","sunpp","sunnz","sunnw"]"#,
        ),
        ("print isnull(geo_geohash_neighbors('a'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let hashes = args.str(0);
    Ok(args.dynamics(|row| Some(geojson::strings(Geohash::parse(hashes.get(row))?.neighbors().map(Geohash::text)))))
}
