use super::densify::densify;
use super::geo::Line;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_densify",
    signatures: &["(lineString: bag, tolerance?: number, preserve_crossing?: scalar) -> dynamic"],
    summary: "A GeoJSON line or multiline whose edges are straight in longitude and latitude, with points added until its great-circle arcs are within a tolerance in metres (0.1 to 10000; 10 when left out). An edge over the antimeridian is refused. Null when an argument is null or invalid.",
    examples: &[
        (
            "print tostring(geo_line_densify(dynamic({\"type\":\"LineString\",\"coordinates\":[[50,50],[51,51]]}), 50).coordinates[1])",
            "[50.25,50.25]",
        ),
        ("print isnull(geo_line_densify(dynamic({\"type\":\"LineString\",\"coordinates\":[[1,1],[2,2]]}), 0))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    densify(args, |json| Line::parse(json).is_some())
}
