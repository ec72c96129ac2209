//! Bytes that no builder wrote give an error or some answer, and never a panic.

use crate::model::{OPERATORS, index_of, options};
use bytes::Bytes;
use proptest::prelude::*;
use terms::{IndexBuilder, IndexError, Subject, TermIndex, TextKind};

/// Bytes of the head of an index of two columns.
const HEAD_BYTES: usize = 31 + 2 * 21;

/// Asks all that can be asked of an index, if it opens.
fn ask(bytes: Vec<u8>) -> bool {
    let Ok(index) = TermIndex::open(Bytes::from(bytes)) else { return false };
    index.columns().for_each(drop);
    for column in [0, 3, 7] {
        for needle in ["alpha", "x 10.1.2.3", "c1db", "absent words"] {
            for subject in [Subject::value(column), Subject::part(column), Subject::reparsed(column)] {
                let blocks = index.blocks(&subject.has(needle));
                assert!(blocks.count() <= blocks.total());
                assert!(blocks.rows() <= index.rows());
                assert!(blocks.row_ranges().all(|rows| rows.start < rows.end && rows.end <= index.rows()));
            }
        }
    }
    true
}

/// Returns an index whose sets of blocks are of every form.
fn sample() -> Vec<u8> {
    let rows: Vec<String> = (0..64 * 20)
        .map(|row| {
            let block = row / 64;
            let some = if block % 7 == 0 { "some" } else { "none" };
            let half = if block % 2 == 0 { "even" } else { "odd" };
            let most = if block == 9 { "" } else { "most" };
            format!(r#"{{"id":"{}-ad67d136","x":"alpha {some} {half} {most} 10.1.2.{block}"}}"#, row / 32)
        })
        .collect();
    let mut builder = IndexBuilder::new(options()).unwrap();
    for (id, kind) in [(3, TextKind::String), (7, TextKind::Json)] {
        builder.column(id, kind).unwrap();
        builder.push(id, &arrow::array::StringArray::from_iter_values(&rows)).unwrap();
    }
    builder.finish(rows.len() as u64).unwrap()
}

#[test]
fn no_flipped_bit_makes_a_panic() {
    let bytes = sample();
    assert!(ask(bytes.clone()));
    let mut refused = 0;
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        refused += usize::from(!ask(damaged));
    }
    assert!(refused > 8 * 8, "{refused}");
}

#[test]
fn no_cut_makes_a_panic_and_every_cut_is_refused() {
    let bytes = sample();
    for len in 0..bytes.len() {
        assert!(!ask(bytes[..len].to_vec()), "{len}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(!ask(longer));
}

proptest! {
    #[test]
    fn any_bytes_behind_the_head_are_survived(noise in proptest::collection::vec(any::<u8>(), 1..600), at in any::<prop::sample::Index>()) {
        let mut bytes = sample();
        // Behind the head and its list of columns.
        let start = HEAD_BYTES + at.index(bytes.len() - HEAD_BYTES);
        for (byte, noise) in bytes.iter_mut().skip(start).zip(noise) {
            *byte = noise;
        }
        prop_assert!(ask(bytes));
    }

    #[test]
    fn any_numbers_in_the_head_are_survived(noise in proptest::collection::vec(any::<u8>(), 1..24), at in 8..HEAD_BYTES) {
        let mut bytes = sample();
        for (byte, noise) in bytes.iter_mut().take(HEAD_BYTES).skip(at).zip(noise) {
            *byte = noise;
        }
        ask(bytes);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        ask(bytes);
    }
}

#[test]
fn what_is_no_index_is_named() {
    let open = |bytes: Vec<u8>| TermIndex::open(Bytes::from(bytes)).unwrap_err();
    assert_eq!(open(Vec::new()), IndexError::NotAnIndex);
    assert_eq!(open(b"PAR1PAR1PAR1".to_vec()), IndexError::NotAnIndex);
    let mut newer = sample();
    newer[8] = 9;
    assert_eq!(open(newer), IndexError::Version { version: 9 });
    assert!(matches!(open(sample()[..40].to_vec()), IndexError::Damaged { .. }));
}

#[test]
fn an_index_of_another_unicode_trusts_ascii_texts_only() {
    let texts: Vec<String> = ["alpha", "betaé", "gamma"].map(str::to_string).into();
    let mut bytes = {
        let mut builder = IndexBuilder::new(options()).unwrap();
        builder.column(7, TextKind::String).unwrap();
        let rows: Vec<&str> = texts.iter().flat_map(|text| std::iter::repeat_n(text.as_str(), 64)).collect();
        builder.push(7, &arrow::array::StringArray::from(rows)).unwrap();
        builder.finish(192).unwrap()
    };
    let count = |bytes: &[u8], needle: &str| {
        let index = TermIndex::open(Bytes::copy_from_slice(bytes)).unwrap();
        index.blocks(&Subject::value(7).has(needle)).row_ranges().map(|rows| (rows.start, rows.end)).collect::<Vec<_>>()
    };
    assert_eq!(count(&bytes, "gamma"), [(128, 192)]);
    assert_eq!(count(&bytes, "delta"), []);
    bytes[10] = 1;
    assert_eq!(count(&bytes, "gamma"), [(64, 192)]);
    assert_eq!(count(&bytes, "delta"), [(64, 128)]);
}

#[test]
fn every_operator_has_an_answer_about_an_index_without_rows() {
    let index = index_of(TextKind::String, &[], "");
    for operator in OPERATORS {
        let blocks = index.blocks(&operator.predicate(Subject::value(7), "a b"));
        assert!(blocks.is_all() && blocks.is_empty());
    }
}
