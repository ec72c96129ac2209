use super::geojson;
use super::h3;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_h3cell_to_central_point",
    signatures: &["(h3cell: string) -> dynamic"],
    summary: "The middle of an H3 cell as a GeoJSON point. Null when the token is no cell.",
    examples: &[
        ("print round(toreal(geo_h3cell_to_central_point('862a1072fffffff').coordinates[0]), 9)", "-74.01600848"),
        ("print isnull(geo_h3cell_to_central_point('1'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let tokens = args.str(0);
    Ok(args.dynamics(|row| Some(geojson::point(h3::degrees(h3::cell(tokens.get(row))?.into())))))
}
