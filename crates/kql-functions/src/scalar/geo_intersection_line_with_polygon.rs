use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_intersection_line_with_polygon",
    signatures: &["(lineString: bag, polygon: bag) -> dynamic"],
    summary: "Geometry beyond distances and points in shapes; refused for now.",
    body: Body::Refused(
        "`geo_intersection_line_with_polygon` is not supported yet: of the geometry functions, distances and points in shapes are",
    ),
    ..ScalarFunction::DEFAULT
};
