//! The tokens of a filter.

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, an operator, or a value without quotes.
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Slash,
    Colon,
}

/// Cuts a filter into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let simple = match c {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            '/' => Some(Token::Slash),
            ':' => Some(Token::Colon),
            _ => None,
        };
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        if let Some(token) = simple {
            tokens.push(token);
            rest = after;
        } else if c.is_whitespace() {
            rest = after;
        } else if c == '\'' {
            let (value, further) = quoted(after)?;
            tokens.push(Token::Text(value));
            rest = further;
        } else if is_word(c) {
            let is_value = c.is_ascii_digit() || c == '-';
            let belongs = |c: char| is_word(c) || (is_value && matches!(c, ':' | '.' | '+'));
            let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
            let (word, further) = rest.split_at(end);
            tokens.push(Token::Word(word.to_string()));
            rest = further;
        } else {
            return Err(format!("there is no place for '{}'", c.escape_default()));
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '@' | '.')
}

/// Reads a text up to its closing quote; two quotes in it are one.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('\'').ok_or("a text has no end")?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(further) => {
                value.push('\'');
                rest = further;
            }
            None => return Ok((value, after)),
        }
    }
}
