//! Syslog, RFC 3164 and RFC 5424, from the network or from files. Events in CEF or LEEF inside it land where such events do.

use crate::cef;
use crate::detect::Sniff;
use crate::frame::{By, of_lines};
use crate::source::{Shape, Source};
use crate::syslog;

pub static SOURCE: Source = Source {
    name: "syslog",
    about: "syslog lines, RFC 3164 and RFC 5424, CEF and LEEF inside them included",
    shape: Shape::Text,
    tables: &["Syslog", "CommonSecurityLog"],
    detect,
    parser: |context| {
        let now = context.now;
        of_lines(By(move |line: &str, out: &mut crate::Output| syslog::record(line, now, out)))
    },
};

fn detect(sniff: &Sniff<'_>) -> u8 {
    let has_header = |line: &str| {
        let message = syslog::parse(line, i64::MAX / 4);
        message.priority.is_some()
            || (message.time.is_some() && !message.host.is_empty() && !message.program.is_empty())
    };
    match sniff.share(|line| has_header(line) || cef::is_in(line, "CEF:")) {
        100 => 70,
        80.. => 60,
        _ => 0,
    }
}
