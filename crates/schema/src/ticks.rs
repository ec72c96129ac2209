//! Instants and durations in ticks of 100 ns: calendar arithmetic and texts.
//!
//! An instant counts ticks since 0001-01-01T00:00:00Z in the proleptic Gregorian calendar, up to the end of year 9999.

/// Ticks in one microsecond, millisecond, second, minute, hour and day.
pub const MICROSECOND: i64 = 10;
pub const MILLISECOND: i64 = 10_000;
pub const SECOND: i64 = 10_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// The last tick of year 9999, `datetime(9999-12-31 23:59:59.9999999)`.
pub const DATETIME_MAX: i64 = 3_155_378_975_999_999_999;
/// Ticks between 0001-01-01 and 1970-01-01.
pub const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

/// A calendar date and time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// Ticks since midnight.
    pub time_of_day: i64,
}

/// Returns the days between 0001-01-01 and a date.
pub fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 306
}

/// Splits an instant into date and time of day.
pub fn civil(instant: i64) -> Civil {
    let days = instant.div_euclid(DAY) + 306;
    let time_of_day = instant.rem_euclid(DAY);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    let year = (year_of_era + era * 400) as i32 + i32::from(month <= 2);
    Civil { year, month, day, time_of_day }
}

/// Returns the days of a month.
pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns the instant of a date and time of day, or `None` when a field is out of range.
pub fn from_civil(year: i32, month: u32, day: u32, time_of_day: i64) -> Option<i64> {
    let in_range =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    in_range.then(|| days_from_civil(year, month, day) * DAY + time_of_day)
}

/// Returns the ticks of an hour, minute and second of a day, or `None` when there is no such time. Parts of a second
/// below a tick are cut off.
pub fn time_of_day(hour: i64, minute: i64, second: f64) -> Option<i64> {
    let in_range = (0..24).contains(&hour) && (0..60).contains(&minute) && (0.0..60.0).contains(&second);
    // The nearest microtick first: 0.1234567 seconds are 1234567 ticks and not one less.
    let ticks = ((second * SECOND as f64 * 1e3).round() / 1e3).floor() as i64;
    in_range.then_some(hour * HOUR + minute * MINUTE + ticks)
}

/// Returns the instant when it is one that a datetime can hold, from 0001-01-01 to the end of 9999.
pub fn in_range(instant: i64) -> Option<i64> {
    (0..=DATETIME_MAX).contains(&instant).then_some(instant)
}

/// Returns the instant of a count of nanoseconds since 1970.
pub fn from_unix_nanos(nanos: i64) -> i64 {
    UNIX_EPOCH + nanos.div_euclid(100)
}

/// Returns the instant's text, `2020-01-01T00:00:00.0000000Z`.
pub fn datetime_text(instant: i64) -> String {
    let mut text = String::with_capacity(28);
    write_datetime(&mut text, instant);
    text
}

/// Appends the instant's text, `2020-01-01T00:00:00.0000000Z`.
pub fn write_datetime(out: &mut String, instant: i64) {
    let Civil { year, month, day, time_of_day } = civil(instant);
    push_digits(out, year as u64, 4);
    out.push('-');
    push_digits(out, u64::from(month), 2);
    out.push('-');
    push_digits(out, u64::from(day), 2);
    out.push('T');
    push_digits(out, (time_of_day / HOUR) as u64, 2);
    out.push(':');
    push_digits(out, (time_of_day / MINUTE % 60) as u64, 2);
    out.push(':');
    push_digits(out, (time_of_day / SECOND % 60) as u64, 2);
    out.push('.');
    push_digits(out, (time_of_day % SECOND) as u64, 7);
    out.push('Z');
}

/// Returns the duration's text, `[-][d.]hh:mm:ss[.fffffff]`.
pub fn timespan_text(duration: i64) -> String {
    let mut out = String::with_capacity(20);
    if duration < 0 {
        out.push('-');
    }
    let ticks = duration.unsigned_abs();
    let (day, hour, minute, second) = (DAY as u64, HOUR as u64, MINUTE as u64, SECOND as u64);
    if ticks >= day {
        out.push_str(&(ticks / day).to_string());
        out.push('.');
    }
    push_digits(&mut out, ticks / hour % 24, 2);
    out.push(':');
    push_digits(&mut out, ticks / minute % 60, 2);
    out.push(':');
    push_digits(&mut out, ticks / second % 60, 2);
    if !ticks.is_multiple_of(second) {
        out.push('.');
        push_digits(&mut out, ticks % second, 7);
    }
    out
}

fn push_digits(out: &mut String, value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = value;
    let mut at = 20;
    while rest > 0 || 20 - at < width {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    for digit in &digits[at..] {
        out.push(char::from(*digit));
    }
}

/// Reads an instant: ISO 8601 with any number of fraction digits, `T` or blank between date and time, an optional zone
/// (`Z`, `+02:00`, `-0800`, `GMT`; none means UTC), a date alone (also `2014/11/08`, `20141108`, `2014, 11, 8`), a year
/// and month, a year, RFC 822 and RFC 850 dates, and month-first dates (`1/31/2020 1:05:00 PM`, `01-31-2020`).
/// `None` when it is none of these.
///
/// # Source
/// Kusto reference, "The datetime data type", supported formats; month-first order and further separators as measured on
/// Kusto's engine.
pub fn parse_datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    parse_iso(text.as_bytes()).or_else(|| loose::parse(text)).and_then(in_range)
}

/// Reads `yyyy[-MM[-dd[(T| )time]]]`, with `-`, `/` or `, ` between the numbers or, for a whole date, nothing.
fn parse_iso(text: &[u8]) -> Option<i64> {
    let mut at = Cursor { text, at: 0 };
    let year = at.digits(4)? as i32;
    let month;
    let (mut day, mut rest) = (1, (0, 0));
    let separator = match at.peek() {
        None => return from_civil(year, 1, 1, 0),
        Some(byte @ (b'-' | b'/' | b',')) => Some(byte),
        Some(_) => None,
    };
    if let Some(separator) = separator {
        at.at += 1;
        at.blanks();
        month = at.digits_upto(2)? as u32;
        if at.eat(separator) {
            at.blanks();
            day = at.digits_upto(2)? as u32;
            rest = at.rest()?;
        }
    } else {
        month = at.digits(2)? as u32;
        day = at.digits(2)? as u32;
        rest = at.rest()?;
    }
    if at.at != text.len() {
        return None;
    }
    from_civil(year, month, day, 0)?.checked_add(rest.0)?.checked_sub(rest.1)
}

/// Zones that a text may name, with their hours.
///
/// # Source
/// RFC 822, section 5.1.
const ZONES: [(&[u8], i64); 12] = [
    (b"Z", 0),
    (b"UT", 0),
    (b"UTC", 0),
    (b"GMT", 0),
    (b"EDT", -4),
    (b"EST", -5),
    (b"CDT", -5),
    (b"CST", -6),
    (b"MDT", -6),
    (b"MST", -7),
    (b"PDT", -7),
    (b"PST", -8),
];

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
    fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }
    fn blanks(&mut self) {
        while self.eat(b' ') {}
    }
    /// Reads what follows a date: nothing, a zone, or `T` or blanks and a time with an optional `AM` or `PM` and an
    /// optional zone. Returns the ticks since midnight and those of the zone's offset.
    fn rest(&mut self) -> Option<(i64, i64)> {
        if !(self.eat(b'T') || self.eat(b't') || self.eat(b' ')) {
            return Some((0, self.zone()?));
        }
        self.blanks();
        let mut time = self.time_of_day()?;
        self.blanks();
        let half = self.text.get(self.at..self.at + 2).map(<[u8]>::to_ascii_lowercase);
        if let Some(b"am" | b"pm") = half.as_deref() {
            if !(HOUR..13 * HOUR).contains(&time) {
                return None;
            }
            time = time % (12 * HOUR) + if half.as_deref() == Some(b"pm") { 12 * HOUR } else { 0 };
            self.at += 2;
            self.blanks();
        }
        Some((time, self.zone()?))
    }
    fn digits(&mut self, n: usize) -> Option<i64> {
        let part = self.text.get(self.at..self.at + n)?;
        if !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.at += n;
        Some(part.iter().fold(0, |value, b| value * 10 + i64::from(b - b'0')))
    }
    fn digits_upto(&mut self, n: usize) -> Option<i64> {
        let start = self.at;
        let mut value = 0;
        while self.at - start < n && self.peek().is_some_and(|b| b.is_ascii_digit()) {
            value = value * 10 + i64::from(self.text[self.at] - b'0');
            self.at += 1;
        }
        (self.at > start).then_some(value)
    }
    /// Reads `HH[:mm[:ss[.f*]]]`, and `24:00:00` as the day's end.
    fn time_of_day(&mut self) -> Option<i64> {
        let hour = self.digits_upto(2)?;
        let (mut minute, mut second, mut fraction) = (0, 0, 0);
        if self.eat(b':') {
            minute = self.digits_upto(2)?;
            if self.eat(b':') {
                second = self.digits_upto(2)?;
                if self.eat(b'.') || self.eat(b',') {
                    fraction = self.fraction()?;
                }
            }
        }
        if hour > 24 || minute > 59 || second > 59 || (hour == 24 && minute + second + fraction > 0) {
            return None;
        }
        Some(hour * HOUR + minute * MINUTE + second * SECOND + fraction)
    }
    /// Reads fraction digits as ticks; digits past the seventh are cut off.
    fn fraction(&mut self) -> Option<i64> {
        let start = self.at;
        let mut value = 0;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            if self.at - start < 7 {
                value = value * 10 + i64::from(self.text[self.at] - b'0');
            }
            self.at += 1;
        }
        let n = self.at - start;
        (n > 0).then(|| value * 10i64.pow(7u32.saturating_sub(n as u32)))
    }
    /// Reads a zone to the end of the text and returns its offset; nothing means UTC.
    fn zone(&mut self) -> Option<i64> {
        let name = self.text.get(self.at..)?;
        let hours = match name {
            b"" | b"Z" => 0,
            [b'+' | b'-', ..] => return self.offset(),
            _ => ZONES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1,
        };
        self.at = self.text.len();
        Some(hours * HOUR)
    }
    /// Reads `+hh[[:]mm]` or `-hh[[:]mm]`.
    fn offset(&mut self) -> Option<i64> {
        let sign = if self.eat(b'+') {
            1
        } else if self.eat(b'-') {
            -1
        } else {
            return None;
        };
        let hours = self.digits_upto(2)?;
        self.eat(b':');
        let minutes = if self.peek().is_some() { self.digits(2)? } else { 0 };
        (hours <= 14 && minutes <= 59).then_some(sign * (hours * HOUR + minutes * MINUTE))
    }
}

/// Reads a duration: `[-][d.]hh:mm[:ss[.f*]]`, or a number with a unit (`1d`, `2.5h`, `90m`, `3s`, `10ms`,
/// `5microsecond`, `7tick`), or a whole number of days. `None` when it is none of these.
///
/// # Source
/// Kusto reference, "The timespan data type".
pub fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let negative = text.starts_with('-');
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let ticks = if body.contains(':') { parse_clock(body)? } else { parse_units(body)? };
    Some(if negative { -ticks } else { ticks })
}

fn parse_clock(text: &str) -> Option<i64> {
    let mut at = Cursor { text: text.as_bytes(), at: 0 };
    let mut first = at.digits_upto(8)?;
    let mut days = 0;
    if at.eat(b'.') {
        days = first;
        first = at.digits_upto(2)?;
    }
    if !at.eat(b':') {
        return None;
    }
    let minute = at.digits_upto(2)?;
    let (mut second, mut fraction) = (0, 0);
    if at.eat(b':') {
        second = at.digits_upto(2)?;
        if at.eat(b'.') {
            fraction = at.fraction()?;
        }
    }
    if at.at != text.len() || first > 23 || minute > 59 || second > 59 {
        return None;
    }
    days.checked_mul(DAY)?.checked_add(first * HOUR + minute * MINUTE + second * SECOND + fraction)
}

/// Reads a number followed by a unit's name; a bare whole number means days.
pub fn parse_units(text: &str) -> Option<i64> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit.trim() {
        "" if !number.contains('.') => DAY,
        "d" | "day" | "days" => DAY,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "m" | "min" | "minute" | "minutes" => MINUTE,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => MILLISECOND,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => MICROSECOND,
        "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => {
            return number.parse::<i64>().ok().map(|n| n / 100);
        }
        "tick" | "ticks" => 1,
        _ => return None,
    };
    if !number.contains('.') {
        return number.parse::<i64>().ok()?.checked_mul(scale);
    }
    let ticks = number.parse::<f64>().ok()? * scale as f64;
    (ticks.abs() < i64::MAX as f64).then_some(ticks.round() as i64)
}

mod loose {
    //! Dates that do not begin with the year: RFC 822, RFC 850, and month-first dates.

    use super::{Cursor, from_civil};

    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    pub fn parse(text: &str) -> Option<i64> {
        month_first(text).or_else(|| named_month(text))
    }

    /// `M/d/yyyy[,][ time]`, with `/`, `-` or `.` between the numbers.
    fn month_first(text: &str) -> Option<i64> {
        let mut at = Cursor { text: text.as_bytes(), at: 0 };
        let month = at.digits_upto(2)? as u32;
        let separator = at.peek().filter(|byte| matches!(byte, b'/' | b'-' | b'.'))?;
        at.at += 1;
        let day = at.digits_upto(2)? as u32;
        if !at.eat(separator) {
            return None;
        }
        let year = at.digits(4)? as i32;
        at.eat(b',');
        let (time, offset) = at.rest()?;
        (at.at == at.text.len()).then_some(())?;
        from_civil(year, month, day, 0)?.checked_add(time)?.checked_sub(offset)
    }

    /// `[Sat[urday], ]8 Nov 14[ time]`, `08-Nov-14 ...`, `Nov 8, 2014 ...`.
    fn named_month(text: &str) -> Option<i64> {
        let body = match text.split_once(',') {
            Some((weekday, rest)) if !weekday.is_empty() && weekday.bytes().all(|b| b.is_ascii_alphabetic()) => rest,
            _ => text,
        };
        let mut at = Cursor { text: body.as_bytes(), at: 0 };
        at.blanks();
        let (day, month);
        if at.peek()?.is_ascii_digit() {
            day = at.digits_upto(2)?;
            separator(&mut at)?;
            month = month_name(&mut at)?;
            separator(&mut at)?;
        } else {
            month = month_name(&mut at)?;
            separator(&mut at)?;
            day = at.digits_upto(2)?;
            at.eat(b',');
            separator(&mut at)?;
        }
        let start = at.at;
        let year = at.digits_upto(4)? as i32;
        let year = match at.at - start {
            2 if year < 50 => 2000 + year,
            2 => 1900 + year,
            4 => year,
            _ => return None,
        };
        at.eat(b',');
        let (time, offset) = at.rest()?;
        (at.at == at.text.len()).then_some(())?;
        from_civil(year, month, day as u32, 0)?.checked_add(time)?.checked_sub(offset)
    }

    fn separator(at: &mut Cursor) -> Option<()> {
        if at.eat(b'-') {
            return Some(());
        }
        let found = at.eat(b' ');
        at.blanks();
        found.then_some(())
    }

    /// Reads a month's English name or its first three letters.
    fn month_name(at: &mut Cursor) -> Option<u32> {
        let rest = at.text.get(at.at..)?;
        let n = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let name = rest.get(..3.min(n))?.to_ascii_lowercase();
        let month = MONTHS.iter().position(|month| month.as_bytes() == name)?;
        at.at += n;
        Some(month as u32 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_and_print() {
        let cases = [
            ("2014-05-25T08:20:03.123456Z", "2014-05-25T08:20:03.1234560Z"),
            ("2014-05-25 08:20", "2014-05-25T08:20:00.0000000Z"),
            ("2014-11-08 15:55:55.123456+02:00", "2014-11-08T13:55:55.1234560Z"),
            ("2014-11-08", "2014-11-08T00:00:00.0000000Z"),
            ("2014", "2014-01-01T00:00:00.0000000Z"),
            ("2014-05", "2014-05-01T00:00:00.0000000Z"),
            ("2014/11/08", "2014-11-08T00:00:00.0000000Z"),
            ("20141108", "2014-11-08T00:00:00.0000000Z"),
            ("2025, 6, 14", "2025-06-14T00:00:00.0000000Z"),
            ("2014-11-08 15:05:25 GMT", "2014-11-08T15:05:25.0000000Z"),
            ("2014-11-08T15:05 PST", "2014-11-08T23:05:00.0000000Z"),
            ("2014-11-08 3:05 pm", "2014-11-08T15:05:00.0000000Z"),
            ("2014-11-08Z", "2014-11-08T00:00:00.0000000Z"),
            ("12-02-2022 13:45:56", "2022-12-02T13:45:56.0000000Z"),
            ("12.02.2022", "2022-12-02T00:00:00.0000000Z"),
            ("Dec 2, 2022", "2022-12-02T00:00:00.0000000Z"),
            ("2 December 2022 1:00 AM", "2022-12-02T01:00:00.0000000Z"),
            ("Fri, 02 Dec 2022 13:45:56 GMT", "2022-12-02T13:45:56.0000000Z"),
            ("8 Nov 14 15:05 +0200", "2014-11-08T13:05:00.0000000Z"),
            ("Sat, 8 Nov 14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"),
            ("Saturday, 08-Nov-14 15:05:02 UTC", "2014-11-08T15:05:02.0000000Z"),
            ("8 Nov 2014", "2014-11-08T00:00:00.0000000Z"),
            ("1/31/2020, 1:05:00.250 PM", "2020-01-31T13:05:00.2500000Z"),
            ("9999-12-31 23:59:59.9999999", "9999-12-31T23:59:59.9999999Z"),
            ("0001-01-01", "0001-01-01T00:00:00.0000000Z"),
        ];
        for (text, printed) in cases {
            assert_eq!(parse_datetime(text).map(datetime_text).as_deref(), Some(printed), "{text}");
        }
        for text in [
            "",
            "x",
            "2014-13-01",
            "2014-02-30",
            "2014-01-01T25:00",
            "12",
            "13-01-2022",
            "0001-01-01T00:00+01:00",
            "2014-11-08 13:05 pm",
            "2014-11-08 10:00 é",
            "-x y z",
            "Dec",
            "3 Foo 2020",
        ] {
            assert_eq!(parse_datetime(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_survives_the_calendar() {
        for day in (0..3_652_059).step_by(13) {
            let Civil { year, month, day: of_month, .. } = civil(day * DAY);
            assert_eq!(days_from_civil(year, month, of_month), day);
        }
    }

    #[test]
    fn durations_read_and_print() {
        let cases = [
            ("1.02:03:04.5", "1.02:03:04.5000000"),
            ("2.5h", "02:30:00"),
            ("-00:00:01", "-00:00:01"),
            ("3", "3.00:00:00"),
            ("1tick", "00:00:00.0000001"),
        ];
        for (text, printed) in cases {
            assert_eq!(parse_timespan(text).map(timespan_text).as_deref(), Some(printed), "{text}");
        }
        for text in ["", "1.5", "abc", "24:00:00", "1us", "d", "99999999999d", "é"] {
            assert_eq!(parse_timespan(text), None, "{text}");
        }
    }
}
