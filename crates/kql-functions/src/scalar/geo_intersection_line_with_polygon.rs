use super::geo::{Line, Polygons, ShapeArg};
use super::overlay::line_in_polygons;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersection_line_with_polygon",
    signatures: &["(lineString: bag, polygon: bag) -> dynamic"],
    summary: "The parts of a GeoJSON line or multiline in a polygon or multipolygon: lines, points, or both in a collection, which is empty for nothing. Null when one is null or invalid.",
    examples: &[
        (
            "print tostring(geo_intersection_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,-1],[0,1]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]})))",
            r#"{"type":"GeometryCollection","geometries":[]}"#,
        ),
        (
            "print round(toreal(geo_intersection_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[5,-5],[5,5]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]})).coordinates[0][1]), 6)",
            "0.0",
        ),
        (
            "print isnull(geo_intersection_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[0], Line::parse);
    let mut polygons = ShapeArg::new(&args.args[1], Polygons::parse);
    Ok(args.dynamics(|row| Some(line_in_polygons(line.get(row)?, polygons.get(row)?).to_geojson())))
}
