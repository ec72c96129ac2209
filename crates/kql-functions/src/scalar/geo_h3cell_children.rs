use super::geojson::level;
use super::h3;
use super::prelude::*;
use h3o::Resolution;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_h3cell_children",
    signatures: &["(h3cell: string, resolution?: number) -> dynamic"],
    summary: "The tokens of the H3 cells that a cell is made of, at a finer resolution (the next when left out), by at most 5. Null when the token is no cell or the resolution is coarser or too fine.",
    examples: &[
        ("print array_length(geo_h3cell_children('862a1072fffffff', 9))", "343"),
        ("print isnull(geo_h3cell_children('862a1072fffffff', 12))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    const FINER_MAX: u8 = 5;
    let tokens = args.str(0);
    Ok(args.dynamics(|row| {
        let cell = h3::cell(tokens.get(row))?;
        let own = u8::from(cell.resolution());
        let resolution = match args.opt(1) {
            None => own + 1,
            Some(_) => level(args, 1, row, 0, h3::RESOLUTION_MAX)?,
        };
        let is_allowed = (own..=own + FINER_MAX).contains(&resolution);
        is_allowed
            .then(|| Resolution::try_from(resolution).ok())
            .flatten()
            .map(|finer| h3::tokens(cell.children(finer)))
    }))
}
