use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_buffer",
    signatures: &["(lineString: bag, radius: number, tolerance?: number) -> dynamic"],
    summary: "A polygon around a line; refused, as which points the result has depends on steps that the reference does not describe.",
    body: Body::Refused(
        "`geo_line_buffer` is not supported yet: compare `geo_distance_point_to_line` with the radius instead",
    ),
    ..ScalarFunction::DEFAULT
};
