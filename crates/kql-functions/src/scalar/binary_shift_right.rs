use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_shift_right",
    signatures: &["(value: integer, shift: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "A value moved to the right, keeping its sign by a number of bits, taken modulo 64; null when that number is negative.",
    examples: &[("print binary_shift_right(-8, 1)", "-4")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (value, shift) = (args.long(0), args.long(1));
    Ok(args.longs(|row| {
        let shift = shift.get(row).filter(|shift| *shift >= 0)?;
        Some(value.get(row)?.wrapping_shr((shift % 64) as u32))
    }))
}
