//! Numbers, bytes and texts one after the other, as they stand in frames. All numbers are big-endian.

use tlog::Hash;

/// Appends values to bytes.
#[derive(Default)]
pub struct Encoder(pub Vec<u8>);

impl Encoder {
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn u16(&mut self, value: u16) {
        self.0.extend(value.to_be_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.0.extend(value.to_be_bytes());
    }

    pub fn i64(&mut self, value: i64) {
        self.0.extend(value.to_be_bytes());
    }

    pub fn hash(&mut self, hash: &Hash) {
        self.0.extend(hash.0);
    }

    /// Appends bytes with their number before them.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.extend(bytes);
    }
}

/// Takes values off bytes; every call gives `None` when they end too early or are not of the kind.
pub struct Decoder<'a>(pub &'a [u8]);

impl<'a> Decoder<'a> {
    pub fn take(&mut self, n_bytes: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(n_bytes)?;
        self.0 = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
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

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn hash(&mut self) -> Option<Hash> {
        self.array().map(Hash)
    }

    pub fn bytes16(&mut self) -> Option<[u8; 16]> {
        self.array()
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let n_bytes = usize::try_from(self.u64()?).ok()?;
        self.take(n_bytes)
    }

    pub fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    /// Returns whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}
