use super::geojson;
use super::prelude::*;
use super::s2::Cell;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_s2cell_to_central_point",
    signatures: &["(s2cell: string) -> dynamic"],
    summary: "The middle of an S2 cell as a GeoJSON point. Null when the token is no cell.",
    examples: &[
        ("print round(toreal(geo_s2cell_to_central_point('1234567').coordinates[0]), 9)", "9.868307319"),
        ("print isnull(geo_s2cell_to_central_point('a'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let tokens = args.str(0);
    Ok(args.dynamics(|row| Some(geojson::point(Cell::parse(tokens.get(row))?.center().degrees()))))
}
