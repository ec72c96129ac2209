//! Hashes of values.
//!
//! `hash()` is xxhash64, seed 0, of a string's UTF-8 or of a number's little-endian bytes; the reference's values for
//! strings and datetimes come out. The reference leaves open what the other types' bytes are, and how `hash_combine()`
//! and `hash_many()` combine hashes; both are ours here, and stable. It tells not to keep such values beyond a query.
//! MD5 and SHA are taken of the text that `tostring()` gives.

use super::prelude::*;
use super::texts::{Texts, build_strings};
use sha2::Digest;
use xxhash_rust::xxh64::xxh64;

/// Builds a column of hashes of argument 0, modulo argument 1 when there is one.
pub fn hash(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = &args.args[0];
    let modulus = args.opt(1).map(Arg::longs);
    Ok(args.longs(|row| {
        let hash = hash_of(value, row)?;
        match &modulus {
            None => Some(hash),
            // The hash counts as unsigned, so that the remainder is not negative.
            Some(modulus) => {
                let modulus = u64::try_from(modulus.get(row)?).ok().filter(|modulus| *modulus > 0)?;
                i64::try_from(hash as u64 % modulus).ok()
            }
        }
    }))
}

/// Returns the hash of an argument's value in a row, or `None` when it is null.
pub fn hash_of(arg: &Arg, row: usize) -> Option<i64> {
    if arg.ktype != KqlType::String && arg.is_null(row) {
        return None;
    }
    Some(match arg.ktype {
        KqlType::Int | KqlType::Long | KqlType::Datetime | KqlType::Timespan => {
            hash_bytes(&arg.longs().get(row)?.to_le_bytes(), 0)
        }
        KqlType::Real => hash_bytes(&arg.reals().get(row)?.to_le_bytes(), 0),
        KqlType::Bool => hash_bytes(&[u8::from(arg.bools().get(row)?)], 0),
        KqlType::Guid => match uuid::Uuid::parse_str(arg.strs().get(row)) {
            Ok(guid) => hash_bytes(&guid.to_bytes_le(), 0),
            Err(_) => return None,
        },
        KqlType::String | KqlType::Decimal | KqlType::Dynamic => hash_bytes(Texts::from(arg).get(row).as_bytes(), 0),
    })
}

/// Adds a hash to a hash combined so far.
pub fn combine(so_far: i64, hash: i64) -> i64 {
    hash_bytes(&hash.to_le_bytes(), so_far as u64)
}

fn hash_bytes(bytes: &[u8], seed: u64) -> i64 {
    xxh64(bytes, seed) as i64
}

/// Builds a column of digests of argument 0's text, in lower-case hexadecimal digits.
pub fn hex_digest<D: Digest>(args: &Args) -> Result<ArrayRef, EvalError> {
    let source = Texts::of(args, 0);
    build_strings(args, |row, out| {
        for byte in D::digest(source.get(row).as_bytes()) {
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16));
            }
        }
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
    fn hashes_of_the_reference() {
        let day = parse_as(KqlType::Datetime, "2015-01-01");
        let cases = [
            (vec![text("World")], 1_846_988_464_401_551_951),
            (vec![text("Hello")], 753_694_413_698_530_628),
            (vec![text("World"), Value::Long(100)], 51),
            (vec![day], 1_380_966_698_541_616_202),
        ];
        for (args, expected) in cases {
            for name in ["hash", "hash_xxhash64"] {
                assert_eq!(crate::call(name, KqlType::Long, &args), Ok(Value::Long(expected)), "{args:?}");
            }
        }
    }

    #[test]
    fn remainders_are_not_negative() {
        for i in 0..50 {
            let args = [text(&i.to_string()), Value::Long(10)];
            assert!(matches!(crate::call("hash", KqlType::Long, &args), Ok(Value::Long(0..=9))));
        }
        for modulus in [0, -3] {
            let args = [text("x"), Value::Long(modulus)];
            assert_eq!(crate::call("hash", KqlType::Long, &args), Ok(Value::Null(KqlType::Long)));
        }
        assert_eq!(crate::call("hash", KqlType::Long, &[Value::Null(KqlType::Long)]), Ok(Value::Null(KqlType::Long)));
    }

    #[test]
    fn many_values_are_their_hashes_combined() {
        let hash = |value: &Value| crate::call("hash", KqlType::Long, std::slice::from_ref(value)).unwrap();
        let values = [text("a"), Value::Long(2), Value::Bool(true)];
        let many = crate::call("hash_many", KqlType::Long, &values);
        assert_eq!(many, crate::call("hash_combine", KqlType::Long, &values.each_ref().map(hash)));
        assert_ne!(
            many,
            crate::call("hash_many", KqlType::Long, &[values[1].clone(), values[0].clone(), values[2].clone()])
        );
    }

    #[test]
    fn digests_of_the_reference() {
        let day = parse_as(KqlType::Datetime, "2020-01-01");
        let cases = [
            ("hash_md5", text("World"), "f5a7924e621e84c9280a9a27e1bcb7f6"),
            ("hash_md5", day.clone(), "786c530672d1f8db31fee25ea8a9390b"),
            ("hash_sha1", text("World"), "70c07ec18ef89c5309bbb0937f3a6342411e1fdd"),
            ("hash_sha1", day.clone(), "e903e533f4d636b4fc0dcf3cf81e7b7f330de776"),
            ("hash_sha256", text("World"), "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"),
            ("hash_sha256", day, "ba666752dc1a20eb750b0eb64e780cc4c968bc9fb8813461c1d7e750f302d71d"),
        ];
        for (name, value, expected) in cases {
            assert_eq!(crate::call(name, KqlType::String, &[value]), Ok(text(expected)), "{name}");
        }
    }
}
