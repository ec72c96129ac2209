use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_densify",
    signatures: &["(polygon: bag, tolerance?: number, preserve_crossing?: scalar) -> dynamic"],
    summary: "Geometry beyond distances and points in shapes; refused for now.",
    body: Body::Refused(
        "`geo_polygon_densify` is not supported yet: of the geometry functions, distances and points in shapes are",
    ),
    ..ScalarFunction::DEFAULT
};
