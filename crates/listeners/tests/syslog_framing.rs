//! However a stream is cut, its messages are the same; and they are what was sent.

use listeners::syslog::{Fault, Framing, Message};
use proptest::prelude::*;

/// Cuts a stream into pieces of the lengths that are given, in turn.
fn read(stream: &[u8], steps: &[usize], message_bytes_max: usize, is_closed: bool) -> Vec<Message> {
    let (mut framing, mut out, mut rest) = (Framing::new(message_bytes_max), Vec::new(), stream);
    let mut steps = steps.iter().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((*steps.next().unwrap()).clamp(1, rest.len()));
        framing.push(piece, &mut out);
        rest = after;
    }
    framing.finish(is_closed, &mut out);
    out
}

fn whole(texts: &[&str]) -> Vec<Message> {
    texts.iter().map(|text| Message::whole(text.as_bytes().to_vec())).collect()
}

#[test]
fn messages_end_as_they_begin() {
    let all = |stream: &str| read(stream.as_bytes(), &[1], 100, true);
    assert_eq!(all("<13>a\n<13>b\r\n\n<13>c\0<13>d"), whole(&["<13>a", "<13>b\r", "<13>c", "<13>d"]));
    assert_eq!(all("5 <13>a7 <13>b\nc<13>d\n5 <13>e\n"), whole(&["<13>a", "<13>b\nc", "<13>d", "<13>e"]));
    // What only looks like a length.
    assert_eq!(all("404 not found\n"), whole(&["404 not found"]));
    assert_eq!(all("2026-05-01 text\n12\n0 <13>a\n"), whole(&["2026-05-01 text", "12", "0 <13>a"]));
    assert_eq!(all("1234567890 <13>a\n12  <13>b\n"), whole(&["1234567890 <13>a", "12  <13>b"]));
    assert_eq!(all("12"), whole(&["12"]));
    assert_eq!(all(""), []);
}

#[test]
fn what_is_too_long_or_has_no_end_is_said() {
    let read = |stream: &str, is_closed| read(stream.as_bytes(), &[3], 12, is_closed);
    let faulty = |text: &str, fault| Message { bytes: text.as_bytes().to_vec(), fault: Some(fault) };
    let long = faulty("<13>34567890", Fault::Oversized { length: 14 });
    assert_eq!(read("<13>3456789012\n<13>b\n", true), [long.clone(), Message::whole(b"<13>b".to_vec())]);
    assert_eq!(read("14 <13>34567890125 <13>b", true), [long, Message::whole(b"<13>b".to_vec())]);
    assert_eq!(read("9 <13>a", true), [faulty("<13>a", Fault::Unfinished { length: Some(9) })]);
    assert_eq!(read("<13>a", false), [faulty("<13>a", Fault::Unfinished { length: None })]);
    assert_eq!(read("12", false), [faulty("12", Fault::Unfinished { length: None })]);
}

#[test]
fn how_much_there_is_of_a_message_is_known() {
    let mut framing = Framing::new(64);
    let mut out = Vec::new();
    assert!(framing.is_between());
    framing.push(b"999999 <", &mut out);
    assert!(!framing.is_between() && framing.length() == 999_999);
    let mut framing = Framing::new(64);
    for _ in 0..100 {
        framing.push(&[b'x'; 1000], &mut out);
    }
    assert_eq!((framing.length(), out.len()), (100_000, 0));
    framing.push(b"\n", &mut out);
    assert!(framing.is_between() && out.len() == 1 && out[0].bytes.len() == 64);
}

/// A message, and whether its length is sent before it.
fn sent() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let counted = proptest::collection::vec(any::<u8>(), 0..80).prop_map(|rest| ([b"<".to_vec(), rest].concat(), true));
    let line = "[<0-9a-z][0-9 a-z\\[\\]=<>é]{0,60}";
    let is_line = |text: &String| {
        let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
        !(after.len() < text.len() && after.starts_with(" <"))
    };
    let line = line.prop_filter("it looks like a length", is_line).prop_map(|text| (text.into_bytes(), false));
    prop_oneof![counted, line]
}

proptest! {
    #[test]
    fn what_was_sent_is_what_is_read(
        messages in proptest::collection::vec(sent(), 0..20),
        steps in proptest::collection::vec(1_usize..40, 1..8),
    ) {
        let mut stream = Vec::new();
        for (message, is_counted) in &messages {
            if *is_counted {
                stream.extend_from_slice(format!("{} ", message.len()).as_bytes());
            }
            stream.extend_from_slice(message);
            if !is_counted {
                stream.push(b'\n');
            }
        }
        let expected: Vec<Message> = messages.into_iter().map(|(message, _)| Message::whole(message)).collect();
        prop_assert_eq!(read(&stream, &steps, 1000, false), expected);
    }

    #[test]
    fn how_a_stream_is_cut_changes_nothing(
        stream in proptest::collection::vec(prop_oneof![
            Just(b'<'), Just(b' '), Just(b'\n'), Just(0), b'0'..=b'9', any::<u8>()
        ], 0..300),
        steps in proptest::collection::vec(1_usize..40, 1..8),
        is_closed: bool,
    ) {
        let at_once = read(&stream, &[usize::MAX], 32, is_closed);
        prop_assert_eq!(&read(&stream, &steps, 32, is_closed), &at_once);
        prop_assert_eq!(&read(&stream, &[1], 32, is_closed), &at_once);
        prop_assert!(at_once.iter().all(|message| message.bytes.len() <= 32));
    }
}
