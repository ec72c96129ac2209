//! What a timestamp authority answers, and what it takes to believe it.

use der::Tag;
use der::asn1::ObjectIdentifier;
use der::{DateTime, Encode};
use rustls_pki_types::CertificateDer;
use sha1::{Digest, Sha1};
use tlog::Hash;
use webpki::EndEntityCert;

use super::element::{Elements, context, encoded};
use super::request::SHA_256;
use super::trust::{Authority, Sha2, signature_algorithms, unacceptable};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// What a timestamp that was verified says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    /// In whole seconds since 1970; how exact it is, is the authority's to say.
    pub time_seconds: u64,
    /// The authority's number for it.
    pub serial: Vec<u8>,
    /// The authority's policy under which it was made, such as `1.2.3.4.1`.
    pub policy: String,
}

/// Why a timestamp is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the {what} has another form than RFC 3161 and those below it give it")]
    Form { what: &'static str },
    #[error("the authority refuses with status {status}")]
    Refused { status: u8 },
    #[error("the timestamp is of something else")]
    Imprint,
    #[error("the timestamp answers another request")]
    Nonce,
    #[error("the timestamp has an extension that is critical and not known here")]
    Extension,
    #[error("the algorithm {oid} is not verified here")]
    Algorithm { oid: String },
    #[error("what was signed is not this timestamp")]
    SignedAttributes,
    #[error("the certificate that the signature names is not there")]
    NoCertificate,
    #[error("the authority's certificate is not acceptable: {why}")]
    Certificate { why: &'static str },
    #[error("the signature is not valid")]
    Signature,
    #[error("no certificates in PEM to which an authority's could lead")]
    Roots,
}

/// Verifies the answer of a timestamp authority: that it is about a SHA-256 hash, that it answers the request with this nonce (`None`
/// for an answer that was kept), and that it is signed with a certificate which led to one of the authority's roots at the time that it
/// states.
///
/// # Errors
/// When any of that is not so, the authority refused, or the form or an algorithm is not known.
///
/// # Source
/// RFC 3161, sections 2.2 and 2.4.2; RFC 5652, section 5; RFC 5035, sections 4 and 5.
pub fn verify(
    response: &[u8],
    hash: &Hash,
    nonce: Option<u64>,
    authority: &Authority,
) -> Result<Timestamp, TokenError> {
    let mut response = Elements::of_sequence("response", response)?;
    let status = response.expect_inside(Tag::Sequence)?.expect(Tag::Integer)?;
    match status {
        // Granted, also with modifications: what was changed would not pass below.
        [0 | 1] => {}
        other => return Err(TokenError::Refused { status: other.last().copied().unwrap_or(u8::MAX) }),
    }
    let mut token = response.expect_inside(Tag::Sequence)?;
    response.end()?;
    if token.expect_oid()? != SIGNED_DATA {
        return Err(TokenError::Form { what: "token" });
    }
    let signed = SignedData::parse(token.expect(context(0))?)?;
    token.end()?;
    let timestamp = check_info(signed.content, hash, nonce)?;
    let signer = signed.signer()?;
    let (certificate_hash, hash_of_certificate) = signer.check_attributes(signed.content)?;
    let candidates = signed.certificates.iter().chain(authority.chain());
    let certificate =
        candidates.into_iter().find(|certificate| hash_of_certificate.of(certificate) == certificate_hash);
    let certificate = certificate.ok_or(TokenError::NoCertificate)?;
    signer.check_signature(certificate)?;
    authority.check(certificate, &signed.certificates, timestamp.time_seconds)?;
    Ok(timestamp)
}

/// The signed envelope.
struct SignedData<'a> {
    /// The timestamp itself.
    content: &'a [u8],
    certificates: Vec<CertificateDer<'a>>,
    signers: Elements<'a>,
}

impl<'a> SignedData<'a> {
    fn parse(bytes: &'a [u8]) -> Result<SignedData<'a>, TokenError> {
        const WHAT: &str = "signed data";
        let mut data = Elements::of_sequence(WHAT, bytes)?;
        data.expect(Tag::Integer)?;
        data.expect(Tag::Set)?;
        let mut encapsulated = data.expect_inside(Tag::Sequence)?;
        if encapsulated.expect_oid()? != TST_INFO {
            return Err(TokenError::Form { what: WHAT });
        }
        let content = encapsulated.expect_inside(context(0))?.expect(Tag::OctetString)?;
        let mut certificates = Vec::new();
        if let Some(set) = data.take(context(0)) {
            let mut set = Elements::parse(WHAT, set)?;
            while let Some(element) = set.next() {
                // Others than X.509 certificates are passed over.
                if der::Tagged::tag(&element) == Tag::Sequence {
                    let bytes = encoded(WHAT, Tag::Sequence, element.value())?;
                    certificates.push(CertificateDer::from(bytes));
                }
            }
        }
        // Lists of revoked certificates, which are not looked at.
        data.take(context(1));
        let signers = data.expect_inside(Tag::Set)?;
        data.end()?;
        Ok(SignedData { content, certificates, signers })
    }

    /// Returns the one signer that there may be.
    fn signer(&self) -> Result<SignerInfo<'a>, TokenError> {
        let mut signers = self.signers.clone();
        let signer = SignerInfo::parse(signers.expect(Tag::Sequence)?)?;
        signers.end()?;
        Ok(signer)
    }
}

struct SignerInfo<'a> {
    hash: Sha2,
    /// The attributes that were signed, as they stand in their set.
    attributes: &'a [u8],
    algorithm: ObjectIdentifier,
    signature: &'a [u8],
}

/// With what a certificate is hashed to name it.
enum CertificateHash {
    /// Only ever names one certificate among few; what it signs and where it leads is verified.
    Sha1,
    Sha2(Sha2),
}

impl CertificateHash {
    fn of(&self, certificate: &[u8]) -> Vec<u8> {
        match self {
            CertificateHash::Sha1 => Sha1::digest(certificate).to_vec(),
            CertificateHash::Sha2(hash) => hash.hash(certificate),
        }
    }
}

impl<'a> SignerInfo<'a> {
    fn parse(bytes: &'a [u8]) -> Result<SignerInfo<'a>, TokenError> {
        const WHAT: &str = "signer";
        let mut signer = Elements::parse(WHAT, bytes)?;
        signer.expect(Tag::Integer)?;
        // Who signed stands in the signed attributes, where nobody can change it.
        signer.next();
        let digest = signer.expect_algorithm()?;
        let hash = Sha2::of_oid(digest).ok_or_else(|| TokenError::Algorithm { oid: digest.to_string() })?;
        let attributes = signer.expect(context(0))?;
        let algorithm = signer.expect_algorithm()?;
        let signature = signer.expect(Tag::OctetString)?;
        signer.take(context(1));
        signer.end()?;
        Ok(SignerInfo { hash, attributes, algorithm, signature })
    }

    /// Makes sure that the signed attributes are about the contents, and returns the hash of the certificate that they name and how it
    /// was made.
    fn check_attributes(&self, content: &[u8]) -> Result<(&'a [u8], CertificateHash), TokenError> {
        const WHAT: &str = "signed attributes";
        let (mut has_type, mut has_digest, mut by_v1, mut by_v2) = (false, false, None, None);
        let mut attributes = Elements::parse(WHAT, self.attributes)?;
        while let Some(attribute) = attributes.next() {
            let mut attribute = Elements::parse(WHAT, attribute.value())?;
            let oid = attribute.expect_oid()?;
            let mut values = attribute.expect_inside(Tag::Set)?;
            let is_again = match oid {
                CONTENT_TYPE => std::mem::replace(&mut has_type, values.expect_oid()? == TST_INFO),
                MESSAGE_DIGEST => {
                    let is_same = values.expect(Tag::OctetString)? == self.hash.hash(content);
                    std::mem::replace(&mut has_digest, is_same)
                }
                SIGNING_CERTIFICATE => by_v1.replace(certificate_hash(&mut values, true)?).is_some(),
                SIGNING_CERTIFICATE_V2 => by_v2.replace(certificate_hash(&mut values, false)?).is_some(),
                _ => continue,
            };
            values.end()?;
            if is_again {
                return Err(TokenError::Form { what: WHAT });
            }
        }
        match by_v2.or(by_v1) {
            Some(named) if has_type && has_digest => Ok(named),
            _ => Err(TokenError::SignedAttributes),
        }
    }

    fn check_signature(&self, certificate: &CertificateDer<'_>) -> Result<(), TokenError> {
        let algorithms = signature_algorithms(self.algorithm, self.hash);
        if algorithms.is_empty() {
            return Err(TokenError::Algorithm { oid: self.algorithm.to_string() });
        }
        // In the envelope the set has another tag than the one under which it was signed.
        let message = encoded("signed attributes", Tag::Set, self.attributes)?;
        let entity = EndEntityCert::try_from(certificate).map_err(unacceptable)?;
        let verifies = |algorithm| entity.verify_signature(algorithm, &message, self.signature).is_ok();
        if algorithms.into_iter().any(verifies) { Ok(()) } else { Err(TokenError::Signature) }
    }
}

/// Reads the hash of the first certificate of the attribute, which is the signer's.
fn certificate_hash<'a>(values: &mut Elements<'a>, is_v1: bool) -> Result<(&'a [u8], CertificateHash), TokenError> {
    let mut certificate =
        values.expect_inside(Tag::Sequence)?.expect_inside(Tag::Sequence)?.expect_inside(Tag::Sequence)?;
    let hash = match certificate.take(Tag::Sequence) {
        _ if is_v1 => CertificateHash::Sha1,
        None => CertificateHash::Sha2(Sha2::Sha256),
        Some(algorithm) => {
            let oid = Elements::parse("signed attributes", algorithm)?.expect_oid()?;
            CertificateHash::Sha2(Sha2::of_oid(oid).ok_or_else(|| TokenError::Algorithm { oid: oid.to_string() })?)
        }
    };
    Ok((certificate.expect(Tag::OctetString)?, hash))
}

/// Reads the timestamp itself and makes sure that it is about a hash and answers the request with a nonce.
fn check_info(bytes: &[u8], hash: &Hash, nonce: Option<u64>) -> Result<Timestamp, TokenError> {
    const WHAT: &str = "timestamp";
    let mut info = Elements::of_sequence(WHAT, bytes)?;
    if info.expect(Tag::Integer)? != [1] {
        return Err(TokenError::Form { what: WHAT });
    }
    let policy = info.expect_oid()?.to_string();
    let mut imprint = info.expect_inside(Tag::Sequence)?;
    if imprint.expect_algorithm()? != SHA_256 || imprint.expect(Tag::OctetString)? != hash.0 {
        return Err(TokenError::Imprint);
    }
    imprint.end()?;
    let serial = info.expect(Tag::Integer)?.to_vec();
    let time_seconds = seconds(info.expect(Tag::GeneralizedTime)?).ok_or(TokenError::Form { what: WHAT })?;
    // How exact it is, and whether the authority orders its timestamps.
    info.take(Tag::Sequence);
    info.take(Tag::Boolean);
    let found = info.take(Tag::Integer);
    if let Some(nonce) = nonce {
        let expected = nonce.to_der().map_err(|_| TokenError::Form { what: WHAT })?;
        let found = found.map(|found| encoded(WHAT, Tag::Integer, found)).transpose()?;
        if found != Some(expected) {
            return Err(TokenError::Nonce);
        }
    }
    // The authority's name, which its certificate has, too.
    info.take(context(0));
    if let Some(extensions) = info.take(context(1)) {
        let mut extensions = Elements::parse(WHAT, extensions)?;
        while let Some(extension) = extensions.take(Tag::Sequence) {
            let mut extension = Elements::parse(WHAT, extension)?;
            extension.expect_oid()?;
            if extension.take(Tag::Boolean).is_some() {
                return Err(TokenError::Extension);
            }
        }
    }
    info.end()?;
    Ok(Timestamp { time_seconds, serial, policy })
}

/// Reads a time such as `20260102030405.25Z` and returns whole seconds since 1970.
///
/// # Source
/// RFC 3161, section 2.4.2, "genTime".
fn seconds(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "1"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !is_digits(whole) || !is_digits(fraction) || fraction.ends_with('0') {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to)?.parse().ok();
    let year = whole.get(..4)?.parse().ok()?;
    let time = DateTime::new(year, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?).ok()?;
    Some(time.unix_duration().as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_or_without_a_fraction() {
        assert_eq!(seconds(b"20230320122547Z"), Some(1_679_315_147));
        assert_eq!(seconds(b"20230320122547.001Z"), Some(1_679_315_147));
        for text in
            ["", "Z", "20230320122547", "20230320122547.Z", "20230320122547.10Z", "20231320122547Z", "2023032012254Z"]
        {
            assert_eq!(seconds(text.as_bytes()), None, "{text}");
        }
    }
}
