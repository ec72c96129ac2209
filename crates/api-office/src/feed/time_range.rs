//! The times between which content became available, as requests say them.

use schema::ticks;

use super::error::FeedError;

/// How long content can be had.
pub(crate) const KEPT: i64 = 7 * ticks::DAY;

/// From an instant on, until another, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeRange {
    pub from: i64,
    pub to: i64,
}

impl TimeRange {
    /// Reads `startTime` and `endTime`. Without them it is the last day, now included.
    pub fn parse(start: Option<&str>, end: Option<&str>, now: i64) -> Result<TimeRange, FeedError> {
        let (start, end) = match (start.filter(|t| !t.is_empty()), end.filter(|t| !t.is_empty())) {
            (None, None) => return Ok(TimeRange { from: now - ticks::DAY + 1, to: now + 1 }),
            (Some(start), Some(end)) => (start, end),
            _ => return Err(FeedError::TimeRange),
        };
        let time = |name, text| instant(text).ok_or(FeedError::Type { name, expected: "datetime" });
        let (from, to) = (time("startTime", start)?, time("endTime", end)?);
        if to.saturating_sub(from) > ticks::DAY {
            return Err(FeedError::TimeRange);
        }
        if from >= to || from < now - KEPT {
            return Err(FeedError::StartTime);
        }
        Ok(TimeRange { from, to })
    }
}

/// Reads `YYYY-MM-DD`, with `THH:MM`, `:SS`, a fraction and a `Z` or without.
fn instant(text: &str) -> Option<i64> {
    let is_form = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => matches!(byte, b'T' | b't' | b' '),
        13 | 16 => matches!(byte, b':' | b'Z' | b'z'),
        19 => matches!(byte, b'.' | b'Z' | b'z'),
        0..=18 => byte.is_ascii_digit(),
        _ => byte.is_ascii_digit() || matches!(byte, b'Z' | b'z'),
    });
    if !is_form || !matches!(text.trim_end_matches(['Z', 'z']).len(), 10 | 16 | 19..=27) {
        return None;
    }
    ticks::parse_datetime(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-05-31T12:00:00Z.
    const NOW: i64 = 639_158_256_000_000_000;

    fn range(start: &str, end: &str) -> Result<(i64, i64), String> {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        let (start, end): (&'static str, &'static str) = (start.to_string().leak(), end.to_string().leak());
        let range = TimeRange::parse(some(start), some(end), NOW);
        range.map(|range| (range.from - NOW, range.to - NOW)).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn both_or_none_a_day_apart_and_no_older_than_a_week() {
        assert_eq!(range("", ""), Ok((-ticks::DAY + 1, 1)));
        assert_eq!(range("2026-05-30", "2026-05-31"), Ok((-36 * ticks::HOUR, -12 * ticks::HOUR)));
        assert_eq!(range("2026-05-31T11:00", "2026-05-31T12:00:00"), Ok((-ticks::HOUR, 0)));
        assert_eq!(range("2026-05-31T11:00:00.500Z", "2026-05-31T12:00Z"), Ok((-ticks::HOUR + ticks::SECOND / 2, 0)));
        assert_eq!(range("2026-05-24T12:00:00", "2026-05-25"), Ok((-KEPT, -6 * ticks::DAY - 12 * ticks::HOUR)));
        for (start, end, error) in [
            ("2026-05-31", "", "TimeRange"),
            ("", "2026-05-31", "TimeRange"),
            ("2026-05-30T11:59:59", "2026-05-31T12:00:00", "TimeRange"),
            ("2026-05-31", "2026-05-31", "StartTime"),
            ("2026-05-31", "2026-05-30", "StartTime"),
            ("2026-05-24T11:59:59", "2026-05-25", "StartTime"),
        ] {
            assert_eq!(range(start, end), Err(error.to_string()), "{start} {end}");
        }
        for text in [
            "x",
            "31.05.2026",
            "2026-5-31",
            "2026-05-31T11",
            "2026-05-31T1:00",
            "2026-02-30",
            "now",
            "2026-05-31T11:00:00+02:00",
        ] {
            assert!(range(text, "2026-05-31").is_err_and(|error| error.starts_with("Type")), "{text}");
        }
    }
}
