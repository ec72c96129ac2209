use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersection_2lines",
    signatures: &["(lineString1: bag, lineString2: bag) -> dynamic"],
    summary: "Geometry beyond distances and points in shapes; refused for now.",
    body: Body::Refused(
        "`geo_intersection_2lines` is not supported yet: of the geometry functions, distances and points in shapes are",
    ),
    ..ScalarFunction::DEFAULT
};
