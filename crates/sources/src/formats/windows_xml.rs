//! Windows events as XML: elements `<Event>`, one after the other or in a document.

use crate::detect::Sniff;
use crate::frame::xml::Events;
use crate::frame::{By, Framed};
use crate::output::Output;
use crate::source::{Shape, Source};
use crate::windows::Event;

pub static SOURCE: Source = Source {
    name: "windows_xml",
    about: "Windows events as XML",
    shape: Shape::Text,
    tables: &["SecurityEvent", "Event", "WindowsEvent"],
    detect,
    parser: |context| {
        let is_forwarded = context.path.to_ascii_lowercase().contains("forwardedevents");
        let convert = By(move |xml: &str, out: &mut Output| {
            let event = Event::of_xml(xml).map(|event| Event { is_forwarded, ..event }.into_row());
            out.result(event, xml);
        });
        Box::new(Framed::new(Events::default(), convert))
    },
};

fn detect(sniff: &Sniff<'_>) -> u8 {
    let text = sniff.text().trim_start();
    if text.starts_with('<') && text.contains("<Event") && text.contains("schemas.microsoft.com/win/2004/08/events") {
        95
    } else {
        0
    }
}
