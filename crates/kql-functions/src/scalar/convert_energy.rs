use super::prelude::*;
use crate::kernels::units::{self, Unit};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_energy",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of energy. Null when a unit is not known.",
    examples: &[("print round(convert_energy(1.2, 'Joule', 'BritishThermalUnit'), 9)", "0.001137381")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit, by what it is in joules.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::of("BritishThermalUnit", 1055.05585262),
    Unit::of("Calorie", 4.184),
    Unit::of("DecathermEc", 1.05505585262e9),
    Unit::of("DecathermImperial", 1.05505585257348e9),
    Unit::of("DecathermUs", 1.054804e9),
    Unit::of("ElectronVolt", 1.602176565e-19),
    Unit::per("Erg", 1e7),
    Unit::of("FootPound", 1.355817948),
    Unit::of("GigabritishThermalUnit", 1055.05585262e9),
    Unit::of("GigaelectronVolt", 1.602176565e-10),
    Unit::of("Gigajoule", 1e9),
    Unit::of("GigawattDay", 86_400e9),
    Unit::of("GigawattHour", 3600e9),
    Unit::of("HorsepowerHour", 2.6845195377e6),
    Unit::of("Joule", 1.0),
    Unit::of("KilobritishThermalUnit", 1055.05585262e3),
    Unit::of("Kilocalorie", 4184.0),
    Unit::of("KiloelectronVolt", 1.602176565e-16),
    Unit::of("Kilojoule", 1e3),
    Unit::of("KilowattDay", 86_400e3),
    Unit::of("KilowattHour", 3600e3),
    Unit::of("MegabritishThermalUnit", 1055.05585262e6),
    Unit::of("Megacalorie", 4.184e6),
    Unit::of("MegaelectronVolt", 1.602176565e-13),
    Unit::of("Megajoule", 1e6),
    Unit::of("MegawattDay", 86_400e6),
    Unit::of("MegawattHour", 3600e6),
    Unit::per("Millijoule", 1e3),
    Unit::of("TeraelectronVolt", 1.602176565e-7),
    Unit::of("TerawattDay", 86_400e12),
    Unit::of("TerawattHour", 3600e12),
    Unit::of("ThermEc", 1.05505585262e8),
    Unit::of("ThermImperial", 1.05505585257348e8),
    Unit::of("ThermUs", 1.054804e8),
    Unit::of("WattDay", 86_400.0),
    Unit::of("WattHour", 3600.0),
];

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    units::eval(args, |value, from, to| units::convert_unit(UNITS, value, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let cases =
            [(1.2, "Joule", "BritishThermalUnit", 0.00113738054437598), (1.0, "KilowattHour", "Megajoule", 3.6)];
        for (value, from, to, result) in cases {
            let args = [Value::Real(value), Value::String(from.to_string()), Value::String(to.to_string())];
            let found = crate::call("convert_energy", KqlType::Real, &args);
            assert!(
                matches!(found, Ok(Value::Real(x)) if (x - result).abs() <= 1e-9 * result.abs()),
                "{value} {from}: {found:?}"
            );
        }
        let args = [Value::Real(1.0), Value::String("Smoot".to_string()), Value::String("Smoot".to_string())];
        assert_eq!(crate::call("convert_energy", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
