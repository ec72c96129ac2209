//! Times as logs write them, besides those that a datetime may be written in anyway.

use schema::ticks::{self, Civil, DAY, MILLISECOND, SECOND, UNIX_EPOCH};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a month's first three letters.
pub(crate) fn month(text: &str) -> Option<u32> {
    let lower = text.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == lower).and_then(|n| u32::try_from(n + 1).ok())
}

/// Reads `hh:mm:ss[.fff]` as ticks since midnight.
pub(crate) fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = second.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    if parts.next().is_some() || !is_plain || second.len() > 20 {
        return None;
    }
    let number =
        |text: &str| (text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?;
    let second: f64 = second.replace(',', ".").parse().ok().filter(|second| (0.0..61.0).contains(second))?;
    // A leap second counts as the one before.
    ticks::time_of_day(number(hour)?, number(minute)?, if second >= 60.0 { 59.0 } else { second })
}

/// Returns the latest instant of a date without a year that is not later than a day after `now`.
pub(crate) fn without_year(month: u32, day: u32, time_of_day: i64, now: i64) -> Option<i64> {
    let Civil { year, .. } = ticks::civil(now);
    // A leap day may lie some years back.
    (0..9)
        .filter_map(|back| ticks::from_civil(year + 1 - back, month, day, time_of_day))
        .find(|at| *at <= now.saturating_add(DAY))
}

/// Reads seconds, or milliseconds, microseconds or nanoseconds, since 1970: which, the size says.
pub(crate) fn epoch(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let value: i64 = whole.parse().ok()?;
    let scale = match value.unsigned_abs() {
        0..=99_999_999_999 => SECOND,
        100_000_000_000..=99_999_999_999_999 => MILLISECOND,
        100_000_000_000_000..=99_999_999_999_999_999 => 10,
        _ => return ticks::in_range(ticks::from_unix_nanos(value)),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
    let instant =
        value.checked_mul(scale)?.checked_add((part * scale as f64).round() as i64)?.checked_add(UNIX_EPOCH)?;
    ticks::in_range(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let text = |instant: Option<i64>| instant.map(ticks::datetime_text).unwrap_or_default();
        let now = ticks::parse_datetime("2026-03-01T12:00:00Z").unwrap();
        let at = clock("10:49:35").unwrap();
        assert_eq!(text(without_year(8, 3, at, now)), "2025-08-03T10:49:35.0000000Z");
        assert_eq!(text(without_year(3, 2, 0, now)), "2026-03-02T00:00:00.0000000Z");
        assert_eq!(text(without_year(2, 29, 0, now)), "2024-02-29T00:00:00.0000000Z");
        assert_eq!(without_year(2, 30, 0, now), None);
        assert_eq!(text(epoch("1659523775")), "2022-08-03T10:49:35.0000000Z");
        assert_eq!(text(epoch("1659523775038")), "2022-08-03T10:49:35.0380000Z");
        assert_eq!(text(epoch("1659523775.25")), "2022-08-03T10:49:35.2500000Z");
        assert_eq!(epoch("x"), None);
        assert_eq!(clock("23:59:60"), clock("23:59:59"));
        assert_eq!(
            (clock("1:2"), clock("24:00:00"), clock("00:00:-1"), clock("10:49:1e99935")),
            (None, None, None, None)
        );
    }
}
