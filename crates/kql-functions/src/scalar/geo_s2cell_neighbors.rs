use super::geojson;
use super::prelude::*;
use super::s2::Cell;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_s2cell_neighbors",
    signatures: &["(s2cell: string) -> dynamic"],
    summary: "The tokens of the S2 cells of the same level that touch a cell: eight, seven at a corner of the cube, four for a face. Null when the token is no cell.",
    examples: &[
        (
            "print tostring(geo_s2cell_neighbors('89c259'))",
            r#"["89c25d","89c2f9","89c251","89c257","89c25f","89c25b","89c2f7","89c2f5"]"#,
        ),
        ("print isnull(geo_s2cell_neighbors('a'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let tokens = args.str(0);
    Ok(args
        .dynamics(|row| Some(geojson::strings(Cell::parse(tokens.get(row))?.neighbors().into_iter().map(Cell::token)))))
}
