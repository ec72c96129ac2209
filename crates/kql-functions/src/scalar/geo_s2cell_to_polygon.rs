use super::geojson;
use super::prelude::*;
use super::s2::Cell;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_s2cell_to_polygon",
    signatures: &["(s2cell: string) -> dynamic"],
    summary: "An S2 cell as a GeoJSON polygon, whose edges are great-circle arcs. Null when the token is no cell.",
    examples: &[
        ("print round(toreal(geo_s2cell_to_polygon('89c259').coordinates[0][0][1]), 9)", "40.801268434"),
        ("print isnull(geo_s2cell_to_polygon('a'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let tokens = args.str(0);
    Ok(args.dynamics(|row| Some(geojson::ring(&Cell::parse(tokens.get(row))?.corners()))))
}
