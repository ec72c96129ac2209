use super::prelude::*;
use crate::series;
use rustfft::FftDirection;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_ifft",
    signatures: &["(series: array, series_imaginary?: array) -> dynamic"],
    summary: "The series of complex numbers whose discrete Fourier transform is given, in two columns: real parts and imaginary parts. The imaginary parts of the transform are 0 when not given. Null when an element is no number or the two differ in length.",
    examples: &[("print (re, im) = series_ifft(dynamic([10,-2,-2,-2]), dynamic([0,2,0,-2]))", "[1.0,2.0,3.0,4.0]")],
    tuple: &[("series_ifft_{0}_real", KqlType::Dynamic), ("series_ifft_{0}_imag", KqlType::Dynamic)],
    body: Body::Eval(|args| Ok(series::transform(args, FftDirection::Inverse))),
    ..ScalarFunction::DEFAULT
};
