use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_simplify",
    signatures: &["(polygon: bag, tolerance?: number) -> dynamic"],
    summary: "A polygon with fewer points; refused, as which points the result has depends on steps that the reference does not describe.",
    body: Body::Refused("`geo_polygon_simplify` is not supported yet"),
    ..ScalarFunction::DEFAULT
};
