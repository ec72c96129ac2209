//! Sealed files: ranges of what was sealed, and nothing else, whatever is done to the file.

mod common;

use std::io::Write;
use std::ops::Range;

use common::World;
use keys::{KeyError, Purpose, SealedStream, Sealer, stream};
use proptest::prelude::*;

const CHUNK: usize = 2048;
const FULL: usize = CHUNK + 16;

fn seal(sealer: &Sealer, object: &str, contents: &[u8], piece: usize) -> Vec<u8> {
    let mut writer = sealer.seal_stream(Purpose::Extents, object, CHUNK as u32, Vec::new()).expect("a stream");
    for piece in contents.chunks(piece.max(1)) {
        writer.write_all(piece).expect("written");
    }
    writer.finish().expect("finished")
}

fn from(file: &[u8]) -> impl FnMut(Range<u64>) -> std::io::Result<Vec<u8>> {
    |range| {
        let bytes = file.get(range.start as usize..range.end as usize);
        bytes.map(<[u8]>::to_vec).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }
}

fn open(sealer: &Sealer, object: &str, file: &[u8]) -> Result<SealedStream, KeyError> {
    sealer.open_stream(Purpose::Extents, object, file.len() as u64, from(file))
}

fn contents(n_bytes: usize) -> Vec<u8> {
    (0..n_bytes).map(|n| (n * 31 + n / 251) as u8).collect()
}

fn sealer() -> (common::Open, Sealer) {
    let open = World::new(1).open();
    let sealer = open.store.sealer("contoso").expect("keys");
    (open, sealer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_range_comes_back(
        n_bytes in prop_oneof![0..4usize, CHUNK - 2..CHUNK + 2, 2 * CHUNK - 2..2 * CHUNK + 2, 0..5 * CHUNK],
        piece in 1..3 * CHUNK,
        ranges in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 8),
    ) {
        let (_open, sealer) = sealer();
        let contents = contents(n_bytes);
        let file = seal(&sealer, "a", &contents, piece);
        prop_assert_eq!(file.len(), stream::HEADER_BYTES + n_bytes + 16 * n_bytes.div_ceil(CHUNK).max(1));
        let stream = open(&sealer, "a", &file).expect("opened");
        prop_assert_eq!(stream.len(), n_bytes as u64);
        for (a, b) in ranges {
            let (a, b) = (a.index(n_bytes + 1), b.index(n_bytes + 1));
            let range = a.min(b) as u64..a.max(b) as u64;
            let sealed = stream.sealed_range(&range).expect("a range");
            prop_assert!(sealed.end - sealed.start <= range.end - range.start + 2 * FULL as u64);
            let found = stream.read(range.clone(), from(&file)).expect("read");
            prop_assert_eq!(&found, &contents[a.min(b)..a.max(b)]);
        }
    }

    /// Nothing that was not sealed opens, and no length makes the arithmetic fail.
    #[test]
    fn other_bytes_are_refused(
        magic in prop_oneof![Just(&b""[..]), Just(&b"VIDIMUSB\x01\x03"[..]), Just(&b"VIDIMUSX\x01\x03"[..])],
        epoch in prop_oneof![Just(1u64), any::<u64>()],
        chunk_bytes in prop_oneof![Just(2048u32), any::<u32>()],
        rest in proptest::collection::vec(any::<u8>(), 0..100),
        len in any::<u64>(),
    ) {
        let (_open, sealer) = sealer();
        let file = [magic, &epoch.to_be_bytes(), &chunk_bytes.to_be_bytes(), &rest].concat();
        prop_assert!(open(&sealer, "a", &file).is_err());
        prop_assert!(sealer.open(Purpose::Extents, "a", &mut file.clone()).is_err());
        for len in [len, u64::MAX, i64::MAX as u64] {
            let found = sealer.open_stream(Purpose::Extents, "a", len, |range| {
                let n_bytes = (range.end - range.start).min(1 << 16);
                Ok(file.iter().copied().chain(std::iter::repeat(0)).take(n_bytes as usize).collect())
            });
            prop_assert!(found.is_err());
        }
    }

    /// Whatever was changed, a range is right or refused.
    #[test]
    fn a_changed_file_gives_nothing_else(
        n_bytes in 0..4 * CHUNK,
        at in any::<prop::sample::Index>(),
        mask in 1..=255u8,
        start in any::<prop::sample::Index>(),
        len in 0..CHUNK,
    ) {
        let (_open, sealer) = sealer();
        let contents = contents(n_bytes);
        let mut file = seal(&sealer, "a", &contents, CHUNK);
        let at = at.index(file.len());
        file[at] ^= mask;
        if let Ok(stream) = open(&sealer, "a", &file) {
            let start = start.index(n_bytes + 1);
            let range = start..(start + len).min(n_bytes);
            if let Ok(found) = stream.read(range.start as u64..range.end as u64, from(&file)) {
                prop_assert_eq!(&found, &contents[range]);
            }
            prop_assert!(stream.read(0..n_bytes as u64, from(&file)).is_err());
        }
    }
}

#[test]
fn chunks_keep_their_places_and_none_is_missing() {
    let (_open, sealer) = sealer();
    let contents = contents(3 * CHUNK + 10);
    let file = seal(&sealer, "a", &contents, CHUNK);
    let other = seal(&sealer, "a", &contents, CHUNK);
    let chunk = |file: &[u8], number: usize| {
        let start = stream::HEADER_BYTES + number * FULL;
        file[start..(start + FULL).min(file.len())].to_vec()
    };
    let header = file[..stream::HEADER_BYTES].to_vec();
    let with = |chunks: &[Vec<u8>]| [header.clone(), chunks.concat()].concat();
    let [a, b, c, d] = [0, 1, 2, 3].map(|number| chunk(&file, number));
    let bad = [
        ("exchanged", with(&[b.clone(), a.clone(), c.clone(), d.clone()])),
        ("left out", with(&[a.clone(), c.clone(), d.clone()])),
        ("twice", with(&[a.clone(), a.clone(), b.clone(), c.clone(), d.clone()])),
        ("cut off", with(&[a.clone(), b.clone(), c.clone()])),
        ("cut off after the first", with(std::slice::from_ref(&a))),
        ("no chunk", with(&[])),
        ("no header", file[..stream::HEADER_BYTES - 1].to_vec()),
        ("another file's", with(&[a.clone(), chunk(&other, 1), c.clone(), d.clone()])),
        ("another file's header", [other[..stream::HEADER_BYTES].to_vec(), [&*a, &b, &c, &d].concat()].concat()),
        ("appended", [file.clone(), vec![0]].concat()),
        ("an empty chunk at the end", [file.clone(), vec![0; 16]].concat()),
        ("one byte less", file[..file.len() - 1].to_vec()),
    ];
    for (what, bad) in bad {
        let found = open(&sealer, "a", &bad).and_then(|stream| stream.read(0..stream.len(), from(&bad)));
        assert!(found.is_err(), "{what}");
    }
    let good = with(&[a, b, c, d]);
    assert_eq!(
        open(&sealer, "a", &good).expect("opened").read(0..contents.len() as u64, from(&good)).expect("read"),
        contents
    );
}

#[test]
fn every_length_but_its_own_is_refused_at_the_opening() {
    let (_open, sealer) = sealer();
    for n_bytes in [0, 1, CHUNK, CHUNK + 1] {
        let file = seal(&sealer, "a", &contents(n_bytes), CHUNK);
        for cut in 0..file.len() {
            assert!(open(&sealer, "a", &file[..cut]).is_err(), "{cut} of {} bytes", file.len());
        }
    }
}

#[test]
fn a_file_opens_as_what_it_was_sealed() {
    let (keys, sealer) = sealer();
    let file = seal(&sealer, "a", b"contents", 1);
    assert!(matches!(open(&sealer, "b", &file), Err(KeyError::NotAuthentic { .. })));
    let fabrikam = keys.store.sealer("fabrikam").expect("keys");
    assert!(matches!(open(&fabrikam, "a", &file), Err(KeyError::NotAuthentic { .. })));
    let as_wal = sealer.open_stream(Purpose::Wal, "a", file.len() as u64, from(&file));
    assert!(matches!(as_wal, Err(KeyError::NotAuthentic { .. })));
    let mut as_blob = file.clone();
    assert!(matches!(sealer.open(Purpose::Extents, "a", &mut as_blob), Err(KeyError::NotSealed { .. })));
    let stream = open(&sealer, "a", &file).expect("opened");
    for range in [0..9, 9..9, Range { start: 5, end: 4 }] {
        assert!(matches!(stream.read(range, from(&file)), Err(KeyError::OutOfRange { len: 8, .. })));
    }
    keys.store.new_epoch("contoso", Purpose::Extents).expect("an epoch");
    keys.store.destroy_epoch("contoso", Purpose::Extents, 1).expect("destroyed");
    assert!(matches!(open(&sealer, "a", &file), Err(KeyError::EpochDestroyed { .. })));
    for chunk_bytes in [0, 1, stream::CHUNK_BYTES_MIN - 1, stream::CHUNK_BYTES_MAX + 1, u32::MAX] {
        let refused = sealer.seal_stream(Purpose::Extents, "a", chunk_bytes, Vec::new());
        assert!(matches!(refused, Err(KeyError::ChunkSize(_))));
    }
}

/// A writer that fails once, as a full disk that is made room on.
struct Fails(Vec<u8>, usize);

impl Write for Fails {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.1 == 0 {
            self.1 = usize::MAX;
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.1 -= 1;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_failed_write_nothing_more_is_written() {
    let (_open, sealer) = sealer();
    let mut writer = sealer.seal_stream(Purpose::Extents, "a", CHUNK as u32, Fails(Vec::new(), 2)).expect("a stream");
    assert!(writer.write_all(&contents(3 * CHUNK)).is_err());
    assert!(writer.write_all(&[1; CHUNK]).is_err());
    assert!(writer.finish().is_err());
}
