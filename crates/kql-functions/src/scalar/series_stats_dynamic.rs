use super::prelude::*;
use crate::series::stats::stats;
use crate::series::{self, Number, push_real};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_stats_dynamic",
    signatures: &["(series: array, ignore_nonfinite?: constant bool) -> dynamic"],
    summary: "Statistics of a series in a property bag: `min`, `min_idx`, `max`, `max_idx`, `avg`, `stdev`, `variance`, `sum` and `len`. An element that is no finite number makes all but `len` null, unless ignore_nonfinite.",
    examples: &[
        ("print tostring(series_stats_dynamic(dynamic([1,2,3])).stdev)", "1.0"),
        ("print series_stats_dynamic(dynamic([4,2])).min_idx", "1"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ignore = args.opt(1).map(|arg| arg.bools());
    Ok(series::per_series(args, |row, values| {
        let stats = stats(&values, ignore.as_ref().and_then(|bools| bools.get(row)).unwrap_or(false));
        let mut bag = String::from("{");
        let mut member = |name: &str, value: Option<Number>| {
            bag.push_str(&format!("\"{name}\":"));
            match value {
                Some(Number::Long(value)) => bag.push_str(&value.to_string()),
                Some(Number::Real(value)) => push_real(&mut bag, value),
                None => bag.push_str("null"),
            }
            bag.push(',');
        };
        member("min", stats.map(|stats| Number::Real(stats.min)));
        member("min_idx", stats.map(|stats| Number::Long(stats.min_idx as i64)));
        member("max", stats.map(|stats| Number::Real(stats.max)));
        member("max_idx", stats.map(|stats| Number::Long(stats.max_idx as i64)));
        member("avg", stats.map(|stats| Number::Real(stats.avg)));
        member("stdev", stats.map(|stats| Number::Real(stats.variance.sqrt())));
        member("variance", stats.map(|stats| Number::Real(stats.variance)));
        member("sum", stats.map(|stats| Number::Real(stats.sum)));
        bag.push_str(&format!("\"len\":{}}}", values.len()));
        Some(bag)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bag_of_the_reference() {
        let json = |text: &str| Dynamic::parse(text).unwrap_or(Dynamic::Null);
        let series = Value::Dynamic(json("[23,46,23,87,4,8,3,75,2,56,13,75,32,16,29]"));
        let Ok(Value::Dynamic(bag)) = crate::call("series_stats_dynamic", KqlType::Dynamic, &[series]) else {
            panic!("no bag")
        };
        let real = |name: &str| bag.member(name).and_then(Dynamic::as_real).unwrap_or(f64::NAN);
        assert_eq!(
            [real("min"), real("min_idx"), real("max"), real("max_idx"), real("avg"), real("sum"), real("len")],
            [2., 8., 87., 3., 32.8, 492., 15.]
        );
        assert!(
            (real("stdev") - 28.50363385354827).abs() < 1e-12 && (real("variance") - 812.4571428571429).abs() < 1e-10
        );
        let gap = Value::Dynamic(json("[1,null]"));
        let found = crate::call("series_stats_dynamic", KqlType::Dynamic, std::slice::from_ref(&gap));
        assert_eq!(found.map(|value| value.to_text()), Ok(r#"{"min":null,"min_idx":null,"max":null,"max_idx":null,"avg":null,"stdev":null,"variance":null,"sum":null,"len":2}"#.to_string()));
    }
}
