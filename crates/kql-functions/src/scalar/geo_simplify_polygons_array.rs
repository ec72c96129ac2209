use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_simplify_polygons_array",
    signatures: &["(polygons: array, tolerance?: number) -> dynamic"],
    summary: "Polygons with fewer points; refused, as which points the result has depends on steps that the reference does not describe.",
    body: Body::Refused("`geo_simplify_polygons_array` is not supported yet"),
    ..ScalarFunction::DEFAULT
};
