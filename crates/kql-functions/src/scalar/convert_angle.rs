use super::prelude::*;
use crate::kernels::units::{self, Unit};
use std::f64::consts::PI;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_angle",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of angle. `Tilt` is the sine of the angle. Null when a unit is not known.",
    examples: &[("print convert_angle(1.2, 'Degree', 'Arcminute')", "72.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit but `Tilt`, by what it is in degrees.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::per("Arcminute", 60.0),
    Unit::per("Arcsecond", 3600.0),
    Unit::shifted("Centiradian", 180.0, PI * 1e2, 0.0),
    Unit::shifted("Deciradian", 180.0, PI * 1e1, 0.0),
    Unit::of("Degree", 1.0),
    Unit::of("Gradian", 0.9),
    Unit::per("Microdegree", 1e6),
    Unit::shifted("Microradian", 180.0, PI * 1e6, 0.0),
    Unit::per("Millidegree", 1e3),
    Unit::shifted("Milliradian", 180.0, PI * 1e3, 0.0),
    Unit::per("Nanodegree", 1e9),
    Unit::shifted("Nanoradian", 180.0, PI * 1e9, 0.0),
    Unit::shifted("NatoMil", 9.0, 160.0, 0.0),
    Unit::shifted("Radian", 180.0, PI, 0.0),
    Unit::of("Revolution", 360.0),
];

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    units::eval(args, convert_angle)
}

fn convert_angle(value: f64, from: &str, to: &str) -> Option<f64> {
    let is_tilt = |unit: &str| unit.eq_ignore_ascii_case("Tilt");
    let (value, from) = if is_tilt(from) { (value.asin(), "Radian") } else { (value, from) };
    if is_tilt(to) {
        return units::convert_unit(UNITS, value, from, "Radian").map(f64::sin);
    }
    units::convert_unit(UNITS, value, from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let cases = [
            (1.2, "Degree", "Arcminute", Some(72.0)),
            (180.0, "degree", "radian", Some(PI)),
            (30.0, "Degree", "Tilt", Some(0.5)),
            (0.5, "Tilt", "Degree", Some(30.0)),
            (0.25, "Revolution", "NatoMil", Some(1600.0)),
            (1.0, "Degree", "Smoot", None),
        ];
        for (value, from, to, result) in cases {
            let found = convert_angle(value, from, to);
            assert!(
                found.zip(result).is_some_and(|(x, y)| (x - y).abs() < 1e-9) || found.is_none() && result.is_none(),
                "{value} {from}: {found:?}"
            );
        }
    }
}
