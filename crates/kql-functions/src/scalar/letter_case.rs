//! Upper and lower case, letter by letter: a text keeps its number of characters.

use super::prelude::*;
use super::texts::{Texts, build_strings};

/// Which case is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Lower,
    Upper,
}

/// Converts argument 0.
pub fn convert(args: &Args, direction: Direction) -> Result<ArrayRef, EvalError> {
    let source = Texts::of(args, 0);
    build_strings(args, |row, out| {
        let source = source.get(row);
        if source.is_ascii() {
            out.push_str(&source);
            match direction {
                Direction::Lower => out.make_ascii_lowercase(),
                Direction::Upper => out.make_ascii_uppercase(),
            }
        } else {
            out.extend(source.chars().map(|letter| match direction {
                Direction::Lower => only(letter.to_lowercase(), letter),
                Direction::Upper => only(letter.to_uppercase(), letter),
            }));
        }
        Ok(())
    })
}

/// Returns the one character that a letter becomes, or the letter itself when it becomes several.
fn only(mut converted: impl Iterator<Item = char>, letter: char) -> char {
    match (converted.next(), converted.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}
