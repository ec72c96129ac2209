use super::prelude::*;
use crate::kernels::units::{self, Unit};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_mass",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of mass. Null when a unit is not known.",
    examples: &[("print round(convert_mass(1.2, 'Kilogram', 'Pound'), 6)", "2.645547")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit, by what it is in kilograms.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::per("Centigram", 1e5),
    Unit::per("Decagram", 1e2),
    Unit::per("Decigram", 1e4),
    Unit::of("EarthMass", 5.9722e24),
    Unit::per("Grain", 15_432.358352941431),
    Unit::per("Gram", 1e3),
    Unit::per("Hectogram", 1e1),
    Unit::of("Kilogram", 1.0),
    Unit::of("Kilopound", 453.59237),
    Unit::of("Kilotonne", 1e6),
    Unit::per("LongHundredweight", 0.019_684_130_552_221_21),
    Unit::of("LongTon", 1.0160469088e3),
    Unit::of("Megapound", 0.45359237e6),
    Unit::of("Megatonne", 1e9),
    Unit::per("Microgram", 1e9),
    Unit::per("Milligram", 1e6),
    Unit::per("Nanogram", 1e12),
    Unit::of("Ounce", 0.028349523125),
    Unit::of("Pound", 0.45359237),
    Unit::per("ShortHundredweight", 0.022_046_226_218_487_758),
    Unit::of("ShortTon", 9.0718474e2),
    Unit::per("Slug", 6.852_176_556_196_105e-2),
    Unit::of("SolarMass", 1.98947e30),
    Unit::per("Stone", 0.157_473_172_870_269_8),
    Unit::of("Tonne", 1e3),
];

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    units::eval(args, |value, from, to| units::convert_unit(UNITS, value, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let cases = [(1.2, "Kilogram", "Pound", 2.64554714621853), (1.0, "tonne", "Hectogram", 10_000.0)];
        for (value, from, to, result) in cases {
            let args = [Value::Real(value), Value::String(from.to_string()), Value::String(to.to_string())];
            let found = crate::call("convert_mass", KqlType::Real, &args);
            assert!(
                matches!(found, Ok(Value::Real(x)) if (x - result).abs() <= 1e-9 * result.abs()),
                "{value} {from}: {found:?}"
            );
        }
        let args = [Value::Real(1.0), Value::String("Smoot".to_string()), Value::String("Smoot".to_string())];
        assert_eq!(crate::call("convert_mass", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
