use super::geo::{Polygons, ShapeArg};
use super::overlay::intersection;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersection_2polygons",
    signatures: &["(polygon1: bag, polygon2: bag) -> dynamic"],
    summary: "What two GeoJSON polygons or multipolygons have in common: polygons, lines, points, or several of them in a collection, which is empty for nothing. Null when one is null or invalid.",
    examples: &[
        (
            "print geo_intersection_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[10,0],[20,0],[20,10],[10,10],[10,0]]]})).type",
            "LineString",
        ),
        (
            "print round(geo_polygon_area(geo_intersection_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}))) - geo_polygon_area(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]})), 3)",
            "0.0",
        ),
        (
            "print isnull(geo_intersection_2polygons(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut one = ShapeArg::new(&args.args[0], Polygons::parse);
    let mut other = ShapeArg::new(&args.args[1], Polygons::parse);
    Ok(args.dynamics(|row| Some(intersection(one.get(row)?, other.get(row)?)?.to_geojson())))
}
