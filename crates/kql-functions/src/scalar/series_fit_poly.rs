use super::prelude::*;
use crate::series::fit::polynomial;
use crate::series::{self, Tuple};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fit_poly",
    signatures: &["(y_series: array, x_series?: array, degree?: integer) -> dynamic"],
    summary: "The polynomial that fits a series best, in columns: share of the variance it explains, its coefficients from the highest power to the constant, variance, residual variance, and its values. The x of each element are 1, 2, ... when not given; the degree is 1 when not given. Elements that are no number take no part. Null when there are not more numbers than the degree, or the degree is negative.",
    examples: &[(
        "print (rsquare, coefficients)=series_fit_poly(dynamic([1,4,9,16]), dynamic([1,2,3,4]), 2) | project round(todouble(coefficients[0]), 6)",
        "1.0",
    )],
    tuple: &[
        ("series_fit_poly_{0}_rsquare", KqlType::Real),
        ("series_fit_poly_{0}_coefficients", KqlType::Dynamic),
        ("series_fit_poly_{0}_variance", KqlType::Real),
        ("series_fit_poly_{0}_rvariance", KqlType::Real),
        ("series_fit_poly_{0}_poly_fit", KqlType::Dynamic),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let x = args.opt(1).map(|arg| arg.strs());
    let degree = args.opt(2).map(|arg| arg.longs());
    Ok(series::per_series(args, |row, values| {
        let x = match &x {
            Some(x) => Some(series::reals(x.opt(row)?)?),
            None => None,
        };
        let degree = degree.as_ref().map_or(Some(1), |degree| degree.get(row))?;
        let found = polynomial(&values, x.as_deref(), usize::try_from(degree).ok()?)?;
        let tuple =
            Tuple::default().real(found.rsquare).reals(&found.coefficients).real(found.variance).real(found.rvariance);
        // A value whose x is missing has no place on the curve.
        Some(
            tuple
                .json(&series::JsonArray::of_reals(found.fit.iter().map(|y| Some(*y).filter(|y| !y.is_nan()))))
                .finish(),
        )
    }))
}
