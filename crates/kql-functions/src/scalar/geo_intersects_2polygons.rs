use super::geo::{Polygons, ShapeArg};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersects_2polygons",
    signatures: &["(polygon1: bag, polygon2: bag) -> bool"],
    summary: "Whether two GeoJSON polygons or multipolygons have a point in common, edges included. Null when one is null or invalid.",
    examples: &[
        (
            "print geo_intersects_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))",
            "true",
        ),
        (
            "print geo_intersects_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]}))",
            "false",
        ),
        (
            "print isnull(geo_intersects_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut one = ShapeArg::new(&args.args[0], Polygons::parse);
    let mut other = ShapeArg::new(&args.args[1], Polygons::parse);
    Ok(args.bools(|row| Some(one.get(row)?.intersects(other.get(row)?))))
}
