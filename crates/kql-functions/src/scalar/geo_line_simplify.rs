use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_line_simplify",
    signatures: &["(lineString: bag, tolerance?: number) -> dynamic"],
    summary: "A line with fewer points; refused, as which points the result has depends on steps that the reference does not describe.",
    body: Body::Refused("`geo_line_simplify` is not supported yet"),
    ..ScalarFunction::DEFAULT
};
