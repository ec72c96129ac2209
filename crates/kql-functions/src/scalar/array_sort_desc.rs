use super::array_sort_asc::sort;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_sort_desc",
    signatures: &["(arrays+: array) -> dynamic", "(arrays+: array, nulls_last: constant bool) -> dynamic"],
    summary: "The first array in descending order, and the others in the order that brings the first into it: numbers \
              come before strings, strings before other elements, nulls last (first when `nulls_last` is false). An array \
              of another length than the first gives null.",
    examples: &[
        ("print array_sort_desc(dynamic([3, 1, 2]))", "[3,2,1]"),
        ("print array_sort_desc(dynamic([null, 'b', 'a']))", "[\"b\",\"a\",null]"),
    ],
    body: Body::Eval(|args| sort(args, true)),
    ..ScalarFunction::DEFAULT
};
