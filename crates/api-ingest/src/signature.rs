//! The signature of a request of the HTTP Data Collector API:
//! `Authorization: SharedKey <workspace>:<base64 of HMAC-SHA256>` over method, length, content type, date and path.
//!
//! It covers the body's length and not the body: whoever can change a request on its way can change what it says.
//!
//! # Source
//! Azure Monitor documentation, "HTTP Data Collector API", authorization.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schema::ticks;

/// How far a request's date may be from the time when it comes.
const DATE_WINDOW: i64 = 15 * ticks::MINUTE;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Whose signature a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What names the workspace.
    pub workspace: String,
    pub mac: Vec<u8>,
}

impl Signature {
    /// Reads the header. `None` when it holds no signature.
    pub fn parse(header: &str) -> Option<Signature> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        let (workspace, mac) = rest.trim().split_once(':')?;
        let mac = STANDARD.decode(mac.trim()).ok()?;
        let is_whole = scheme.eq_ignore_ascii_case("SharedKey") && !workspace.is_empty() && mac.len() == 32;
        is_whole.then(|| Signature { workspace: workspace.to_string(), mac })
    }
}

/// Returns the texts that a signature may be of: with the media type alone, as documented, and as the request has it.
pub fn strings_to_sign(length: u64, content_type: &str, date: &str) -> Vec<String> {
    let text = |content_type: &str| format!("POST\n{length}\n{content_type}\nx-ms-date:{date}\n/api/logs");
    let mut texts = vec![text("application/json")];
    if content_type != "application/json" {
        texts.push(text(content_type));
    }
    texts
}

/// Reads a date as RFC 1123 has it: `Sat, 21 Nov 2026 12:00:00 GMT`. Returns ticks.
pub fn moment_of(date: &str) -> Option<i64> {
    let words: Vec<&str> = date.split_ascii_whitespace().collect();
    let [weekday, day, month, year, time, "GMT"] = words.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let is_weekday = weekday.len() == 4 && weekday.ends_with(',');
    let mut parts = time.split(':').map(|part| number(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if !is_weekday || parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let day = if day.len() == 1 { number(day, 1)? } else { number(day, 2)? };
    let of_day = i64::from(hour * 3600 + minute * 60 + second) * ticks::SECOND;
    ticks::from_civil(i32::try_from(number(year, 4)?).ok()?, u32::try_from(month).ok()? + 1, day, of_day)
}

/// Returns whether a request of this date may come now.
pub(crate) fn is_current(date: &str, now: i64) -> bool {
    moment_of(date).is_some_and(|date| now.saturating_sub(date).abs() <= DATE_WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Rng;

    fn rfc1123(moment: i64) -> String {
        let civil = ticks::civil(moment);
        let second = moment.rem_euclid(ticks::DAY) / ticks::SECOND;
        let month = MONTHS[civil.month as usize - 1];
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("Sat, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", civil.day, civil.year)
    }

    #[test]
    fn dates_are_read_back() {
        let mut rng = Rng::from_seed(1);
        for _ in 0..2_000 {
            let moment = rng.below(3_000_000) as i64 * ticks::DAY + rng.below(86_400) as i64 * ticks::SECOND;
            assert_eq!(moment_of(&rfc1123(moment)), Some(moment), "{}", rfc1123(moment));
        }
        let bad = [
            "",
            "Sat, 21 Nov 2026 12:00:00",
            "Sat, 21 Nov 2026 12:00:00 UTC",
            "Sat, 31 Feb 2026 12:00:00 GMT",
            "2026-11-21T12:00:00Z",
            "Sat, 21 Nov 2026 24:00:00 GMT",
            "Sat, 21 Nov 26 12:00:00 GMT",
            "Sat, 21 Nov 2026 12:00 GMT",
            "Sat 21 Nov 2026 12:00:00 GMT",
        ];
        for text in bad {
            assert_eq!(moment_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_counts_for_a_quarter_of_an_hour() {
        let now = 738_000 * ticks::DAY;
        for (minutes, counts) in [(0, true), (15, true), (-15, true), (16, false), (-16, false)] {
            assert_eq!(is_current(&rfc1123(now + minutes * ticks::MINUTE), now), counts, "{minutes}");
        }
    }

    #[test]
    fn headers_are_taken_apart() {
        let mac = STANDARD.encode([7; 32]);
        let found = Signature::parse(&format!("SharedKey ws-1:{mac}"));
        assert_eq!(found, Some(Signature { workspace: "ws-1".to_string(), mac: vec![7; 32] }));
        let short = STANDARD.encode([7; 31]);
        for bad in [
            "",
            "SharedKey",
            "Bearer x",
            "SharedKey ws",
            &format!("SharedKey :{mac}"),
            &format!("SharedKey ws:{short}"),
            "SharedKey ws:?",
        ] {
            assert_eq!(Signature::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_signed_is_as_documented() {
        let texts = strings_to_sign(1024, "application/json", "Mon, 04 Apr 2016 08:00:00 GMT");
        assert_eq!(texts, ["POST\n1024\napplication/json\nx-ms-date:Mon, 04 Apr 2016 08:00:00 GMT\n/api/logs"]);
        assert_eq!(strings_to_sign(1, "application/json; charset=utf-8", "d").len(), 2);
    }
}
