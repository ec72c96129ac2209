//! How OTLP's JSON has values that JSON has no form for: 64-bit numbers as text, ids as hexadecimal digits, bytes as base64. A null is
//! what a field is without one.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// A number that JSON has as a number or as text.
pub trait Number: Sized {
    const WHAT: &'static str;
    fn of_text(text: &str) -> Option<Self>;
    fn of_float(value: f64) -> Option<Self>;
}

macro_rules! whole_number {
    ($type:ty, $what:literal) => {
        impl Number for $type {
            const WHAT: &'static str = $what;

            fn of_text(text: &str) -> Option<Self> {
                text.trim().parse().ok()
            }

            /// `1e3` and `5.0` are whole numbers too.
            fn of_float(value: f64) -> Option<Self> {
                let is_whole = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
                // The check above leaves nothing that would not be the same afterwards.
                if is_whole { <$type>::try_from(value as i64).ok() } else { None }
            }
        }
    };
}

whole_number!(u32, "a number from 0 to 4294967295");
whole_number!(i32, "a number of 32 bits");
whole_number!(u64, "a number from 0 to 18446744073709551615");
whole_number!(i64, "a number of 64 bits");

impl Number for f64 {
    const WHAT: &'static str = "a number, `NaN`, `Infinity` or `-Infinity`";

    fn of_text(text: &str) -> Option<f64> {
        match text.trim() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok().filter(|value: &f64| value.is_finite()),
        }
    }

    fn of_float(value: f64) -> Option<f64> {
        Some(value)
    }
}

struct NumberVisitor<T>(PhantomData<T>);

impl<T: Number> Visitor<'_> for NumberVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Option<T>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Option<T>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Option<T>, E> {
        T::of_float(value).map(Some).ok_or_else(|| E::custom(format!("`{value}` is not {}", T::WHAT)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        T::of_text(text).map(Some).ok_or_else(|| E::custom(format!("`{text}` is not {}", T::WHAT)))
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
}

/// Reads a number or nothing.
pub fn maybe_number<'de, D: Deserializer<'de>, T: Number>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(NumberVisitor(PhantomData))
}

/// Reads a number, 0 for nothing.
pub fn number<'de, D: Deserializer<'de>, T: Number + Default>(deserializer: D) -> Result<T, D::Error> {
    maybe_number(deserializer).map(Option::unwrap_or_default)
}

/// Reads numbers.
pub fn numbers<'de, D: Deserializer<'de>, T: Number + Default>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct One<T>(T);

    impl<'de, T: Number + Default> Deserialize<'de> for One<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<One<T>, D::Error> {
            number(deserializer).map(One)
        }
    }

    let read: Option<Vec<One<T>>> = Option::deserialize(deserializer)?;
    Ok(read.unwrap_or_default().into_iter().map(|one| one.0).collect())
}

/// Reads what may be null.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an id, which is in hexadecimal digits.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text: String = or_default(deserializer)?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| D::Error::custom(format!("`{text}` is no id in hexadecimal digits")))
}

/// Reads bytes, which are in base64, of either alphabet.
pub fn maybe_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let bytes = engines.iter().find_map(|engine| engine.decode(&text).ok());
    bytes.map(Some).ok_or_else(|| D::Error::custom("bytes are not in base64"))
}

/// At most so many elements of an array, or none of a null.
pub struct AtMost<T, const MAX: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for AtMost<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const MAX: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Elements<T, MAX> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
                Ok(Vec::new())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
                let mut taken = Vec::new();
                while let Some(element) = elements.next_element()? {
                    if taken.len() >= MAX {
                        return Err(A::Error::custom(format!("an array has more than {MAX} elements")));
                    }
                    taken.push(element);
                }
                Ok(taken)
            }
        }

        deserializer.deserialize_any(Elements::<T, MAX>(PhantomData)).map(AtMost)
    }
}
