use super::prelude::*;
use crate::series::stats::stats;
use crate::series::{self, Tuple};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_stats",
    signatures: &["(series: array, ignore_nonfinite?: constant bool) -> dynamic"],
    summary: "Statistics of a series in columns: minimum and maximum with the index where each first occurs, average, and the standard deviation and variance of a sample. An element that is no finite number makes all of them null, unless ignore_nonfinite.",
    examples: &[("print x=dynamic([23,46,23,87,4]) | project series_stats(x)", "4.0")],
    tuple: &[
        ("series_stats_{0}_min", KqlType::Real),
        ("series_stats_{0}_min_idx", KqlType::Long),
        ("series_stats_{0}_max", KqlType::Real),
        ("series_stats_{0}_max_idx", KqlType::Long),
        ("series_stats_{0}_avg", KqlType::Real),
        ("series_stats_{0}_stdev", KqlType::Real),
        ("series_stats_{0}_variance", KqlType::Real),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ignore = args.opt(1).map(|arg| arg.bools());
    Ok(series::per_series(args, |row, values| {
        let stats = stats(&values, ignore.as_ref().and_then(|bools| bools.get(row)).unwrap_or(false))?;
        let ends =
            Tuple::default().real(stats.min).long(stats.min_idx as i64).real(stats.max).long(stats.max_idx as i64);
        Some(ends.real(stats.avg).real(stats.variance.sqrt()).real(stats.variance).finish())
    }))
}
