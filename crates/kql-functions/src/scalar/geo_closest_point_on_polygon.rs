use super::geo::{Polygons, ShapeArg, point_argument};
use super::geojson;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_closest_point_on_polygon",
    signatures: &["(longitude: number, latitude: number, polygon: bag) -> dynamic"],
    summary: "The point of a GeoJSON polygon or multipolygon that is nearest to a point: the point itself when it is inside. Null when a coordinate or the polygon is null or invalid.",
    examples: &[
        (
            "print round(toreal(geo_closest_point_on_polygon(-73.9839, 40.7705, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]})).coordinates[0]), 9)",
            "-73.98120558",
        ),
        (
            "print isnull(geo_closest_point_on_polygon(1, 1, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut polygons = ShapeArg::new(&args.args[2], Polygons::parse);
    Ok(args.dynamics(|row| Some(geojson::point(polygons.get(row)?.nearest(point_argument(args, 0, row)?)?.degrees()))))
}
