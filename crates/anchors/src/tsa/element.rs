//! Taking DER apart: the elements of a sequence, with their bytes as they stand.
//!
//! What was signed is compared and verified byte by byte, so that nothing here is decoded and encoded again.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber};

use super::token::TokenError;

/// What is being read, and its elements that have not been read yet.
#[derive(Clone)]
pub struct Elements<'a> {
    what: &'static str,
    rest: std::iter::Peekable<std::vec::IntoIter<AnyRef<'a>>>,
}

impl<'a> Elements<'a> {
    /// Reads elements that stand one after the other.
    pub fn parse(what: &'static str, bytes: &'a [u8]) -> Result<Elements<'a>, TokenError> {
        let form = |_| TokenError::Form { what };
        let mut reader = SliceReader::new(bytes).map_err(form)?;
        let mut elements = Vec::new();
        while !reader.is_finished() {
            elements.push(AnyRef::decode(&mut reader).map_err(form)?);
        }
        Ok(Elements { what, rest: elements.into_iter().peekable() })
    }

    /// Reads the elements of a sequence, which is all there is.
    pub fn of_sequence(what: &'static str, bytes: &'a [u8]) -> Result<Elements<'a>, TokenError> {
        let mut outer = Elements::parse(what, bytes)?;
        let sequence = outer.expect(Tag::Sequence)?;
        outer.end()?;
        Elements::parse(what, sequence)
    }

    /// Returns the bytes in the next element, which must have this tag.
    pub fn expect(&mut self, tag: Tag) -> Result<&'a [u8], TokenError> {
        self.take(tag).ok_or(TokenError::Form { what: self.what })
    }

    /// Returns the elements in the next element, which must have this tag.
    pub fn expect_inside(&mut self, tag: Tag) -> Result<Elements<'a>, TokenError> {
        Elements::parse(self.what, self.expect(tag)?)
    }

    /// Returns the next element, which must be an object identifier.
    pub fn expect_oid(&mut self) -> Result<ObjectIdentifier, TokenError> {
        let bytes = self.expect(Tag::ObjectIdentifier)?;
        ObjectIdentifier::from_bytes(bytes).map_err(|_| TokenError::Form { what: self.what })
    }

    /// Returns the identifier of an algorithm; its parameters are passed over.
    pub fn expect_algorithm(&mut self) -> Result<ObjectIdentifier, TokenError> {
        self.expect_inside(Tag::Sequence)?.expect_oid()
    }

    /// Returns the bytes in the next element if it has this tag.
    pub fn take(&mut self, tag: Tag) -> Option<&'a [u8]> {
        self.rest.next_if(|element| der::Tagged::tag(element) == tag).map(AnyRef::value)
    }

    /// Returns the next element, whatever it is.
    pub fn next(&mut self) -> Option<AnyRef<'a>> {
        self.rest.next()
    }

    /// Makes sure that nothing is left.
    pub fn end(mut self) -> Result<(), TokenError> {
        if self.rest.next().is_none() { Ok(()) } else { Err(TokenError::Form { what: self.what }) }
    }
}

/// Returns the tag `[number]` around other elements.
pub fn context(number: u8) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber::new(number) }
}

/// Returns an element as it is written.
pub fn encoded(what: &'static str, tag: Tag, value: &[u8]) -> Result<Vec<u8>, TokenError> {
    AnyRef::new(tag, value).and_then(|element| element.to_der()).map_err(|_| TokenError::Form { what })
}
