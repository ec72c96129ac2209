//! Lines of CEF, behind a header of syslog or not.

use crate::cef;
use crate::detect::Sniff;
use crate::frame::{By, of_lines};
use crate::output::{Output, Reason};
use crate::source::{Shape, Source};

pub static SOURCE: Source = Source {
    name: "cef",
    about: "events in CEF, behind a header of syslog or not",
    shape: Shape::Text,
    tables: &["CommonSecurityLog"],
    detect,
    parser: |context| {
        let now = context.now;
        of_lines(By(move |line: &str, out: &mut Output| match cef::of_line(line, now) {
            Some(row) if cef::is_in(line, "CEF:") => out.record(row),
            _ => out.reject(Reason::Malformed, "the line holds no event in CEF", line.as_bytes()),
        }))
    },
};

fn detect(sniff: &Sniff<'_>) -> u8 {
    if sniff.share(|line| cef::is_in(line, "CEF:")) >= 60 { 90 } else { 0 }
}
