use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_dot_product",
    signatures: &[
        "(series1: array, series2: array) -> real",
        "(series1: array, series2: number) -> real",
        "(series1: number, series2: array) -> real",
    ],
    summary: "The sum of the products of the elements of two series. One of the two may be a number, which then stands for every element. The longer series is cut to the length of the shorter, and elements that are no number are left out; null when an argument is no array.",
    examples: &[
        ("print series_dot_product(dynamic([1,2,4]), dynamic([4,2,1]))", "12.0"),
        ("print series_dot_product(dynamic([2,4,8]), 2)", "28.0"),
    ],
    body: Body::Eval(|args| Ok(series::reduce_pairs(args, |_, pairs| Some(pairs.map(|(a, b)| a * b).sum())))),
    ..ScalarFunction::DEFAULT
};
