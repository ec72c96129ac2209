use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_shift_left",
    signatures: &["(value: integer, shift: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "A value moved to the left by a number of bits, taken modulo 64; null when that number is negative.",
    examples: &[("print binary_shift_left(1, 2)", "4")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (value, shift) = (args.long(0), args.long(1));
    Ok(args.longs(|row| {
        let shift = shift.get(row).filter(|shift| *shift >= 0)?;
        Some(value.get(row)?.wrapping_shl((shift % 64) as u32))
    }))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn shifts_modulo_64() {
        let null = Value::Null(KqlType::Long);
        for (value, shift, left, right) in [
            (1, 2, Value::Long(4), Value::Long(0)),
            (1, 64, Value::Long(1), Value::Long(1)),
            (-8, 1, Value::Long(-16), Value::Long(-4)),
            (1, 63, Value::Long(i64::MIN), Value::Long(0)),
            (1, i64::MAX, Value::Long(i64::MIN), Value::Long(0)),
            (1, -1, null.clone(), null.clone()),
        ] {
            let args = [Value::Long(value), Value::Long(shift)];
            assert_eq!(crate::call("binary_shift_left", KqlType::Long, &args), Ok(left), "{value} {shift}");
            assert_eq!(crate::call("binary_shift_right", KqlType::Long, &args), Ok(right), "{value} {shift}");
        }
    }
}
