use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_union_polygons_array",
    signatures: &["(polygons: array) -> dynamic"],
    summary: "Geometry beyond distances and points in shapes; refused for now.",
    body: Body::Refused(
        "`geo_union_polygons_array` is not supported yet: of the geometry functions, distances and points in shapes are",
    ),
    ..ScalarFunction::DEFAULT
};
