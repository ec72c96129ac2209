//! Times as text: ticks of 100 ns since 0001-01-01 and seconds since 1970, both in UTC.

/// Ticks of a second.
const SECOND: i64 = 10_000_000;
const DAY: i64 = 24 * 60 * 60 * SECOND;
/// Ticks before 10000-01-01, where four digits end.
const TICKS_END: i64 = 3_652_059 * DAY;
/// Seconds between 0001-01-01 and 1970-01-01.
const UNIX_EPOCH_SECONDS: i64 = 62_135_596_800;

/// Returns a time as `2026-01-02T03:04:05.0000000Z`; `None` outside the years 1 to 9999.
pub fn ticks_text(ticks: i64) -> Option<String> {
    if !(0..TICKS_END).contains(&ticks) {
        return None;
    }
    let (year, month, day) = civil(ticks / DAY);
    let second = ticks % DAY / SECOND;
    let (hour, minute, second, fraction) = (second / 3600, second / 60 % 60, second % 60, ticks % SECOND);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z"))
}

/// Returns seconds since 1970 as `2026-01-02T03:04:05Z`; `None` after the year 9999.
pub fn seconds_text(seconds: u64) -> Option<String> {
    let ticks = i64::try_from(seconds).ok()?.checked_add(UNIX_EPOCH_SECONDS)?.checked_mul(SECOND)?;
    Some(format!("{}Z", ticks_text(ticks)?.split_once('.')?.0))
}

/// Reads what [`ticks_text`] gives.
pub(crate) fn parse_ticks(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let days = days(part(0, 4)?, part(5, 7)?, part(8, 10)?)?;
    let seconds = part(11, 13)? * 3600 + part(14, 16)? * 60 + part(17, 19)?;
    let ticks = days * DAY + seconds * SECOND + part(20, 27)?;
    // What the writer would not have written (month 13, second 61, other separators) does not come back.
    (ticks_text(ticks)?.as_str() == text).then_some(ticks)
}

/// Returns year, month and day of a day counted from 0001-01-01.
///
/// The year is taken to begin in March, so that the leap day is its last and months have a regular pattern of lengths.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 306;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Returns the day, counted from 0001-01-01, of a date whose parts are small and not negative.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) {
        return None;
    }
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 306)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_comes_back() {
        for day in 0..3_652_059 {
            let (year, month, day_of_month) = civil(day);
            assert_eq!(days(year, month, day_of_month), Some(day));
        }
        assert_eq!(ticks_text(0).as_deref(), Some("0001-01-01T00:00:00.0000000Z"));
        assert_eq!(ticks_text(TICKS_END - 1).as_deref(), Some("9999-12-31T23:59:59.9999999Z"));
        assert_eq!(ticks_text(TICKS_END), None);
        assert_eq!(ticks_text(-1), None);
        assert_eq!(seconds_text(1_679_315_147).as_deref(), Some("2023-03-20T12:25:47Z"));
        assert_eq!(seconds_text(u64::MAX), None);
    }

    #[test]
    fn times_have_one_form() {
        let text = "2024-02-29T23:59:59.9999999Z";
        assert_eq!(parse_ticks(text).and_then(ticks_text).as_deref(), Some(text));
        for text in [
            "",
            "2023-02-29T00:00:00.0000000Z",
            "2024-13-01T00:00:00.0000000Z",
            "2024-01-01T24:00:00.0000000Z",
            "2024-01-01T00:60:00.0000000Z",
            "2024-01-01 00:00:00.0000000Z",
            "2024-01-01T00:00:00.000000Z",
            "2024-01-01T00:00:00.0000000Z ",
            "0000-01-01T00:00:00.0000000Z",
            "2024-01-0éT00:00:00.0000000Z",
        ] {
            assert_eq!(parse_ticks(text), None, "{text:?}");
        }
    }
}
