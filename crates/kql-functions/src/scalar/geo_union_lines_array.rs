use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_union_lines_array",
    signatures: &["(lineStrings: array) -> dynamic"],
    summary: "The union of lines; refused, as which points the result has depends on steps that the reference does not describe.",
    body: Body::Refused(
        "`geo_union_lines_array` is not supported yet: `geo_line_length` and `geo_line_centroid` take multilines",
    ),
    ..ScalarFunction::DEFAULT
};
