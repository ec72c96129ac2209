//! Whose timestamps are believed: the certificates that an authority's own one must lead to.

use std::time::Duration;

use der::Tag;
use der::asn1::ObjectIdentifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use sha2::{Digest, Sha256, Sha384, Sha512};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring as algorithms};

use super::element::{Elements, context};
use super::token::TokenError;

/// The contents of the identifier 1.3.6.1.5.5.7.3.8, id-kp-timeStamping.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// A timestamp authority that is believed.
#[derive(Debug, Clone)]
pub struct Authority {
    roots: Vec<TrustAnchor<'static>>,
    /// Certificates between the roots and the authority's own, for answers that leave them out.
    chain: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// Reads the certificates to which an authority's own must lead, and those in between as far as answers lack them, in PEM.
    ///
    /// # Errors
    /// When there is no root, or something is not a certificate.
    pub fn from_pem(roots: &[u8], chain: &[u8]) -> Result<Authority, TokenError> {
        let read = |pem: &[u8]| -> Result<Vec<CertificateDer<'static>>, TokenError> {
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| TokenError::Roots)
        };
        let anchor = |root: &CertificateDer<'static>| {
            anchor_from_trusted_cert(root).map(|anchor| anchor.to_owned()).map_err(|_| TokenError::Roots)
        };
        let roots: Vec<TrustAnchor<'static>> = read(roots)?.iter().map(anchor).collect::<Result<_, _>>()?;
        if roots.is_empty() { Err(TokenError::Roots) } else { Ok(Authority { roots, chain: read(chain)? }) }
    }

    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Makes sure that a certificate led to a root at a time, in seconds since 1970, and that it is for timestamps and nothing else.
    pub(super) fn check(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        time_seconds: u64,
    ) -> Result<(), TokenError> {
        let entity = EndEntityCert::try_from(certificate).map_err(unacceptable)?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(time_seconds));
        // Those in between may be for anything; the authority's own certificate is looked at below.
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        let others: Vec<CertificateDer<'_>> = others.iter().chain(&self.chain).cloned().collect();
        let path = entity.verify_for_usage(ALL_VERIFICATION_ALGS, &self.roots, &others, time, usage, None, None);
        path.map_err(unacceptable)?;
        if is_for_timestamps_only(certificate)? {
            Ok(())
        } else {
            Err(TokenError::Certificate { why: "it has to be for timestamps only, and to say that this is critical" })
        }
    }
}

/// Says in our words why a certificate is not acceptable.
pub(super) fn unacceptable(error: webpki::Error) -> TokenError {
    let why = match error {
        webpki::Error::CertExpired { .. } => "it, or one that it leads to, had expired at that time",
        webpki::Error::CertNotValidYet { .. } => "it, or one that it leads to, was not valid yet at that time",
        webpki::Error::UnknownIssuer => "it does not lead to a root that is trusted",
        webpki::Error::RequiredEkuNotFoundContext(_) => "it, or one that it leads to, is not for timestamps",
        _ => "it, or one that it leads to, is not valid or has a form or an algorithm that is not known here",
    };
    TokenError::Certificate { why }
}

/// Returns whether a certificate says, as critical, that its key is for timestamps and nothing else.
///
/// # Source
/// RFC 3161, section 2.3; RFC 5280, section 4.2.1.12.
fn is_for_timestamps_only(certificate: &[u8]) -> Result<bool, TokenError> {
    const WHAT: &str = "certificate";
    let mut contents = Elements::of_sequence(WHAT, certificate)?.expect_inside(Tag::Sequence)?;
    while let Some(element) = contents.next() {
        if der::Tagged::tag(&element) != context(3) {
            continue;
        }
        let mut extensions = Elements::parse(WHAT, element.value())?.expect_inside(Tag::Sequence)?;
        while let Some(extension) = extensions.take(Tag::Sequence) {
            let mut extension = Elements::parse(WHAT, extension)?;
            if extension.expect_oid()? != EXTENDED_KEY_USAGE {
                continue;
            }
            let is_critical = extension.take(Tag::Boolean) == Some(&[0xff]);
            let mut usages = Elements::of_sequence(WHAT, extension.expect(Tag::OctetString)?)?;
            let is_only = usages.take(Tag::ObjectIdentifier) == Some(TIME_STAMPING) && usages.next().is_none();
            return Ok(is_critical && is_only);
        }
    }
    Ok(false)
}

/// A hash function of SHA-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sha2 {
    Sha256,
    Sha384,
    Sha512,
}

impl Sha2 {
    /// Returns the function that an identifier names; `None` for any other, which is not taken.
    pub fn of_oid(oid: ObjectIdentifier) -> Option<Sha2> {
        match oid.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => Some(Sha2::Sha256),
            "2.16.840.1.101.3.4.2.2" => Some(Sha2::Sha384),
            "2.16.840.1.101.3.4.2.3" => Some(Sha2::Sha512),
            _ => None,
        }
    }

    pub fn hash(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Sha2::Sha256 => Sha256::digest(bytes).to_vec(),
            Sha2::Sha384 => Sha384::digest(bytes).to_vec(),
            Sha2::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// Returns the ways in which a signature may be verified: by the identifier of its algorithm, which may or may not name a hash function,
/// and the hash function that stands apart; none if it is not verified here or the two do not agree.
///
/// # Source
/// RFC 5754, sections 3.2 and 3.3.
pub fn signature_algorithms(oid: ObjectIdentifier, hash: Sha2) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    let (rsa, ecdsa): (&'static dyn SignatureVerificationAlgorithm, _) = match hash {
        Sha2::Sha256 => {
            (algorithms::RSA_PKCS1_2048_8192_SHA256, vec![algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256])
        }
        Sha2::Sha384 => {
            (algorithms::RSA_PKCS1_2048_8192_SHA384, vec![algorithms::ECDSA_P256_SHA384, algorithms::ECDSA_P384_SHA384])
        }
        Sha2::Sha512 => (algorithms::RSA_PKCS1_2048_8192_SHA512, Vec::new()),
    };
    match (oid.to_string().as_str(), hash) {
        ("1.2.840.113549.1.1.1", _)
        | ("1.2.840.113549.1.1.11", Sha2::Sha256)
        | ("1.2.840.113549.1.1.12", Sha2::Sha384)
        | ("1.2.840.113549.1.1.13", Sha2::Sha512) => vec![rsa],
        ("1.2.840.10045.4.3.2", Sha2::Sha256) | ("1.2.840.10045.4.3.3", Sha2::Sha384) => ecdsa,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! golden {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/golden/", $name)).as_slice()
        };
    }

    #[test]
    fn certificates_are_for_timestamps_and_nothing_else() {
        let cases = [
            (golden!("usage-only.pem"), true),
            (golden!("usage-plain.pem"), false),
            (golden!("usage-both.pem"), false),
            (golden!("usage-other.pem"), false),
            (golden!("ecdsa.pem"), false),
        ];
        for (pem, expected) in cases {
            let certificate = CertificateDer::from_pem_slice(pem).expect("a certificate");
            assert_eq!(is_for_timestamps_only(&certificate), Ok(expected), "{}", String::from_utf8_lossy(pem));
        }
    }

    #[test]
    fn certificates_lead_to_a_root_and_are_valid_at_the_time() {
        const NOW: u64 = 1_800_000_000;
        let read = |pem: &[u8]| CertificateDer::from_pem_slice(pem).expect("a certificate");
        let own = read(golden!("usage-only.pem"));
        let check = |root: &[u8], time| Authority::from_pem(root, b"").and_then(|of| of.check(&own, &[], time));
        let why = |result| match result {
            Err(TokenError::Certificate { why }) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(check(golden!("ecdsa.pem"), NOW)).contains("does not lead to a root"));
        // It signed itself, so that it can be its own root.
        assert_eq!(check(golden!("usage-only.pem"), NOW), Ok(()));
        assert!(why(check(golden!("usage-only.pem"), 1_000_000_000)).contains("not valid yet"));
        assert!(why(check(golden!("usage-only.pem"), 5_200_000_000)).contains("expired"));
        let other = |pem: &[u8]| why(Authority::from_pem(pem, b"").and_then(|of| of.check(&read(pem), &[], NOW)));
        assert!(other(golden!("usage-plain.pem")).contains("critical"));
        assert!(other(golden!("usage-both.pem")).contains("only"));
        assert!(other(golden!("usage-other.pem")).contains("not for timestamps"));
    }

    #[test]
    fn a_signature_s_algorithm_agrees_with_its_hash() {
        let algorithms = |oid, hash| signature_algorithms(ObjectIdentifier::new_unwrap(oid), hash).len();
        assert_eq!(algorithms("1.2.840.113549.1.1.1", Sha2::Sha512), 1);
        assert_eq!(algorithms("1.2.840.113549.1.1.11", Sha2::Sha256), 1);
        assert_eq!(algorithms("1.2.840.113549.1.1.11", Sha2::Sha512), 0);
        assert_eq!(algorithms("1.2.840.10045.4.3.3", Sha2::Sha384), 2);
        assert_eq!(algorithms("1.2.840.113549.1.1.5", Sha2::Sha256), 0, "SHA-1");
        assert_eq!(algorithms("1.2.840.113549.1.1.10", Sha2::Sha256), 0, "PSS");
    }
}
