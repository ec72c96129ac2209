use super::geo::{Polygons, ShapeArg};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_area",
    signatures: &["(polygon: bag) -> real"],
    summary: "The area in square metres of a GeoJSON polygon or, as of their union, of a multipolygon, on a sphere. Null when the polygon is null or invalid.",
    examples: &[
        (
            "print round(geo_polygon_area(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]})), 3)",
            "3475207.283",
        ),
        (
            "print isnull(geo_polygon_area(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut polygons = ShapeArg::new(&args.args[0], Polygons::parse);
    Ok(args.reals(|row| polygons.get(row)?.area()))
}
