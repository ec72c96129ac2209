use super::prelude::*;
use crate::kernels::units::{self, Unit};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_force",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of force. Null when a unit is not known.",
    examples: &[("print convert_force(1.2, 'Newton', 'Decanewton')", "0.12")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit, by what it is in newtons.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::of("Decanewton", 1e1),
    Unit::per("Dyn", 1e5),
    Unit::of("KilogramForce", 9.80665),
    Unit::of("Kilonewton", 1e3),
    Unit::of("Kilopond", 9.80665),
    Unit::of("KilopoundForce", 4.4482216152605e3),
    Unit::of("Meganewton", 1e6),
    Unit::per("Micronewton", 1e6),
    Unit::per("Millinewton", 1e3),
    Unit::of("Newton", 1.0),
    Unit::of("OunceForce", 4.4482216152605 / 16.0),
    Unit::of("Poundal", 0.138254954376),
    Unit::of("PoundForce", 4.4482216152605),
    Unit::of("ShortTonForce", 4.4482216152605 * 2000.0),
    Unit::of("TonneForce", 9.80665e3),
];

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    units::eval(args, |value, from, to| units::convert_unit(UNITS, value, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let cases = [(1.2, "Newton", "Decanewton", 0.12), (1.0, "KiloPond", "newton", 9.80665)];
        for (value, from, to, result) in cases {
            let args = [Value::Real(value), Value::String(from.to_string()), Value::String(to.to_string())];
            let found = crate::call("convert_force", KqlType::Real, &args);
            assert!(
                matches!(found, Ok(Value::Real(x)) if (x - result).abs() <= 1e-9 * result.abs()),
                "{value} {from}: {found:?}"
            );
        }
        let args = [Value::Real(1.0), Value::String("Smoot".to_string()), Value::String("Smoot".to_string())];
        assert_eq!(crate::call("convert_force", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
