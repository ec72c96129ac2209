use super::prelude::*;
use crate::kernels::units::{self, Unit};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_temperature",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of temperature. Null when a unit is not known.",
    examples: &[("print convert_temperature(1.2, 'Kelvin', 'DegreeCelsius')", "-271.95")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit, by what it is in kelvins.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::shifted("DegreeCelsius", 1.0, 1.0, 273.15),
    Unit::shifted("DegreeDelisle", -2.0, 3.0, 373.15),
    Unit::shifted("DegreeFahrenheit", 5.0, 9.0, 459.67 * 5.0 / 9.0),
    Unit::shifted("DegreeNewton", 100.0, 33.0, 273.15),
    Unit::shifted("DegreeRankine", 5.0, 9.0, 0.0),
    Unit::shifted("DegreeReaumur", 5.0, 4.0, 273.15),
    Unit::shifted("DegreeRoemer", 40.0, 21.0, 273.15 - 7.5 * 40.0 / 21.0),
    Unit::of("Kelvin", 1.0),
    Unit::shifted("MillidegreeCelsius", 1.0, 1e3, 273.15),
    Unit::of("SolarTemperature", 5778.0),
];

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    units::eval(args, |value, from, to| units::convert_unit(UNITS, value, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let cases = [
            (1.2, "Kelvin", "DegreeCelsius", -271.95),
            (212.0, "DegreeFahrenheit", "DegreeCelsius", 100.0),
            (0.0, "DegreeDelisle", "DegreeReaumur", 80.0),
        ];
        for (value, from, to, result) in cases {
            let args = [Value::Real(value), Value::String(from.to_string()), Value::String(to.to_string())];
            let found = crate::call("convert_temperature", KqlType::Real, &args);
            assert!(
                matches!(found, Ok(Value::Real(x)) if (x - result).abs() <= 1e-9 * result.abs()),
                "{value} {from}: {found:?}"
            );
        }
        let args = [Value::Real(1.0), Value::String("Smoot".to_string()), Value::String("Smoot".to_string())];
        assert_eq!(crate::call("convert_temperature", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
