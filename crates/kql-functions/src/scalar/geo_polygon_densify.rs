use super::densify::densify;
use super::geo::Polygons;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_densify",
    signatures: &["(polygon: bag, tolerance?: number, preserve_crossing?: scalar) -> dynamic"],
    summary: "A GeoJSON polygon or multipolygon whose edges are straight in longitude and latitude, with points added until its great-circle arcs are within a tolerance in metres (0.1 to 10000; 10 when left out). An edge over the antimeridian is refused. Null when an argument is null or invalid.",
    examples: &[
        (
            "print array_length(geo_polygon_densify(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[10,10],[11,10],[11,11],[10,11],[10,10]]]})).coordinates[0])",
            "11",
        ),
        (
            "print isnull(geo_polygon_densify(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[10,900],[11,10],[11,11],[10,11],[10,10]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    densify(args, |json| Polygons::parse(json).is_some())
}
