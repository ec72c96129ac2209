//! Labels of axes and values.

use super::data::Scale;
use schema::{number, ticks};

/// Returns a value in a few characters: `12`, `1.5`, `12.3k`, `4.56M`.
pub(crate) fn short(value: f64) -> String {
    let magnitude = value.abs();
    let (scaled, unit) = match magnitude {
        m if m >= 1e15 => return number::real_text(value),
        m if m >= 1e12 => (value / 1e12, "T"),
        m if m >= 1e9 => (value / 1e9, "G"),
        m if m >= 1e6 => (value / 1e6, "M"),
        m if m >= 1e4 => (value / 1e3, "k"),
        m if m == 0.0 || m >= 0.01 => (value, ""),
        _ => return format!("{value:.1e}"),
    };
    let text = format!("{scaled:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Returns a value in full, whole ones without a point.
pub(crate) fn full(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let text = number::real_text((value * 1e6).round() / 1e6);
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

/// Returns an instant with as many parts as it needs: a date, with a time, with a fraction.
pub(crate) fn instant(instant: i64) -> String {
    let text = ticks::datetime_text(instant).replace('T', " ");
    let text = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    let len = match instant {
        i if i % ticks::DAY == 0 => 10,
        i if i % ticks::MINUTE == 0 => 16,
        i if i % ticks::SECOND == 0 => 19,
        _ => return text.to_string(),
    };
    ticks::datetime_text(instant).replace('T', " ").chars().take(len).collect()
}

/// Returns the labels of the x axis's two ends.
pub(crate) fn ends(scale: Scale, from: f64, to: f64) -> (String, String) {
    match scale {
        Scale::Number => (full(from), full(to)),
        Scale::Duration => (ticks::timespan_text(from as i64), ticks::timespan_text(to as i64)),
        Scale::Time => {
            let (from, to) = (from as i64, to as i64);
            let is_day = |instant: i64| instant % ticks::DAY == 0;
            let is_minute = |instant: i64| instant % ticks::MINUTE == 0;
            // As many characters as both ends need: a date, with minutes, with seconds.
            let len = match (is_day(from) && is_day(to), is_minute(from) && is_minute(to)) {
                (true, _) => 10,
                (_, true) => 16,
                _ => 19,
            };
            let label =
                |instant: i64| ticks::datetime_text(instant).replace('T', " ").chars().take(len).collect::<String>();
            (label(from), label(to))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_a_few_characters() {
        let cases = [
            (0.0, "0"),
            (12.0, "12"),
            (1.5, "1.5"),
            (9999.0, "9999"),
            (12345.0, "12.35k"),
            (4.56e6, "4.56M"),
            (0.0012, "1.2e-3"),
            (-2e9, "-2G"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
        assert_eq!(full(1.0 / 3.0), "0.333333");
        assert_eq!(full(172.0), "172");
    }

    #[test]
    fn times_show_what_both_ends_need() {
        let day = 737_999.0 * ticks::DAY as f64;
        assert_eq!(
            ends(Scale::Time, day, day + ticks::DAY as f64),
            ("2021-07-29".to_string(), "2021-07-30".to_string())
        );
        assert_eq!(ends(Scale::Time, day, day + ticks::HOUR as f64).1, "2021-07-29 01:00");
        assert_eq!(ends(Scale::Time, day, day + ticks::SECOND as f64).1, "2021-07-29 00:00:01");
    }
}
