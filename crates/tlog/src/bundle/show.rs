//! Values as JSON, exactly as the verifier in Python prints them.

use crate::record::Cell;

/// Appends a JSON string.
pub(super) fn json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // A terminal could take these as commands.
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends a value: numbers and truth values as such, all others as strings.
pub(super) fn json_cell(cell: &Cell<'_>, out: &mut String) {
    match cell {
        Cell::Absent => out.push_str("null"),
        Cell::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Cell::Int(value) => out.push_str(&value.to_string()),
        Cell::Long(value) => out.push_str(&value.to_string()),
        Cell::Real(value) if value.is_finite() => out.push_str(&real_text(*value)),
        Cell::Real(value) if value.is_nan() => json_string("NaN", out),
        Cell::Real(value) => json_string(if *value > 0.0 { "Infinity" } else { "-Infinity" }, out),
        Cell::Decimal(bytes) => json_string(&decimal_text(bytes), out),
        Cell::String(text) | Cell::Dynamic(text) => json_string(text, out),
        Cell::Datetime(ticks) => match crate::ticks_text(*ticks) {
            Some(text) => json_string(&text, out),
            None => json_string(&format!("{ticks} ticks"), out),
        },
        Cell::Timespan(ticks) => json_string(&timespan_text(*ticks), out),
        Cell::Guid(_) => json_string(&crate::record::cell_text(cell), out),
    }
}

/// Returns the shortest digits that give the number back, with an exponent below 10^-4 and from 10^16 on.
fn real_text(value: f64) -> String {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let text = value.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// Digits after the point of a decimal.
const SCALE: usize = 38;

fn decimal_text(bytes: &[u8; 32]) -> String {
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude = *bytes;
    if is_negative {
        // Two's complement: invert and add one.
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            let (sum, overflows) = (!*byte).overflowing_add(u8::from(carry));
            *byte = sum;
            carry = overflows;
        }
    }
    let mut digits = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) || digits.len() <= SCALE {
        let mut rest = 0u16;
        for byte in &mut magnitude {
            let value = rest << 8 | u16::from(*byte);
            *byte = (value / 10) as u8;
            rest = value % 10;
        }
        digits.push(char::from(b'0' + rest as u8));
    }
    let whole: String = digits.iter().skip(SCALE).rev().collect();
    let fraction: String = digits.iter().take(SCALE).rev().collect();
    let fraction = fraction.trim_end_matches('0');
    let sign = if is_negative { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn timespan_text(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let ticks = ticks.unsigned_abs();
    let (seconds, fraction) = (ticks / 10_000_000, ticks % 10_000_000);
    let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{sign}{days}.{hours:02}:{minutes:02}:{seconds:02}.{fraction:07}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_python() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.5, "1.5"),
            (100.0, "100.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(real_text(value), text);
        }
    }

    #[test]
    fn decimals_have_their_point() {
        let decimal = |value: i128| {
            let mut bytes = [if value < 0 { 0xff } else { 0 }; 32];
            bytes[16..].copy_from_slice(&value.to_be_bytes());
            decimal_text(&bytes)
        };
        assert_eq!(decimal(0), "0");
        assert_eq!(decimal(10i128.pow(38)), "1");
        assert_eq!(decimal(-15 * 10i128.pow(36)), "-0.15");
        assert_eq!(decimal(1), "0.00000000000000000000000000000000000001");
        let mut least = [0; 32];
        least[0] = 0x80;
        assert!(decimal_text(&least).starts_with("-578960446186580977117854925043439539266.3499233282028"));
    }

    #[test]
    fn timespans_have_days() {
        assert_eq!(timespan_text(0), "0.00:00:00.0000000");
        assert_eq!(timespan_text(-(86_400 + 3_661) * 10_000_000 - 5), "-1.01:01:01.0000005");
        assert_eq!(timespan_text(i64::MIN), "-10675199.02:48:05.4775808");
    }
}
