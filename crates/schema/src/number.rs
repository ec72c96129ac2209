//! Texts of real and decimal numbers, both ways.

use crate::DECIMAL_SCALE;
use arrow::datatypes::i256;

/// Returns a real's text as Kusto prints it: shortest that reads back the same, `1.0` for one, `NaN`, `Infinity`.
pub fn real_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_string();
    }
    if value.is_infinite() {
        return (if value > 0.0 { "Infinity" } else { "-Infinity" }).to_string();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-5..1e15).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}E{sign}{:02}", exponent.abs());
    }
    let text = format!("{value}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// Returns a real's text as `tostring()` gives it: like [`real_text`], but whole numbers keep no `.0`.
pub fn real_plain_text(value: f64) -> String {
    let text = real_text(value);
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

/// Reads a real: decimal or scientific notation, `NaN`, `inf`, `+inf`, `-inf`, `Infinity`; surrounding blanks are skipped.
pub fn parse_real(text: &str) -> Option<f64> {
    let text = text.trim();
    match text {
        "NaN" | "nan" => return Some(f64::NAN),
        "inf" | "+inf" | "Infinity" | "+Infinity" => return Some(f64::INFINITY),
        "-inf" | "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let first = text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) || text.ends_with(['f', 'F', 'n', 'N', 'y']) {
        return None;
    }
    text.parse().ok()
}

/// Reads a long: decimal digits with an optional sign, or hexadecimal after `0x`; surrounding blanks are skipped.
pub fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let value = u64::from_str_radix(hex, 16).ok()? as i64;
        return Some(if negative { value.wrapping_neg() } else { value });
    }
    if !digits.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    text.parse().ok()
}

/// Reads a decimal: digits with an optional point and exponent. Digits past the 38th after the point are cut off;
/// `None` when the text is not a number or needs more than 38 digits before the point.
pub fn parse_decimal(text: &str) -> Option<i256> {
    let text = text.trim();
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_print_as_kusto_prints_them() {
        let cases = [(1.0, "1.0"), (0.1, "0.1"), (1e300, "1E+300"), (1e-7, "1E-07"), (-2.5, "-2.5"), (f64::NAN, "NaN")];
        for (value, text) in cases {
            assert_eq!(real_text(value), text);
        }
    }

    #[test]
    fn decimals_read_and_print() {
        for (text, printed) in [("1.0", "1"), ("1e5", "100000"), ("-0.25", "-0.25"), ("12345678901234567890.5", "12345678901234567890.5"), ("1e-40", "0")] {
            assert_eq!(parse_decimal(text).map(decimal_text).as_deref(), Some(printed), "{text}");
        }
        assert_eq!(parse_decimal("1e39"), None);
        assert_eq!(parse_decimal("abc"), None);
    }
}
