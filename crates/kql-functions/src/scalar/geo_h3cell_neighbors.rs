use super::h3;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_h3cell_neighbors",
    signatures: &["(h3cell: string) -> dynamic"],
    summary: "The tokens of the H3 cells around a cell: six, or five around a pentagon. Null when the token is no cell.",
    examples: &[
        (
            "print tostring(geo_h3cell_neighbors('862a1072fffffff'))",
            r#"["862a10727ffffff","862a10707ffffff","862a1070fffffff","862a10777ffffff","862a100dfffffff","862a100d7ffffff"]"#,
        ),
        ("print isnull(geo_h3cell_neighbors('abc'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let cells = args.str(0);
    Ok(args.dynamics(|row| h3::rings(h3::cell(cells.get(row))?, 1).pop().map(h3::tokens)))
}
