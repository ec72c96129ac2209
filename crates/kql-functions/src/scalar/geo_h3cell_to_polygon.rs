use super::geojson;
use super::h3;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_h3cell_to_polygon",
    signatures: &["(h3cell: string) -> dynamic"],
    summary: "An H3 cell as a GeoJSON polygon. Null when the token is no cell.",
    examples: &[
        ("print round(toreal(geo_h3cell_to_polygon('862a1072fffffff').coordinates[0][0][1]), 9)", "40.735376026"),
        ("print isnull(geo_h3cell_to_polygon('@'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let tokens = args.str(0);
    Ok(args.dynamics(|row| {
        let boundary = h3::cell(tokens.get(row))?.boundary();
        Some(geojson::polygon(&boundary.iter().map(|place| h3::degrees(*place)).collect::<Vec<_>>()))
    }))
}
