//! Numbers, texts and lists as Kafka's protocol writes them: big-endian, with their lengths before them.
//!
//! # Source
//! "Kafka protocol guide", protocol primitive types, in the versions before the compact ones.

/// What was read is not what the protocol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it breaks off or is none")]
pub(super) struct Broken;

/// Entries of a list at most.
const ENTRIES_MAX: usize = 1_000_000;

/// A request that is being written.
#[derive(Debug, Default)]
pub(super) struct Writer(pub Vec<u8>);

impl Writer {
    pub fn i8(&mut self, n: i8) {
        self.0.extend_from_slice(&n.to_be_bytes());
    }

    pub fn i16(&mut self, n: i16) {
        self.0.extend_from_slice(&n.to_be_bytes());
    }

    pub fn i32(&mut self, n: i32) {
        self.0.extend_from_slice(&n.to_be_bytes());
    }

    pub fn i64(&mut self, n: i64) {
        self.0.extend_from_slice(&n.to_be_bytes());
    }

    pub fn text(&mut self, text: &str) {
        // Names are given by the user or came over the wire: they are that short.
        self.i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
        self.0.extend_from_slice(text.as_bytes().get(..i16::MAX as usize).unwrap_or(text.as_bytes()));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        self.0.extend_from_slice(bytes);
    }

    /// Writes how many entries follow.
    pub fn list(&mut self, n_entries: usize) {
        self.i32(i32::try_from(n_entries).unwrap_or(i32::MAX));
    }
}

/// What is left to read of an answer or of records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| Broken)
    }

    pub fn i8(&mut self) -> Result<i8, Broken> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    pub fn i16(&mut self) -> Result<i16, Broken> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32, Broken> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64, Broken> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// Reads a text; nothing for a null.
    pub fn text(&mut self) -> Result<Option<String>, Broken> {
        let Ok(n) = usize::try_from(self.i16()?) else { return Ok(None) };
        let bytes = self.take(n)?;
        std::str::from_utf8(bytes).map(|text| Some(text.to_string())).map_err(|_| Broken)
    }

    /// Reads bytes; nothing for a null.
    pub fn bytes(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        match usize::try_from(self.i32()?) {
            Ok(n) => self.take(n).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Reads a list; an absent one has no entries.
    pub fn list<T>(&mut self, mut entry: impl FnMut(&mut Reader<'a>) -> Result<T, Broken>) -> Result<Vec<T>, Broken> {
        let n = usize::try_from(self.i32()?).unwrap_or(0);
        if n > ENTRIES_MAX {
            return Err(Broken);
        }
        (0..n).map(|_| entry(self)).collect()
    }

    /// Reads a number of records: seven bits a byte, the signs folded.
    pub fn varint(&mut self) -> Result<i64, Broken> {
        let mut folded = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            folded |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok((folded >> 1) as i64 ^ -((folded & 1) as i64));
            }
        }
        Err(Broken)
    }

    /// Reads bytes of a record; nothing for a null.
    pub fn var_bytes(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        match usize::try_from(self.varint()?) {
            Ok(n) => self.take(n).map(Some),
            Err(_) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_read_as_written() {
        let mut writer = Writer::default();
        writer.i16(-2);
        writer.text("ab");
        writer.bytes(b"xyz");
        writer.list(2);
        writer.i32(7);
        writer.i32(8);
        let mut reader = Reader(&writer.0);
        assert_eq!(
            (reader.i16(), reader.text(), reader.bytes()),
            (Ok(-2), Ok(Some("ab".into())), Ok(Some(&b"xyz"[..])))
        );
        assert_eq!(reader.list(Reader::i32), Ok(vec![7, 8]));
        assert_eq!(reader.i8(), Err(Broken));
        for (bytes, n) in [(&[0][..], 0), (&[1], -1), (&[2], 1), (&[0xAC, 0x02], 150), (&[0xFF; 9], 0)] {
            let expected = if bytes.len() == 9 { Err(Broken) } else { Ok(n) };
            assert_eq!(Reader(bytes).varint(), expected);
        }
        assert_eq!(Reader(&[0x7F, 0xFF, 0xFF, 0xFF]).list(Reader::i8), Err(Broken));
    }
}
