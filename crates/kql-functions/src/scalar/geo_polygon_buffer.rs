use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_buffer",
    signatures: &["(polygon: bag, radius: number, tolerance?: number) -> dynamic"],
    summary: "A polygon around a polygon; refused, as which points the result has depends on steps that the reference does not describe.",
    body: Body::Refused(
        "`geo_polygon_buffer` is not supported yet: compare `geo_distance_point_to_polygon` with the radius instead",
    ),
    ..ScalarFunction::DEFAULT
};
