use super::geojson::level;
use super::h3;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_h3cell_rings",
    signatures: &["(h3cell: string, distance: number) -> dynamic"],
    summary: "The H3 cells around a cell: an array of rings, the first of which is the cell itself, up to a distance of 0 to 142. Null when the token is no cell or the distance is out of range.",
    examples: &[
        ("print array_length(geo_h3cell_rings('861f8894fffffff', 2)[2])", "12"),
        ("print isnull(geo_h3cell_rings('861f8894fffffff', 150))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    const DISTANCE_MAX: u8 = 142;
    let tokens = args.str(0);
    Ok(args.dynamics(|row| {
        let cell = h3::cell(tokens.get(row))?;
        let distance = level(args, 1, row, 0, DISTANCE_MAX)?;
        Some(Dynamic::Array(h3::rings(cell, u32::from(distance)).into_iter().map(h3::tokens).collect()))
    }))
}
