use super::dynamics::{self, ELEMENTS_MAX};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "repeat",
    signatures: &["(value: scalar, count: long) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("repeat"),
    summary: "An array that holds a value a number of times; null when the count is negative or null.",
    examples: &[("print repeat(1, 3)", "[1,1,1]"), ("print repeat('a', 0)", "[]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (value, counts) = (&args.args[0], args.long(1));
    let most = (0..args.rows).filter_map(|row| counts.get(row)).max().unwrap_or(0);
    if usize::try_from(most).is_ok_and(|most| most > ELEMENTS_MAX) {
        return Err(EvalError::new(format!("`repeat()` makes arrays of at most {ELEMENTS_MAX} elements, not {most}")));
    }
    Ok(args.written(|row, out| {
        let Some(count) = counts.get(row).and_then(|count| usize::try_from(count).ok()) else { return false };
        let json = dynamics::json(value, row);
        dynamics::write_array(out, std::iter::repeat_n(json.as_ref(), count));
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{json_of, s};
    use schema::{KqlType, Value};

    #[test]
    fn repeats_values() {
        for (value, count, expected) in [
            (Value::Long(1), Value::Long(3), "[1,1,1]"),
            (s("asd"), Value::Long(2), r#"["asd","asd"]"#),
            (Value::Timespan(864_000_000_000), Value::Long(1), r#"["1.00:00:00"]"#),
            (Value::Bool(true), Value::Int(1), "[true]"),
            (Value::Long(1), Value::Long(0), "[]"),
            (Value::Long(1), Value::Long(-3), "null"),
            (Value::Long(1), Value::Null(KqlType::Long), "null"),
            (Value::Null(KqlType::Int), Value::Long(1), "[null]"),
        ] {
            assert_eq!(json_of("repeat", &[value, count]), expected);
        }
        let error = crate::call("repeat", KqlType::Dynamic, &[Value::Long(1), Value::Long(i64::MAX)]);
        assert!(error.is_err_and(|e| e.to_string().contains("at most 1048576")));
    }
}
