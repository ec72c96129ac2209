use super::geojson::level;
use super::h3;
use super::prelude::*;
use h3o::Resolution;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_h3cell_parent",
    signatures: &["(h3cell: string, resolution?: number) -> string"],
    summary: "The token of the H3 cell that holds a cell, at a coarser resolution (the next when left out). Empty when the token is no cell or the resolution is not coarser.",
    examples: &[
        ("print geo_h3cell_parent('862a1072fffffff')", "852a1073fffffff"),
        ("print geo_h3cell_parent('862a1072fffffff', 1)", "812a3ffffffffff"),
        ("print geo_h3cell_parent('862a1072fffffff', 15)", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let tokens = args.str(0);
    let parent = |row| {
        let cell = h3::cell(tokens.get(row))?;
        let own = u8::from(cell.resolution());
        let resolution = match args.opt(1) {
            None => own.checked_sub(1)?,
            Some(_) => level(args, 1, row, 0, h3::RESOLUTION_MAX)?,
        };
        Some(cell.parent(Resolution::try_from(resolution).ok()?)?.to_string())
    };
    Ok(args.strings(|row| parent(row).unwrap_or_default()))
}
