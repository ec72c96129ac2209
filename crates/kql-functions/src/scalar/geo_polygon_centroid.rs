use super::geo::{Polygons, ShapeArg};
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_centroid",
    signatures: &["(polygon: bag) -> dynamic"],
    summary: "The middle of a GeoJSON polygon or, as of their union, of a multipolygon, as a point. Null when the polygon is null or invalid.",
    examples: &[
        (
            "print round(toreal(geo_polygon_centroid(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]})).coordinates[0]), 9)",
            "-73.96573569",
        ),
        (
            "print isnull(geo_polygon_centroid(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut polygons = ShapeArg::new(&args.args[0], Polygons::parse);
    Ok(args.dynamics(|row| Some(geojson::point(polygons.get(row)?.centroid()?.degrees()))))
}
