use super::prelude::*;
use crate::kernels::units::{self, Unit};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "convert_volume",
    signatures: &["(value: real, from: string, to: string) -> real"],
    summary: "A value in another unit of volume. Null when a unit is not known.",
    examples: &[("print round(convert_volume(1.2, 'CubicMeter', 'AcreFoot'), 10)", "0.0009728568")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// Every unit, by what it is in cubic metres.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit::per("AcreFoot", 0.000_810_714),
    Unit::of("AuTablespoon", 2e-5),
    Unit::of("BoardFoot", 2.3597372158e-3),
    Unit::per("Centiliter", 1e5),
    Unit::per("CubicCentimeter", 1e6),
    Unit::per("CubicDecimeter", 1e3),
    Unit::of("CubicFoot", 2.8316846592e-2),
    Unit::of("CubicHectometer", 1e6),
    Unit::of("CubicInch", 1.6387e-5),
    Unit::of("CubicKilometer", 1e9),
    Unit::of("CubicMeter", 1.0),
    Unit::per("CubicMicrometer", 1e18),
    Unit::of("CubicMile", 4.16818182544058e9),
    Unit::per("CubicMillimeter", 1e9),
    Unit::of("CubicYard", 0.764554858),
    Unit::per("Decaliter", 1e2),
    Unit::of("DecausGallon", 0.0378541),
    Unit::per("Deciliter", 1e4),
    Unit::of("DeciusGallon", 0.000378541),
    Unit::of("HectocubicFoot", 2.8316846592),
    Unit::of("HectocubicMeter", 1e2),
    Unit::per("Hectoliter", 1e1),
    Unit::of("HectousGallon", 0.378541),
    Unit::of("ImperialBeerBarrel", 0.16365924),
    Unit::of("ImperialGallon", 0.004_546_090_000_001_814),
    Unit::of("ImperialOunce", 2.841_306_249_996_29e-5),
    Unit::of("ImperialPint", 5.6826125e-4),
    Unit::of("KilocubicFoot", 28.316846592),
    Unit::of("KilocubicMeter", 1e3),
    Unit::of("KiloimperialGallon", 4.546_090_000_001_814),
    Unit::of("Kiloliter", 1.0),
    Unit::of("KilousGallon", 3.78541),
    Unit::per("Liter", 1e3),
    Unit::of("MegacubicFoot", 28316.846592),
    Unit::of("MegaimperialGallon", 4_546.090_000_001_814),
    Unit::of("Megaliter", 1e3),
    Unit::of("MegausGallon", 3785.41),
    Unit::of("MetricCup", 0.00025),
    Unit::of("MetricTeaspoon", 0.5e-5),
    Unit::per("Microliter", 1e9),
    Unit::per("Milliliter", 1e6),
    Unit::of("OilBarrel", 0.158987294928),
    Unit::of("UkTablespoon", 1.5e-5),
    Unit::of("UsBeerBarrel", 0.1173477658),
    Unit::of("UsCustomaryCup", 0.0002365882365),
    Unit::of("UsGallon", 0.00378541),
    Unit::of("UsLegalCup", 0.00024),
    Unit::of("UsOunce", 2.957_352_956_253_760_4e-5),
    Unit::of("UsPint", 4.73176473e-4),
    Unit::of("UsQuart", 9.46352946e-4),
    Unit::of("UsTablespoon", 1.478676478125e-5),
    Unit::of("UsTeaspoon", 4.92892159375e-6),
];

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    units::eval(args, |value, from, to| units::convert_unit(UNITS, value, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let cases = [(1.2, "CubicMeter", "AcreFoot", 0.000_972_856_8), (1.0, "Hectoliter", "Liter", 100.0)];
        for (value, from, to, result) in cases {
            let args = [Value::Real(value), Value::String(from.to_string()), Value::String(to.to_string())];
            let found = crate::call("convert_volume", KqlType::Real, &args);
            assert!(
                matches!(found, Ok(Value::Real(x)) if (x - result).abs() <= 1e-9 * result.abs()),
                "{value} {from}: {found:?}"
            );
        }
        let args = [Value::Real(1.0), Value::String("Smoot".to_string()), Value::String("Smoot".to_string())];
        assert_eq!(crate::call("convert_volume", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
