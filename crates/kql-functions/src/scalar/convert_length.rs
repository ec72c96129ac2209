use super::prelude::*;
use crate::kernels::units::{self, Unit};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_length",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of length. Null when a unit is not known.",
    examples: &[("print round(convert_length(1.2, 'Meter', 'Foot'), 6)", "3.937008")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit, by what it is in metres.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::per("Angstrom", 1e10),
    Unit::of("AstronomicalUnit", 1.4959787070e11),
    Unit::per("Centimeter", 1e2),
    Unit::of("Chain", 20.1168),
    Unit::of("DataMile", 1828.8),
    Unit::of("Decameter", 1e1),
    Unit::per("Decimeter", 1e1),
    Unit::per("DtpPica", 236.220472441),
    Unit::shifted("DtpPoint", 2.54e-2, 72.0, 0.0),
    Unit::of("Fathom", 1.8288),
    Unit::of("Foot", 0.3048),
    Unit::of("Hand", 1.016e-1),
    Unit::of("Hectometer", 1e2),
    Unit::of("Inch", 2.54e-2),
    Unit::of("KilolightYear", 9.46073047258e18),
    Unit::of("Kilometer", 1e3),
    Unit::of("Kiloparsec", 3.08567758128e19),
    Unit::of("LightYear", 9.46073047258e15),
    Unit::of("MegalightYear", 9.46073047258e21),
    Unit::of("Megaparsec", 3.08567758128e22),
    Unit::of("Meter", 1.0),
    Unit::of("Microinch", 2.54e-8),
    Unit::per("Micrometer", 1e6),
    Unit::of("Mil", 2.54e-5),
    Unit::of("Mile", 1609.344),
    Unit::per("Millimeter", 1e3),
    Unit::per("Nanometer", 1e9),
    Unit::of("NauticalMile", 1852.0),
    Unit::of("Parsec", 3.08567758128e16),
    Unit::per("PrinterPica", 237.106301584),
    Unit::shifted("PrinterPoint", 2.54e-2, 72.27, 0.0),
    Unit::of("Shackle", 27.432),
    Unit::of("SolarRadius", 6.955_1e8),
    Unit::per("Twip", 56_692.913_385_826),
    Unit::shifted("UsSurveyFoot", 1200.0, 3937.0, 0.0),
    Unit::of("Yard", 0.9144),
];

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    units::eval(args, |value, from, to| units::convert_unit(UNITS, value, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let cases = [(1.2, "Meter", "Foot", 3.93700787401575), (1.0, "mile", "Yard", 1760.0)];
        for (value, from, to, result) in cases {
            let args = [Value::Real(value), Value::String(from.to_string()), Value::String(to.to_string())];
            let found = crate::call("convert_length", KqlType::Real, &args);
            assert!(
                matches!(found, Ok(Value::Real(x)) if (x - result).abs() <= 1e-9 * result.abs()),
                "{value} {from}: {found:?}"
            );
        }
        let args = [Value::Real(1.0), Value::String("Smoot".to_string()), Value::String("Smoot".to_string())];
        assert_eq!(crate::call("convert_length", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
