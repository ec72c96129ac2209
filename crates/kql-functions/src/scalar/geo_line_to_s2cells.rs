use super::covering::s2_covering;
use super::geo::{Line, ShapeArg};
use super::geojson;
use super::prelude::*;
use super::s2::{Cell, LEVEL_MAX};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_to_s2cells",
    signatures: &["(lineString: bag, level?: number, radius?: number) -> dynamic"],
    summary: "The tokens of the S2 cells of a level (0 to 30, 11 when left out) that a GeoJSON line and all points within a radius in metres touch. Null when an argument is invalid or there are more than 65536 cells.",
    examples: &[
        (
            "print array_length(geo_line_to_s2cells(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1],[1.001,1]]}), 5))",
            "1",
        ),
        ("print isnull(geo_line_to_s2cells(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]})))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[0], Line::parse);
    Ok(args.dynamics(|row| {
        let (level, radius) = (geojson::level(args, 1, row, 11, LEVEL_MAX)?, geojson::number(args, 2, row, 0.0)?);
        let edges: Vec<_> = line.get(row)?.edges().collect();
        let cells = s2_covering(&edges, |_| false, radius, level)?;
        Some(geojson::strings(cells.into_iter().map(Cell::token)))
    }))
}
