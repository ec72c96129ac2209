//! Base64 (RFC 4648, section 4) both ways. Reading is strict: a wrong character, or wrong or missing padding, gives
//! nothing. Only bits that the padding leaves over are not looked at, as sloppy writers set them.

use super::prelude::*;
use super::texts::{Texts, build_strings};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const STANDARD: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Returns the bytes that a text encodes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Appends the text that encodes bytes.
pub fn encode(bytes: &[u8], out: &mut String) {
    STANDARD.encode_string(bytes, out);
}

/// Builds the texts that encode what a function makes of argument 0's text; empty where it makes nothing.
pub fn encode_texts(args: &Args, bytes: impl Fn(&str) -> Option<Vec<u8>>) -> Result<ArrayRef, EvalError> {
    let text = Texts::of(args, 0);
    build_strings(args, |row, out| {
        if let Some(bytes) = bytes(&text.get(row)) {
            encode(&bytes, out);
        }
        Ok(())
    })
}

/// Builds the texts that a function makes of the bytes that argument 0's text encodes; empty where there are none.
pub fn decode_texts(args: &Args, text: impl Fn(Vec<u8>) -> Option<String>) -> Result<ArrayRef, EvalError> {
    let encoded = Texts::of(args, 0);
    build_strings(args, |row, out| {
        out.extend(decode(&encoded.get(row)).and_then(&text));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn texts_of_the_reference() {
        let cases = [
            ("base64_encode_tostring", "Kusto", "S3VzdG8="),
            ("base64_encodestring", "", ""),
            ("base64_decode_tostring", "S3VzdG8=", "Kusto"),
            ("base64_decodestring", "U3RyaW5n0KHR0tGA0L7Rh9C60LA=", ""),
            ("base64_decode_tostring", "S3VzdG9=", "Kusto"),
            ("base64_decode_tostring", "S3VzdG8", ""),
            ("base64_decode_tostring", "S3Vz dG8=", ""),
            ("base64_decode_tostring", "aQBlAHgA", "i\0e\0x\0"),
        ];
        for (name, source, expected) in cases {
            assert_eq!(crate::call(name, KqlType::String, &[text(source)]), Ok(text(expected)), "{name} {source}");
        }
    }

    #[test]
    fn arrays_and_guids() {
        let json = |text: &str| parse_as(KqlType::Dynamic, text);
        let to_array = |source: &str| crate::call("base64_decode_toarray", KqlType::Dynamic, &[text(source)]);
        assert_eq!(to_array("S3VzdG8="), Ok(json("[75,117,115,116,111]")));
        assert_eq!(to_array("?"), Ok(Value::Null(KqlType::Dynamic)));
        for (array, expected) in
            [("[75,117,115,116,111]", "S3VzdG8="), ("[256]", ""), ("[1.5]", ""), ("null", ""), ("[]", "")]
        {
            let encoded = crate::call("base64_encode_fromarray", KqlType::String, &[json(array)]);
            assert_eq!(encoded, Ok(text(expected)), "{array}");
        }
        let guid = Value::Guid("ae3133f2-6e22-49ae-b06a-16e6a9b212eb".into());
        let encoded = text("8jMxriJurkmwahbmqbIS6w==");
        assert_eq!(
            crate::call("base64_encode_fromguid", KqlType::String, std::slice::from_ref(&guid)),
            Ok(encoded.clone())
        );
        assert_eq!(crate::call("base64_decode_toguid", KqlType::Guid, &[encoded]), Ok(guid));
        let wrong = crate::call("base64_decode_toguid", KqlType::Guid, &[text("abcd1231")]);
        assert_eq!(wrong, Ok(Value::Null(KqlType::Guid)));
    }
}
