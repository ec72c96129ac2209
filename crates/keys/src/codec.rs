//! Numbers and bytes one after the other, as they stand in files. All numbers are big-endian.

use crate::secret::SecretBytes;

/// Appends values to bytes, which are wiped when they are dropped.
#[derive(Default)]
pub struct Encoder(pub SecretBytes);

impl Encoder {
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&[value])
    }

    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// Appends bytes as they are. What has to grow is copied by hand, so that nothing secret stays behind.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let mut grown = SecretBytes::new(Vec::with_capacity((self.0.len() + bytes.len()) * 2));
            grown.extend_from_slice(&self.0);
            self.0 = grown;
        }
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends bytes with their number before them; there are never as many as 2^32.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).raw(bytes)
    }
}

/// Takes values off bytes; every call gives `None` when they end too early.
pub struct Decoder<'a>(pub &'a [u8]);

impl<'a> Decoder<'a> {
    pub fn take(&mut self, n_bytes: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(n_bytes)?;
        self.0 = rest;
        Some(bytes)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let n_bytes = usize::try_from(self.u32()?).ok()?;
        self.take(n_bytes)
    }
}

/// Returns bytes that no other list of parts gives: a label and each part with its length before it.
pub fn context(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let n_bytes = label.len() + parts.iter().map(|part| part.len() + 8).sum::<usize>() + 8;
    let mut bytes = Vec::with_capacity(n_bytes);
    for part in [label.as_bytes()].iter().chain(parts) {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_differ_where_their_parts_differ() {
        let contexts = [
            context("a", &[b"bc"]),
            context("ab", &[b"c"]),
            context("a", &[b"b", b"c"]),
            context("a", &[b"bc", b""]),
            context("a", &[b"", b"bc"]),
        ];
        for (idx, one) in contexts.iter().enumerate() {
            assert!(contexts.iter().skip(idx + 1).all(|other| one != other));
        }
    }
}
