//! The one way in which anything is encrypted here: a key of its own by HKDF-SHA-256, then AES-256-GCM.
//!
//! ```text
//! key, 32 random bytes of salt, context ──HKDF──► key of this one message ──AES-256-GCM, nonces 0, 1, 2, ...──► ciphertext, tags
//! ```
//!
//! AES-GCM loses everything when a key meets the same nonce twice. NIST therefore bounds a key with random nonces of 96 bits to 2^32
//! messages, which somebody would have to count, across crashes and copies of a disk. Here each message has a key of its own, under
//! which nonces are counted from 0 (the deterministic construction); two messages share a key only when 256 random bits are
//! the same. No counter has to survive anything, and no bound on the number of messages is in reach.
//!
//! # Source
//! NIST SP 800-38D, sections 8.1 (uniqueness), 8.2.1 (deterministic construction), 8.3 (bound for random nonces) and 5.2.1.1 (lengths);
//! RFC 5869 (HKDF).

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use stdx::Entropy;

use crate::KeyError;
use crate::secret::{Key, SecretBytes};

/// The size in bytes of the salt that makes a message's key.
pub const SALT_BYTES: usize = 32;
/// The size in bytes of an authentication tag.
pub const TAG_BYTES: usize = 16;
/// How much longer a box is than its contents.
pub const BOX_BYTES: usize = SALT_BYTES + TAG_BYTES;
/// The most bytes that may stand under one nonce: 2^39 - 256 bits.
const MESSAGE_BYTES_MAX: u64 = (1 << 36) - 32;

pub type Salt = [u8; SALT_BYTES];

/// Returns random bytes for a message's key.
pub fn random_salt(entropy: &dyn Entropy) -> Result<Salt, KeyError> {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt).map_err(KeyError::Entropy)?;
    Ok(salt)
}

/// Returns the key that belongs to a salt and a context.
pub fn derive(key: &Key, salt: &[u8], context: &[u8]) -> Key {
    let mut derived = Key::from_bytes([0; Key::BYTES]);
    // 32 bytes are within the 255 * 32 that there can be.
    let expanded = Hkdf::<Sha256>::new(Some(salt), key.expose()).expand(context, derived.expose_mut());
    debug_assert!(expanded.is_ok());
    derived
}

/// A key that encrypts or decrypts the parts of one message.
pub struct MessageCipher(Aes256Gcm);

impl MessageCipher {
    /// Makes the cipher of the message with a salt and a context.
    pub fn new(key: &Key, salt: &Salt, context: &[u8]) -> MessageCipher {
        MessageCipher::of(&derive(key, salt, context))
    }

    fn of(key: &Key) -> MessageCipher {
        MessageCipher(Aes256Gcm::new(key.expose().into()))
    }

    /// Encrypts in place and returns the tag; `None` when it is too long. No nonce may be used twice.
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], bytes: &mut [u8]) -> Option<[u8; TAG_BYTES]> {
        if bytes.len() as u64 > MESSAGE_BYTES_MAX {
            return None;
        }
        self.0.encrypt_inout_detached(nonce.into(), aad, bytes.into()).ok().map(Into::into)
    }

    /// Decrypts in place if the tag is right; else `None`, and the bytes are as they were.
    pub fn open(&self, nonce: &[u8; 12], aad: &[u8], bytes: &mut [u8], tag: &[u8]) -> Option<()> {
        let tag: &[u8; TAG_BYTES] = tag.try_into().ok()?;
        self.0.decrypt_inout_detached(nonce.into(), aad, bytes.into(), tag.into()).ok()
    }
}

/// Encrypts something small: salt, ciphertext, tag.
pub fn seal_box(key: &Key, context: &[u8], secret: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, KeyError> {
    let salt = random_salt(entropy)?;
    let mut sealed = Vec::with_capacity(secret.len() + BOX_BYTES);
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(secret);
    let too_large = KeyError::TooLarge { bytes: secret.len() as u64 };
    let contents = sealed.get_mut(SALT_BYTES..).unwrap_or_default();
    let tag = MessageCipher::new(key, &salt, context).seal(&[0; 12], context, contents).ok_or(too_large)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Returns what is in a box; `None` when it was sealed with another key or context or is damaged.
pub fn open_box(key: &Key, context: &[u8], sealed: &[u8]) -> Option<SecretBytes> {
    let (salt, rest) = sealed.split_first_chunk::<SALT_BYTES>()?;
    let (contents, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut contents = SecretBytes::new(contents.to_vec());
    MessageCipher::new(key, salt, context).open(&[0; 12], context, &mut contents, tag)?;
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::SystemEntropy;

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hex")).collect()
    }

    /// # Source
    /// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 13 to 16, which NIST validates with.
    #[test]
    fn aes_256_gcm_gives_the_published_values() {
        let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        let nonce = "cafebabefacedbaddecaf888";
        let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
        let sealed = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
                      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
        let short = |text: &str| unhex(text).into_iter().take(60).collect::<Vec<u8>>();
        let zero = "00".repeat(32);
        let cases = [
            (zero.as_str(), "00".repeat(12), vec![], String::new(), vec![], "530f8afbc74536b9a963b4f1c4cb738b"),
            (
                zero.as_str(),
                "00".repeat(12),
                vec![0; 16],
                String::new(),
                unhex("cea7403d4d606b6e074ec5d3baf39d18"),
                "d0d1c8a799996bf0265b98b5d48ab919",
            ),
            (key, nonce.to_string(), unhex(plain), String::new(), unhex(sealed), "b094dac5d93471bdec1a502270e3cc6c"),
            (
                key,
                nonce.to_string(),
                short(plain),
                "feedfacedeadbeeffeedfacedeadbeefabaddad2".to_string(),
                short(sealed),
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ];
        for (key, nonce, plain, aad, sealed, tag) in cases {
            let cipher = MessageCipher::of(&Key::from_slice(&unhex(key)).expect("a key"));
            let nonce: [u8; 12] = unhex(&nonce).try_into().expect("a nonce");
            let mut bytes = plain.clone();
            let found = cipher.seal(&nonce, &unhex(&aad), &mut bytes).expect("sealed");
            assert_eq!((bytes.as_slice(), found.to_vec()), (sealed.as_slice(), unhex(tag)));
            cipher.open(&nonce, &unhex(&aad), &mut bytes, &found).expect("opened");
            assert_eq!(bytes, plain);
        }
    }

    /// # Source
    /// RFC 5869, appendix A.1; its result has 42 bytes, of which a key has the first 32. The input there has 22 bytes, no key here has,
    /// so the library is asked directly.
    #[test]
    fn hkdf_sha_256_gives_the_published_values() {
        let mut found = [0; 42];
        let (salt, info) = (unhex("000102030405060708090a0b0c"), unhex("f0f1f2f3f4f5f6f7f8f9"));
        Hkdf::<Sha256>::new(Some(&salt), &[0x0b; 22]).expand(&info, &mut found).expect("a length");
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(found.to_vec(), unhex(expected));
        // And the way in which keys are made is that library's.
        let mut direct = [0; 32];
        Hkdf::<Sha256>::new(Some(&salt), &[7; 32]).expand(&info, &mut direct).expect("a length");
        assert_eq!(derive(&Key::from_bytes([7; 32]), &salt, &info).expose(), &direct);
    }

    #[test]
    fn every_flipped_bit_of_a_box_is_found() {
        let key = Key::from_bytes([3; 32]);
        let sealed = seal_box(&key, b"here", b"contents", &SystemEntropy).expect("sealed");
        assert_eq!(open_box(&key, b"here", &sealed).expect("opened").as_slice(), b"contents");
        assert!(open_box(&key, b"there", &sealed).is_none());
        assert!(open_box(&Key::from_bytes([4; 32]), b"here", &sealed).is_none());
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open_box(&key, b"here", &flipped).is_none(), "bit {bit}");
        }
        for n_bytes in 0..sealed.len() {
            assert!(open_box(&key, b"here", &sealed[..n_bytes]).is_none(), "{n_bytes} bytes");
        }
    }

    #[test]
    fn the_same_contents_never_look_the_same() {
        let key = Key::from_bytes([3; 32]);
        let seal = || seal_box(&key, b"here", b"contents", &SystemEntropy).expect("sealed");
        assert_ne!(seal()[SALT_BYTES..], seal()[SALT_BYTES..]);
    }
}
