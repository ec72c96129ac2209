//! What is asked of a timestamp authority.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Encode, Sequence};
use tlog::Hash;

pub const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

#[derive(Sequence)]
struct TimeStampReq<'a> {
    version: u8,
    message_imprint: MessageImprint<'a>,
    nonce: u64,
    cert_req: bool,
}

#[derive(Sequence)]
struct MessageImprint<'a> {
    hash_algorithm: AlgorithmIdentifier<'a>,
    hashed_message: OctetStringRef<'a>,
}

#[derive(Sequence)]
struct AlgorithmIdentifier<'a> {
    algorithm: ObjectIdentifier,
    parameters: AnyRef<'a>,
}

/// Returns a request for a timestamp of a SHA-256 hash, with the authority's certificates in the answer. The nonce ties the answer to
/// the request.
///
/// # Source
/// RFC 3161, section 2.4.1.
pub fn request(hash: &Hash, nonce: u64) -> Vec<u8> {
    let hash_algorithm = AlgorithmIdentifier { algorithm: SHA_256, parameters: AnyRef::NULL };
    let encoded = OctetStringRef::new(&hash.0).and_then(|hashed_message| {
        let message_imprint = MessageImprint { hash_algorithm, hashed_message };
        TimeStampReq { version: 1, message_imprint, nonce, cert_req: true }.to_der()
    });
    // Its parts have fixed lengths, so that it can be encoded always.
    encoded.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_bytes_that_it_should_be() {
        let bytes = request(&Hash([0xab; 32]), 0xfedc_ba98_7654_3210);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = format!(
            "3044{}{}{}{}",
            "020101",
            format!("3031300d0609608648016503040201050004 20{}", "ab".repeat(32)).replace(' ', ""),
            "020900fedcba9876543210",
            "0101ff"
        );
        assert_eq!(hex, expected);
    }
}
