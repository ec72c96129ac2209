use super::{Tuple, reals};
use crate::args::Args;
use arrow::array::ArrayRef;
use rustfft::num_complex::Complex;
use rustfft::{FftDirection, FftPlanner};

/// Transforms series of complex numbers, given as real parts and perhaps imaginary parts. The inverse transform is
/// divided by the length, so that it undoes the forward one.
pub fn transform(args: &Args, direction: FftDirection) -> ArrayRef {
    let (real, imaginary) = (args.str(0), args.opt(1).map(|arg| arg.strs()));
    let mut planner = FftPlanner::new();
    args.texts(|row| {
        let numbers = |text: Option<&str>| reals(text?)?.into_iter().collect::<Option<Vec<f64>>>();
        let real = numbers(real.opt(row))?;
        let imaginary = match &imaginary {
            Some(imaginary) => numbers(imaginary.opt(row)).filter(|imaginary| imaginary.len() == real.len())?,
            None => vec![0.0; real.len()],
        };
        let mut buffer: Vec<Complex<f64>> =
            real.iter().zip(&imaginary).map(|(re, im)| Complex::new(*re, *im)).collect();
        if !buffer.is_empty() {
            planner.plan_fft(buffer.len(), direction).process(&mut buffer);
        }
        let scale = if direction == FftDirection::Inverse { buffer.len().max(1) as f64 } else { 1.0 };
        let (real, imaginary): (Vec<f64>, Vec<f64>) =
            buffer.iter().map(|value| (value.re / scale, value.im / scale)).unzip();
        Some(Tuple::default().reals(&real).reals(&imaginary).finish())
    })
}
