use super::prelude::*;
use super::texts::{Texts, build_strings};

/// Each unit is 1024 of the one before.
const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

/// A real has no more meaningful digits.
const PRECISION_MAX: f64 = 15.0;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "format_bytes",
    signatures: &["(size: number, precision?: constant number, units?: constant string) -> string"],
    naming: Naming::FirstArgument,
    summary: "A number as a size of data, rounded to a number of decimal digits (none unless given), in the given unit or \
              the largest that it has one of: `Bytes`, `KB`, `MB`, `GB`, `TB`, `PB`, `EB`. Empty for null.",
    examples: &[
        ("print format_bytes(564)", "564 Bytes"),
        ("print format_bytes(10332, 1)", "10.1 KB"),
        ("print format_bytes(20010332)", "19 MB"),
        ("print format_bytes(20010332, 2)", "19.08 MB"),
        ("print format_bytes(20010332, 0, 'KB')", "19541 KB"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let size = args.real(0);
    let precision = args.opt(1).map(Arg::reals);
    let units = args.opt(2).map(Texts::from);
    build_strings(args, |row, out| {
        let Some(size) = size.get(row).filter(|size| size.is_finite()) else { return Ok(()) };
        let precision = precision.as_ref().and_then(|precision| precision.get(row)).unwrap_or(0.0);
        let unit = match units.as_ref().map(|units| units.get(row)).filter(|unit| !unit.is_empty()) {
            Some(name) => unit_named(&name)?,
            None => largest_unit(size),
        };
        let value = size / 1024f64.powi(unit as i32);
        let text = format!("{value:.digits$}", digits = precision.clamp(0.0, PRECISION_MAX) as usize);
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        out.push_str(text);
        out.push(' ');
        out.push_str(UNITS.get(unit).copied().unwrap_or_default());
        Ok(())
    })
}

fn largest_unit(size: f64) -> usize {
    (1..UNITS.len()).rev().find(|unit| size.abs() >= 1024f64.powi(*unit as i32)).unwrap_or(0)
}

fn unit_named(name: &str) -> Result<usize, EvalError> {
    let unit = UNITS.iter().position(|unit| unit.eq_ignore_ascii_case(name));
    unit.ok_or_else(|| EvalError::new(format!("`{name}` is no unit of data size; the units are {}", UNITS.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_digits() {
        let text = |text: &str| Value::String(text.into());
        let cases = [
            (vec![Value::Long(0)], "0 Bytes"),
            (vec![Value::Long(1023)], "1023 Bytes"),
            (vec![Value::Long(1024), Value::Long(2)], "1 KB"),
            (vec![Value::Long(-2048)], "-2 KB"),
            (vec![Value::Real(1.5), Value::Long(1)], "1.5 Bytes"),
            (vec![Value::Long(i64::MAX)], "8 EB"),
            (vec![Value::Long(1 << 30), Value::Long(0), text("mb")], "1024 MB"),
            (vec![Value::Null(KqlType::Long)], ""),
        ];
        for (args, expected) in cases {
            assert_eq!(crate::call("format_bytes", KqlType::String, &args), Ok(text(expected)), "{args:?}");
        }
        assert!(crate::call("format_bytes", KqlType::String, &[Value::Long(1), Value::Long(0), text("XB")]).is_err());
    }
}
