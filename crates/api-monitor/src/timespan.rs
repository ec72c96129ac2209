//! The time range of a query, in the forms of ISO 8601: `PT1H`, `start/end`, `start/PT1H`, `PT1H/end`.
//!
//! # Source
//! ISO 8601-1, durations and intervals; Azure Monitor documentation, "Query", `timespan`.

use schema::ticks;

/// Characters of a text that says a time range.
const TEXT_BYTES_MAX: usize = 256;

/// A time range: its first and last moment, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timespan {
    pub from: i64,
    pub to: i64,
}

impl Timespan {
    /// Reads a time range. One that is a duration alone ends now. `None` when the text says none.
    pub fn parse(text: &str, now: i64) -> Option<Timespan> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (from, to) = match text.split_once('/') {
            None => (Duration::parse(text)?.before(now)?, now),
            Some((start, end)) => match (Duration::parse(start), Duration::parse(end)) {
                (None, None) => (moment(start)?, moment(end)?),
                (None, Some(duration)) => {
                    let from = moment(start)?;
                    (from, duration.after(from)?)
                }
                (Some(duration), None) => {
                    let to = moment(end)?;
                    (duration.before(to)?, to)
                }
                (Some(_), Some(_)) => return None,
            },
        };
        (from <= to).then_some(Timespan { from, to })
    }
}

/// Reads a moment, which has to look like one of ISO 8601.
fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    let begins_with_a_year = text.len() >= 8 && text.bytes().take(4).all(|byte| byte.is_ascii_digit());
    if begins_with_a_year { ticks::parse_datetime(text) } else { None }
}

/// A length of time: months are as long as they are where they lie, the rest has one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Duration {
    months: i64,
    ticks: i64,
}

impl Duration {
    /// Reads `P[nY][nM][nW][nD][T[nH][nM][nS]]`, where the last number may have a fraction.
    fn parse(text: &str) -> Option<Duration> {
        let rest = text.trim().strip_prefix(['P', 'p'])?;
        let (date, time) = match rest.split_once(['T', 't']) {
            Some((_, "")) => return None,
            Some((date, time)) => (date, time),
            None => (rest, ""),
        };
        if rest.is_empty() {
            return None;
        }
        let mut duration = Duration { months: 0, ticks: 0 };
        let had_fraction =
            duration.add(date, &[('Y', 0, 12), ('M', 0, 1), ('W', 7 * ticks::DAY, 0), ('D', ticks::DAY, 0)])?;
        if had_fraction && !time.is_empty() {
            return None;
        }
        duration.add(time, &[('H', ticks::HOUR, 0), ('M', ticks::MINUTE, 0), ('S', ticks::SECOND, 0)])?;
        Some(duration)
    }

    /// Adds numbers, each with one of the units, in their order. Returns whether the last has a fraction.
    fn add(&mut self, mut text: &str, units: &[(char, i64, i64)]) -> Option<bool> {
        let mut units = units.iter();
        let mut had_fraction = false;
        while !text.is_empty() {
            if had_fraction {
                return None;
            }
            let end = text.find(|c: char| c.is_ascii_alphabetic())?;
            let (number, rest) = text.split_at_checked(end)?;
            let unit = rest.chars().next()?.to_ascii_uppercase();
            let (_, unit_ticks, unit_months) = units.find(|(name, ..)| *name == unit)?;
            let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
            had_fraction = whole.len() < number.len();
            let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number(whole) || (had_fraction && (!is_number(fraction) || *unit_months != 0)) {
                return None;
            }
            let whole: i64 = whole.parse().ok()?;
            self.months = self.months.checked_add(whole.checked_mul(*unit_months)?)?;
            self.ticks = self.ticks.checked_add(whole.checked_mul(*unit_ticks)?)?;
            if had_fraction {
                let fraction: f64 = format!("0.{fraction}").parse().ok()?;
                self.ticks = self.ticks.checked_add((fraction * *unit_ticks as f64).round() as i64)?;
            }
            text = rest.get(1..)?;
        }
        Some(had_fraction)
    }

    fn after(self, start: i64) -> Option<i64> {
        ticks::in_range(add_months(start, self.months)?.checked_add(self.ticks)?)
    }

    /// Returns the moment this long before another; time begins where a duration would go beyond it.
    fn before(self, end: i64) -> Option<i64> {
        let start = add_months(end, self.months.checked_neg()?).and_then(|moment| moment.checked_sub(self.ticks));
        Some(start.unwrap_or(0).max(0))
    }
}

/// Returns the same day of another month, or that month's last.
fn add_months(moment: i64, months: i64) -> Option<i64> {
    if months == 0 {
        return Some(moment);
    }
    let civil = ticks::civil(moment);
    let total = i64::from(civil.year).checked_mul(12)?.checked_add(i64::from(civil.month) - 1)?.checked_add(months)?;
    let year = i32::try_from(total.div_euclid(12)).ok().filter(|year| (1..=9999).contains(year))?;
    let month = u32::try_from(total.rem_euclid(12)).ok()? + 1;
    let day = civil.day.min(ticks::days_in_month(year, month));
    ticks::from_civil(year, month, day, moment.rem_euclid(ticks::DAY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Rng;

    fn at(text: &str) -> i64 {
        ticks::parse_datetime(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn every_form_is_read() {
        let now = at("2024-03-31T12:00:00Z");
        let cases = [
            ("PT86400.0S", "2024-03-30T12:00:00Z", "2024-03-31T12:00:00Z"),
            ("P1D", "2024-03-30T12:00:00Z", "2024-03-31T12:00:00Z"),
            ("p1dt2h3m4,5s", "2024-03-30T09:56:55.5Z", "2024-03-31T12:00:00Z"),
            ("P1W", "2024-03-24T12:00:00Z", "2024-03-31T12:00:00Z"),
            ("PT0.5H", "2024-03-31T11:30:00Z", "2024-03-31T12:00:00Z"),
            // The last day of February.
            ("P1M", "2024-02-29T12:00:00Z", "2024-03-31T12:00:00Z"),
            ("P1Y1M", "2023-02-28T12:00:00Z", "2024-03-31T12:00:00Z"),
            ("2024-01-01/2024-01-02T03:00:00.1234567Z", "2024-01-01", "2024-01-02T03:00:00.1234567Z"),
            ("2024-01-01T00:00:00+02:00/PT1H", "2023-12-31T22:00:00Z", "2023-12-31T23:00:00Z"),
            ("PT1H/2024-01-01T00:00:00Z", "2023-12-31T23:00:00Z", "2024-01-01"),
            (" 2024-01-01 / 2024-01-01 ", "2024-01-01", "2024-01-01"),
        ];
        for (text, from, to) in cases {
            assert_eq!(Timespan::parse(text, now), Some(Timespan { from: at(from), to: at(to) }), "{text}");
        }
        assert_eq!(Timespan::parse("P9999Y", now).map(|span| span.from), Some(0));
    }

    #[test]
    fn whatever_is_no_time_range_is_refused() {
        let bad = [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "P1DT",
            "P1H",
            "PT1D",
            "PT1S1H",
            "P-1D",
            "-P1D",
            "P1.5Y",
            "P1.5DT1H",
            "PT1.S",
            "PT.5S",
            "P1D/P1D",
            "2024-01-02/2024-01-01",
            "2024-01-01/",
            "/P1D",
            "yesterday/today",
            "2024-01-01/P1D/P1D",
            "PT1e3S",
            "P1D P1D",
        ];
        for text in bad {
            assert_eq!(Timespan::parse(text, at("2024-03-31")), None, "{text}");
        }
        assert_eq!(Timespan::parse(&"9".repeat(10_000), 0), None);
    }

    #[test]
    fn a_duration_before_and_after_its_moment_are_the_same_range() {
        let mut rng = Rng::from_seed(7);
        for _ in 0..2_000 {
            let number = |rng: &mut Rng, max| rng.below(max);
            let (d, h, m) = (number(&mut rng, 400), number(&mut rng, 30), number(&mut rng, 90));
            let micros = number(&mut rng, 100_000_000);
            let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
            let duration = format!("P{d}DT{h}H{m}M{whole}.{fraction:06}S");
            let start = at("2020-01-01") + number(&mut rng, 1 << 50) as i64;
            let text = ticks::datetime_text(start);
            let Some(after) = Timespan::parse(&format!("{text}/{duration}"), 0) else { panic!("{duration}") };
            let ticks_long = (d * 86_400 + h * 3_600 + m * 60 + whole) as i64 * ticks::SECOND + fraction as i64 * 10;
            assert_eq!((after.from, after.to), (start, start + ticks_long), "{duration}");
            let end = ticks::datetime_text(after.to);
            assert_eq!(Timespan::parse(&format!("{duration}/{end}"), 0), Some(after));
            assert_eq!(Timespan::parse(&format!("{text}/{end}"), 0), Some(after));
            assert_eq!(Timespan::parse(&duration, after.to), Some(after));
        }
    }
}
