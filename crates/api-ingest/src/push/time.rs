//! When an entry was made, as its sender says it.

use schema::ticks;

const TICKS_PER_SECOND: i128 = ticks::SECOND as i128;
const NANOS_PER_TICK: i128 = 100;

/// A moment, and what it does not say of what the sender said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Time {
    /// In ticks of 100 ns; `None` where the sender says none that can be read.
    pub ticks: Option<i64>,
    /// The sender's text, where the ticks do not say the same: finer, in a zone of its own, or unreadable.
    pub told: Option<String>,
}

impl Time {
    /// Reads seconds since 1970 as a decimal number.
    pub fn of_seconds(text: &str) -> Time {
        let text = text.trim();
        let ticks = seconds(text);
        let is_whole = ticks.is_some_and(|(_, is_whole)| is_whole);
        Time::new(ticks.map(|(ticks, _)| ticks), is_whole, text)
    }

    /// Reads nanoseconds since 1970.
    pub fn of_nanos(text: &str) -> Time {
        let text = text.trim();
        match text.parse::<i128>() {
            Ok(nanos) => {
                Time::new(moment(nanos.div_euclid(NANOS_PER_TICK)), nanos.rem_euclid(NANOS_PER_TICK) == 0, text)
            }
            Err(_) => Time::new(None, false, text),
        }
    }

    /// Reads a text of ISO 8601, or milliseconds since 1970.
    pub fn of_text(text: &str) -> Time {
        let text = text.trim();
        if let Ok(millis) = text.parse::<i64>() {
            return Time::new(moment(i128::from(millis) * TICKS_PER_SECOND / 1000), true, text);
        }
        let fraction = text.rsplit_once('.').map_or("", |(_, fraction)| fraction.trim_end_matches('Z'));
        let is_fine = fraction.len() > 7 && fraction.bytes().skip(7).any(|byte| byte != b'0');
        Time::new(ticks::parse_datetime(text), text.ends_with('Z') && !is_fine, text)
    }

    fn new(ticks: Option<i64>, is_exact: bool, text: &str) -> Time {
        let is_said = ticks.is_some() && is_exact;
        let told = (!is_said && !text.is_empty()).then(|| text.to_string());
        Time { ticks, told }
    }
}

/// Returns ticks since 1970 as a moment, when there is such a moment.
fn moment(since_1970: i128) -> Option<i64> {
    let epoch = i128::from(ticks::UNIX_EPOCH);
    ticks::in_range(i64::try_from(epoch.checked_add(since_1970)?).ok()?)
}

/// Reads a decimal number of seconds, and says whether ticks say all of it.
fn seconds(text: &str) -> Option<(i64, bool)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || fraction.len() > 30 {
        return None;
    }
    let is_negative = whole.starts_with('-');
    let whole: i64 = whole.parse().ok()?;
    let (near, rest) = fraction.split_at(fraction.len().min(7));
    let near: i128 = format!("{near:0<7}").parse().ok()?;
    let near = if is_negative { -near } else { near };
    let ticks = moment(i128::from(whole) * TICKS_PER_SECOND + near)?;
    Some((ticks, rest.bytes().all(|byte| byte == b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_what_they_leave_out_is_kept() {
        let shown =
            |time: Time| (time.ticks.map(ticks::datetime_text).unwrap_or_default(), time.told.unwrap_or_default());
        let cases = [
            (Time::of_seconds("1433188255.253"), "2015-06-01T19:50:55.2530000Z", ""),
            (Time::of_seconds("1433188255"), "2015-06-01T19:50:55.0000000Z", ""),
            (Time::of_seconds("-0.5"), "1969-12-31T23:59:59.5000000Z", ""),
            (Time::of_seconds("1433188255.123456789"), "2015-06-01T19:50:55.1234567Z", "1433188255.123456789"),
            (Time::of_seconds("yesterday"), "", "yesterday"),
            (Time::of_seconds("99999999999999"), "", "99999999999999"),
            (Time::of_seconds(""), "", ""),
            (Time::of_nanos("1433188255123456700"), "2015-06-01T19:50:55.1234567Z", ""),
            (Time::of_nanos("1433188255123456789"), "2015-06-01T19:50:55.1234567Z", "1433188255123456789"),
            (
                Time::of_nanos("99999999999999999999999999999999999999999999"),
                "",
                "99999999999999999999999999999999999999999999",
            ),
            (Time::of_text("2026-05-31T12:00:00.5Z"), "2026-05-31T12:00:00.5000000Z", ""),
            (
                Time::of_text("2026-05-31T12:00:00.123456789Z"),
                "2026-05-31T12:00:00.1234567Z",
                "2026-05-31T12:00:00.123456789Z",
            ),
            (Time::of_text("2026-05-31T14:00:00+02:00"), "2026-05-31T12:00:00.0000000Z", "2026-05-31T14:00:00+02:00"),
            (Time::of_text("1433188255253"), "2015-06-01T19:50:55.2530000Z", ""),
            (Time::of_text("noon"), "", "noon"),
        ];
        for (time, moment, told) in cases {
            assert_eq!(shown(time), (moment.to_string(), told.to_string()));
        }
    }
}
