//! Real and decimal numbers: their texts, both ways, and the arithmetic of decimals.

use crate::{DECIMAL_SCALE, grisu};
use arrow::datatypes::i256;

/// Returns a real's text as `tostring()` gives it: short, reading back the same, `1.0` for one, `1e21` from there on and
/// `1e-7` below a millionth, `NaN`, `inf`, `-inf`.
///
/// # Source
/// Measured on Kusto's engine: `tostring(0.1 + 0.2)`, `tostring(-0.0)`, `tostring(real(+inf))`.
pub fn real_text(value: f64) -> String {
    let mut out = String::with_capacity(24);
    write_real(&mut out, value);
    out
}

/// Appends a real's text; see [`real_text`].
pub fn write_real(out: &mut String, value: f64) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    if value.is_infinite() {
        return out.push_str("inf");
    }
    if value == 0.0 {
        return out.push_str("0.0");
    }
    let digits = grisu::digits(value.abs());
    write_digits(out, digits.as_str(), digits.exponent);
}

/// Appends a number of these digits times ten to the exponent.
fn write_digits(out: &mut String, digits: &str, exponent: i32) {
    let zeros = |out: &mut String, n: i32| out.extend(std::iter::repeat_n('0', n.max(0) as usize));
    // The point stands so many digits from the left.
    let point = digits.len() as i32 + exponent;
    if exponent >= 0 && point <= 21 {
        out.push_str(digits);
        zeros(out, exponent);
        out.push_str(".0");
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(point as usize);
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else if -6 < point && point <= 0 {
        out.push_str("0.");
        zeros(out, -point);
        out.push_str(digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push_str(&format!("e{}", point - 1));
    }
}

/// Returns a real's text in results and inside JSON: in the form of [`real_text`], but of the shortest digits the ones
/// nearest to the value, and with `Infinity` and `-Infinity`.
pub fn real_output_text(value: f64) -> String {
    if value.is_infinite() {
        return (if value > 0.0 { "Infinity" } else { "-Infinity" }).to_string();
    }
    if value.is_nan() || value == 0.0 {
        return real_text(value);
    }
    let mut out = String::with_capacity(24);
    if value < 0.0 {
        out.push('-');
    }
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    let exponent = exponent.parse::<i32>().unwrap_or(0) + 1 - digits.len() as i32;
    write_digits(&mut out, &digits, exponent);
    out
}

/// Returns a real's text, but without the `.0` of a whole number.
pub fn real_plain_text(value: f64) -> String {
    let text = real_text(value);
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

/// Reads a real: decimal or scientific notation, `NaN`, `nan`, `inf`, `Inf`, `Infinity`, the last three with a sign;
/// surrounding blanks are skipped. A number too large gives an infinity.
pub fn parse_real(text: &str) -> Option<f64> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        "NaN" | "nan" => return Some(f64::NAN),
        "inf" | "Inf" | "Infinity" => {
            return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        _ => {}
    }
    let number = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !unsigned.bytes().all(number) {
        return None;
    }
    text.parse().ok()
}

/// Reads a long: decimal digits with an optional sign, or hexadecimal after `0x` without one (`0xFFFFFFFFFFFFFFFF` is
/// -1); surrounding blanks are skipped.
pub fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(|bits| bits as i64);
    }
    text.parse().ok()
}

/// Reads a decimal: digits with an optional point and exponent. Digits past the 38th after the point are cut off;
/// `None` when the text is not a number or needs more than 38 digits before the point.
pub fn parse_decimal(text: &str) -> Option<i256> {
    let text = text.trim();
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    // The point stands `point` digits from the left of `digits`.
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let keep = point.checked_add(i32::from(DECIMAL_SCALE))?;
    let trimmed = digits.trim_start_matches('0');
    if trimmed.is_empty() || keep <= 0 {
        return Some(i256::ZERO);
    }
    if keep > 76 + 4096 {
        return None;
    }
    let mut scaled = String::with_capacity(80);
    for i in 0..keep as usize {
        scaled.push(char::from(digits.as_bytes().get(i).copied().unwrap_or(b'0')));
    }
    let scaled = scaled.trim_start_matches('0');
    if scaled.len() > 76 {
        return None;
    }
    let value = if scaled.is_empty() { i256::ZERO } else { i256::from_string(scaled)? };
    Some(if negative { value.wrapping_neg() } else { value })
}

/// Returns a decimal's text without trailing zeros after the point.
pub fn decimal_text(value: i256) -> String {
    let negative = value < i256::ZERO;
    let digits = value.to_string();
    let digits = digits.strip_prefix('-').unwrap_or(&digits);
    let scale = DECIMAL_SCALE as usize;
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A decimal as it is held: scaled by 10^38.
pub type Scaled = i256;
/// One, as a decimal is held: scaled by 10^38.
pub const DECIMAL_ONE: i256 = i256::from_i128(10i128.pow(DECIMAL_SCALE as u32));
/// The first magnitude that a decimal cannot hold: 10^76 when scaled.
const DECIMAL_END: i256 = DECIMAL_ONE.wrapping_mul(DECIMAL_ONE);
/// Digits that a product or quotient keeps, as a 128-bit decimal does.
const SIGNIFICANT_DIGITS: u32 = 34;

fn in_range(value: i256) -> Option<i256> {
    (value < DECIMAL_END && value > DECIMAL_END.wrapping_neg()).then_some(value)
}

/// Rounds to the digits that a 128-bit decimal has, half away from zero.
fn significant(value: i256) -> i256 {
    let Some(excess) = value.wrapping_abs().checked_ilog10().and_then(|log| (log + 1).checked_sub(SIGNIFICANT_DIGITS))
    else {
        return value;
    };
    let unit = i256::from_i128(10).wrapping_pow(excess);
    let (quotient, rest) = (value.wrapping_div(unit), value.wrapping_rem(unit));
    let up = rest.wrapping_abs().wrapping_mul(i256::from_i128(2)) >= unit;
    let step = if up { value.signum() } else { i256::ZERO };
    quotient.wrapping_add(step).wrapping_mul(unit)
}

/// Returns a decimal's sum, or `None` when it has no room.
pub fn decimal_add(a: i256, b: i256) -> Option<i256> {
    a.checked_add(b).and_then(in_range)
}

/// Returns a decimal's difference, or `None` when it has no room.
pub fn decimal_sub(a: i256, b: i256) -> Option<i256> {
    a.checked_sub(b).and_then(in_range)
}

/// Returns a decimal's product rounded to 34 digits, or `None` when it has no room.
pub fn decimal_mul(a: i256, b: i256) -> Option<i256> {
    // (a1 + a0) * (b1 + b0), whole parts and fractions apart, so that nothing needs more than 256 bits.
    let (a1, a0) = (a.wrapping_div(DECIMAL_ONE), a.wrapping_rem(DECIMAL_ONE));
    let (b1, b0) = (b.wrapping_div(DECIMAL_ONE), b.wrapping_rem(DECIMAL_ONE));
    let whole = a1.checked_mul(b1)?.checked_mul(DECIMAL_ONE)?;
    let mixed = a1.checked_mul(b0)?.checked_add(a0.checked_mul(b1)?)?;
    let fraction = a0.wrapping_mul(b0).wrapping_div(DECIMAL_ONE);
    in_range(significant(whole.checked_add(mixed)?.checked_add(fraction)?))
}

/// Returns a decimal's quotient rounded to 34 digits, or `None` when it has no room or the divisor is zero.
pub fn decimal_div(a: i256, b: i256) -> Option<i256> {
    if b == i256::ZERO {
        return None;
    }
    let ten = i256::from_i128(10);
    let (mut quotient, mut rest) = (a.wrapping_div(b), a.wrapping_rem(b));
    let mut divisor = b;
    for _ in 0..DECIMAL_SCALE {
        let scaled = rest.checked_mul(ten);
        if scaled.is_none() {
            // A divisor of 10^37 and more: its last digit is past what the quotient can show.
            divisor = divisor.wrapping_div(ten);
        }
        let scaled = scaled.unwrap_or(rest);
        quotient = quotient.checked_mul(ten)?.checked_add(scaled.wrapping_div(divisor))?;
        rest = scaled.wrapping_rem(divisor);
    }
    in_range(significant(quotient))
}

/// Returns the remainder that is not negative and smaller than the divisor; `None` when the divisor is zero.
///
/// # Source
/// Kusto reference, "Numerical operators", on the modulo operator.
pub fn decimal_rem(a: i256, b: i256) -> Option<i256> {
    let rest = a.checked_rem(b)?;
    if rest < i256::ZERO { Some(rest.wrapping_add(b.wrapping_abs())) } else { Some(rest) }
}

/// Returns the greatest multiple of `size` that is not above the value; `None` when `size` is not positive.
pub fn decimal_bin(value: i256, size: i256) -> Option<i256> {
    if size <= i256::ZERO {
        return None;
    }
    in_range(value.checked_sub(decimal_rem(value, size)?)?)
}

/// Returns a long as a decimal.
pub fn decimal_from_long(value: i64) -> i256 {
    i256::from_i128(i128::from(value)).wrapping_mul(DECIMAL_ONE)
}

/// Returns the decimal that a real's shortest text stands for; `None` for NaN, the infinities and what has no room.
pub fn decimal_from_real(value: f64) -> Option<i256> {
    if value.is_finite() { parse_decimal(&format!("{value:e}")) } else { None }
}

/// Returns a decimal's whole part, or `None` when a long has no room for it.
pub fn decimal_to_long(value: i256) -> Option<i64> {
    i64::try_from(value.wrapping_div(DECIMAL_ONE).to_i128()?).ok()
}

/// Returns the real nearest to a decimal.
pub fn decimal_to_real(value: i256) -> f64 {
    decimal_text(value).parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_print_as_kusto_prints_them() {
        let cases = [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1 + 0.2, "0.30000000000000007"),
            (1.0 / 3.0, "0.3333333333333333"),
            (100_000_000_000.0, "100000000000.0"),
            (1e20, "100000000000000000000.0"),
            (1e21, "1e21"),
            (1.5e300, "1.5e300"),
            (0.000_001, "0.000001"),
            (1.25e-7, "1.25e-7"),
            (-2.5, "-2.5"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in cases {
            assert_eq!(real_text(value), text);
        }
        assert_eq!(real_output_text(f64::NEG_INFINITY), "-Infinity");
        for (value, text) in [
            (0.1 + 0.2, "0.30000000000000004"),
            (-0.5, "-0.5"),
            (1e21, "1e21"),
            (-1e20, "-100000000000000000000.0"),
            (1.25e-7, "1.25e-7"),
            (0.0, "0.0"),
            (3.0, "3.0"),
        ] {
            assert_eq!(real_output_text(value), text);
        }
    }

    #[test]
    fn reals_read_as_kusto_reads_them() {
        let cases = [
            ("1.5e3", Some(1500.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("+.5", Some(0.5)),
            ("  3.25  ", Some(3.25)),
            ("1e400", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("INF", None),
            ("1f", None),
            ("0x1F", None),
            ("1_000", None),
            ("1,000", None),
            ("", None),
            (".", None),
            ("infinity", None),
        ];
        for (text, value) in cases {
            assert_eq!(parse_real(text), value, "{text}");
        }
        assert!(parse_real(" NaN ").is_some_and(f64::is_nan));
    }

    #[test]
    fn longs_read_as_kusto_reads_them() {
        let cases = [
            ("+7", Some(7)),
            ("\t456\t", Some(456)),
            ("007", Some(7)),
            ("-0", Some(0)),
            ("0X1f", Some(31)),
            ("0xFFFFFFFFFFFFFFFF", Some(-1)),
            ("-0x10", None),
            ("0xG", None),
            ("0b101", None),
            ("1.0", None),
            ("9223372036854775808", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("", None),
            ("é", None),
        ];
        for (text, value) in cases {
            assert_eq!(parse_long(text), value, "{text}");
        }
    }

    #[test]
    fn decimals_read_and_print() {
        let cases = [
            ("1.0", "1"),
            ("1e5", "100000"),
            ("-0.25", "-0.25"),
            ("12345678901234567890.5", "12345678901234567890.5"),
            ("1e-40", "0"),
        ];
        for (text, printed) in cases {
            assert_eq!(parse_decimal(text).map(decimal_text).as_deref(), Some(printed), "{text}");
        }
        for text in ["1e39", "abc", "", "-", "é", "1e999999999999"] {
            assert_eq!(parse_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_calculate() {
        type Operation = fn(i256, i256) -> Option<i256>;
        let cases: [(Operation, &str, &str, Option<&str>); 17] = [
            (decimal_add, "0.1", "0.2", Some("0.3")),
            (decimal_add, "9e37", "9e37", None),
            (decimal_sub, "1", "1.5", Some("-0.5")),
            (decimal_mul, "1.5", "-2.5", Some("-3.75")),
            (decimal_mul, "2147483648", "2", Some("4294967296")),
            (decimal_mul, "0.00000000000000000001", "0.00000000000000000001", Some("0")),
            (decimal_mul, "1e20", "1e20", None),
            (decimal_div, "1", "3", Some("0.3333333333333333333333333333333333")),
            (decimal_div, "2", "-3", Some("-0.6666666666666666666666666666666667")),
            (decimal_div, "1e37", "9e37", Some("0.1111111111111111111111111111111111")),
            (decimal_div, "5", "0", None),
            (decimal_div, "1e37", "0.01", None),
            (decimal_rem, "10", "3", Some("1")),
            (decimal_rem, "-7.5", "2", Some("0.5")),
            (decimal_rem, "7", "0", None),
            (decimal_bin, "-7.5", "2", Some("-8")),
            (decimal_bin, "7.5", "-2", None),
        ];
        for (operation, a, b, result) in cases {
            let (Some(x), Some(y)) = (parse_decimal(a), parse_decimal(b)) else { panic!("{a} {b}") };
            assert_eq!(operation(x, y).map(decimal_text).as_deref(), result, "{a} {b}");
        }
        assert_eq!(decimal_from_real(0.1).map(decimal_text).as_deref(), Some("0.1"));
        assert_eq!(parse_decimal("-9.99").and_then(decimal_to_long), Some(-9));
        assert_eq!(decimal_to_real(decimal_from_long(-5)), -5.0);
    }
}
