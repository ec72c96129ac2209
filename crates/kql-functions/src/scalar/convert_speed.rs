use super::prelude::*;
use crate::kernels::units::{self, Unit};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_speed",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of speed. Null when a unit is not known.",
    examples: &[("print convert_speed(1.2, 'MeterPerSecond', 'CentimeterPerHour')", "432000.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit, by what it is in metres per second.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::shifted("CentimeterPerHour", 1.0, 360000.0, 0.0),
    Unit::shifted("CentimeterPerMinute", 1.0, 6000.0, 0.0),
    Unit::shifted("CentimeterPerSecond", 1.0, 100.0, 0.0),
    Unit::shifted("DecimeterPerMinute", 1.0, 60e1, 0.0),
    Unit::shifted("DecimeterPerSecond", 1.0, 1e1, 0.0),
    Unit::shifted("FootPerHour", 0.3048, 3600.0, 0.0),
    Unit::shifted("FootPerMinute", 0.3048, 60.0, 0.0),
    Unit::shifted("FootPerSecond", 0.3048, 1.0, 0.0),
    Unit::shifted("InchPerHour", 2.54e-2, 3600.0, 0.0),
    Unit::shifted("InchPerMinute", 2.54e-2, 60.0, 0.0),
    Unit::shifted("InchPerSecond", 2.54e-2, 1.0, 0.0),
    Unit::shifted("KilometerPerHour", 1e3, 3600.0, 0.0),
    Unit::shifted("KilometerPerMinute", 1e3, 60.0, 0.0),
    Unit::shifted("KilometerPerSecond", 1e3, 1.0, 0.0),
    Unit::of("Knot", 0.514444),
    Unit::shifted("MeterPerHour", 1.0, 3600.0, 0.0),
    Unit::shifted("MeterPerMinute", 1.0, 60.0, 0.0),
    Unit::shifted("MeterPerSecond", 1.0, 1.0, 0.0),
    Unit::shifted("MicrometerPerMinute", 1.0, 60e6, 0.0),
    Unit::shifted("MicrometerPerSecond", 1.0, 1e6, 0.0),
    Unit::of("MilePerHour", 0.44704),
    Unit::shifted("MillimeterPerHour", 1.0, 3600000.0, 0.0),
    Unit::shifted("MillimeterPerMinute", 1.0, 60000.0, 0.0),
    Unit::shifted("MillimeterPerSecond", 1.0, 1000.0, 0.0),
    Unit::shifted("NanometerPerMinute", 1.0, 60e9, 0.0),
    Unit::shifted("NanometerPerSecond", 1.0, 1e9, 0.0),
    Unit::shifted("UsSurveyFootPerHour", 1200.0, 3937.0 * 3600.0, 0.0),
    Unit::shifted("UsSurveyFootPerMinute", 1200.0, 3937.0 * 60.0, 0.0),
    Unit::shifted("UsSurveyFootPerSecond", 1200.0, 3937.0, 0.0),
    Unit::shifted("YardPerHour", 0.9144, 3600.0, 0.0),
    Unit::shifted("YardPerMinute", 0.9144, 60.0, 0.0),
    Unit::shifted("YardPerSecond", 0.9144, 1.0, 0.0),
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
            (1.2, "MeterPerSecond", "CentimeterPerHour", 432_000.0),
            (1.0, "KilometerPerHour", "MeterPerMinute", 16.666_666_666_666_668),
            (3937.0, "MeterPerSecond", "UsSurveyFootPerMinute", 3937.0 * 3937.0 / 1200.0 * 60.0),
        ];
        for (value, from, to, result) in cases {
            let args = [Value::Real(value), Value::String(from.to_string()), Value::String(to.to_string())];
            let found = crate::call("convert_speed", KqlType::Real, &args);
            assert!(
                matches!(found, Ok(Value::Real(x)) if (x - result).abs() <= 1e-9 * result.abs()),
                "{value} {from}: {found:?}"
            );
        }
        let args = [Value::Real(1.0), Value::String("Smoot".to_string()), Value::String("Smoot".to_string())];
        assert_eq!(crate::call("convert_speed", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
