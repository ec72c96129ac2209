use super::covering::s2_covering;
use super::geo::{Polygons, ShapeArg};
use super::geojson;
use super::prelude::*;
use super::s2::{Cell, LEVEL_MAX};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_to_s2cells",
    signatures: &["(polygon: bag, level?: number, radius?: number) -> dynamic"],
    summary: "The tokens of the S2 cells of a level (0 to 30, 11 when left out) that a GeoJSON polygon and all points within a radius in metres touch. Null when an argument is invalid or there are more than 65536 cells.",
    examples: &[
        (
            "print array_length(geo_polygon_to_s2cells(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[0,50],[100,50],[0,0]]]}), 5))",
            "286",
        ),
        (
            "print isnull(geo_polygon_to_s2cells(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[0,50],[100,50],[0,0]]]}), 30))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut polygons = ShapeArg::new(&args.args[0], Polygons::parse);
    Ok(args.dynamics(|row| {
        let (level, radius) = (geojson::level(args, 1, row, 11, LEVEL_MAX)?, geojson::number(args, 2, row, 0.0)?);
        let polygons = polygons.get(row)?;
        let edges: Vec<_> = polygons.edges().collect();
        let cells = s2_covering(&edges, |point| polygons.contains(point), radius, level)?;
        Some(geojson::strings(cells.into_iter().map(Cell::token)))
    }))
}
