use super::prelude::*;
use crate::series;
use rustfft::FftDirection;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fft",
    signatures: &["(series: array, series_imaginary?: array) -> dynamic"],
    summary: "The discrete Fourier transform of a series of complex numbers, in two columns: real parts and imaginary parts. The imaginary parts of the series are 0 when not given. Null when an element is no number or the two differ in length.",
    examples: &[("print (re, im) = series_fft(dynamic([1,2,3,4]))", "[10.0,-2.0,-2.0,-2.0]")],
    tuple: &[("series_fft_{0}_real", KqlType::Dynamic), ("series_fft_{0}_imag", KqlType::Dynamic)],
    body: Body::Eval(|args| Ok(series::transform(args, FftDirection::Forward))),
    ..ScalarFunction::DEFAULT
};
