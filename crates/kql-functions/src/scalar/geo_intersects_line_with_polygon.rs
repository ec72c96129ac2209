use super::geo::{Line, Polygons, ShapeArg};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersects_line_with_polygon",
    signatures: &["(lineString: bag, polygon: bag) -> bool"],
    summary: "Whether a GeoJSON line or multiline and a polygon or multipolygon have a point in common, edges included. Null when one is null or invalid.",
    examples: &[
        (
            "print geo_intersects_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))",
            "true",
        ),
        (
            "print geo_intersects_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[-1,0],[1,0]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]}))",
            "false",
        ),
        (
            "print isnull(geo_intersects_line_with_polygon(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut line = ShapeArg::new(&args.args[0], Line::parse);
    let mut polygons = ShapeArg::new(&args.args[1], Polygons::parse);
    Ok(args.bools(|row| Some(polygons.get(row)?.intersects_line(line.get(row)?))))
}
