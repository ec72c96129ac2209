//! Text to tokens. Every byte of the text is in exactly one token, blanks and comments included; nothing is refused:
//! what is no part of the language becomes a [`TokenKind::Bad`] token.
//!
//! Words are not told apart here: keywords are contextual, so that is the parser's decision. Three kinds of keyword
//! hold more than letters and are one word all the same: `project-away`, `!has_cs`, `in~`.
//!
//! # Source
//! Kusto reference, "Scalar data types" (literals), "Entity names", "String literals".

use crate::diagnostic::Span;
use crate::syntax::keywords;
use schema::KqlType;

/// One piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Whitespace,
    /// `// ...` up to the end of the line.
    Comment,
    /// `#connect ...`: a line for the client, up to its end.
    Directive,
    /// A name or a keyword.
    Word,
    /// `12`, `0x1F`.
    Long,
    /// `1.5`, `1.`, `1e3`.
    Real,
    /// `1d`, `2.5h`.
    Timespan,
    /// `74be27de-1e4e-49d9-b579-fe0b331d3642` by itself, which KQL does not take as a literal.
    RawGuid,
    /// `true`, `false` in the three spellings that KQL knows.
    Bool,
    /// `long(...)`, `datetime(...)`: a type and text in parentheses. Without the `)` when it is missing.
    Typed(KqlType),
    /// A string with its quotes and prefix. Without the closing quote when it is missing.
    String,
    /// `( ) [ ] { } | . .. + - * / % < <= <| <> > >= = == => =~ != !~ : ; , @ ?`
    Punctuation,
    /// A character that is no part of the language.
    Bad,
}

impl TokenKind {
    /// Returns whether the token has no meaning for the query.
    pub fn is_trivia(self) -> bool {
        matches!(self, TokenKind::Whitespace | TokenKind::Comment)
    }
}

/// Splits a text into tokens. Takes time linear in the text.
pub fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 4);
    while lexer.at < text.len() {
        let start = lexer.at;
        let kind = lexer.next();
        if lexer.at <= start {
            // Every branch moves on; should one not, the character is bad rather than the loop endless.
            lexer.at = start + lexer.rest().chars().next().map_or(1, char::len_utf8);
        }
        tokens.push(Token { kind, span: Span::new(start, lexer.at) });
    }
    tokens
}

/// Returns whether a character separates tokens and means nothing.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{180e}' | '\u{200b}' | '\u{feff}')
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bytes of a value in parentheses that goes over several lines.
const VALUE_BYTES_MAX: usize = 200;

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn next(&mut self) -> TokenKind {
        match self.byte(0) {
            b' ' | b'\t' | b'\r' | b'\n' => self.blanks(),
            b'/' if self.byte(1) == b'/' => {
                self.line();
                TokenKind::Comment
            }
            b'#' => {
                self.line();
                TokenKind::Directive
            }
            b'\'' | b'"' | b'`' | b'~' | b'@' if self.string(0) => TokenKind::String,
            b'h' | b'H' if self.string(1) => TokenKind::String,
            byte if byte.is_ascii_digit() => self.number(),
            byte if is_word_start(byte) => self.word(),
            byte if byte.is_ascii() => self.punctuation(),
            _ => {
                let first = self.rest().chars().next().unwrap_or(' ');
                if is_blank(first) {
                    return self.blanks();
                }
                self.at += first.len_utf8();
                TokenKind::Bad
            }
        }
    }

    fn blanks(&mut self) -> TokenKind {
        let rest = self.rest();
        self.at += rest.find(|c| !is_blank(c)).unwrap_or(rest.len());
        TokenKind::Whitespace
    }

    fn line(&mut self) {
        let rest = self.rest();
        self.at += rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
    }

    fn digits(&self, from: usize) -> usize {
        self.text.as_bytes().get(from..).unwrap_or(&[]).iter().take_while(|b| b.is_ascii_digit()).count()
    }

    fn number(&mut self) -> TokenKind {
        if let Some(kind) = self.raw_guid() {
            return kind;
        }
        let bytes = self.text.as_bytes();
        let peek = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let start = self.at;
        let whole = start + self.digits(start);
        // Real: digits, a point that is not a range's, fraction, exponent.
        let mut end = whole;
        if peek(end) == b'.' && (peek(end + 1) != b'.' || peek(end + 2) == b'.') {
            end += 1;
            end += self.digits(end);
        }
        if matches!(peek(end), b'e' | b'E') {
            let sign = usize::from(matches!(peek(end + 1), b'+' | b'-'));
            let exponent = self.digits(end + 1 + sign);
            if exponent > 0 {
                end += 1 + sign + exponent;
            }
        }
        if end > whole && !is_word(peek(end)) {
            self.at = end;
            return TokenKind::Real;
        }
        // Timespan: a number and a unit.
        let mut end = whole;
        if peek(end) == b'.' && self.digits(end + 1) > 0 {
            end += 1 + self.digits(end + 1);
        }
        let unit = bytes.get(end..).unwrap_or(&[]).iter().take_while(|b| is_word(**b)).count();
        if unit > 0 && self.text.get(end..end + unit).is_some_and(keywords::is_timespan_unit) {
            self.at = end + unit;
            return TokenKind::Timespan;
        }
        // Hexadecimal.
        if peek(start) == b'0' && matches!(peek(start + 1), b'x' | b'X') {
            let hex = bytes.get(start + 2..).unwrap_or(&[]).iter().take_while(|b| b.is_ascii_hexdigit()).count();
            if hex > 0 && !is_word(peek(start + 2 + hex)) {
                self.at = start + 2 + hex;
                return TokenKind::Long;
            }
        }
        if !is_word(peek(whole)) {
            self.at = whole;
            return TokenKind::Long;
        }
        // A name that starts with digits, as `3Dchart`.
        self.at = whole + bytes.get(whole..).unwrap_or(&[]).iter().take_while(|b| is_word(**b)).count();
        TokenKind::Word
    }

    fn raw_guid(&mut self) -> Option<TokenKind> {
        let bytes = self.text.as_bytes().get(self.at..self.at + 36)?;
        let shaped = bytes.iter().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        if !shaped {
            return None;
        }
        self.at += 36;
        Some(TokenKind::RawGuid)
    }

    fn word(&mut self) -> TokenKind {
        if self.byte(0).is_ascii_hexdigit()
            && self.byte(8) == b'-'
            && let Some(kind) = self.raw_guid()
        {
            return kind;
        }
        let rest = self.rest();
        let length = 1 + rest.bytes().skip(1).take_while(|b| is_word(*b)).count();
        let word = rest.get(..length).unwrap_or("");
        match self.byte(length) {
            b'(' => {
                if let Some(ktype) = keywords::literal_type(word) {
                    self.at += length;
                    self.parenthesized_text();
                    return TokenKind::Typed(ktype);
                }
            }
            b'-' => {
                if let Some(dashed) = keywords::dashed(rest)
                    && !is_word(self.byte(dashed))
                {
                    self.at += dashed;
                    return TokenKind::Word;
                }
            }
            b'~' if word == "in" => {
                self.at += length + 1;
                return TokenKind::Word;
            }
            _ => {}
        }
        self.at += length;
        if matches!(word, "true" | "True" | "TRUE" | "false" | "False" | "FALSE") {
            TokenKind::Bool
        } else {
            TokenKind::Word
        }
    }

    /// Moves past `(...)`, up to the first `)` on the line, or on a later line when nothing but a value is before it.
    /// Otherwise the literal is not closed and ends with the line.
    fn parenthesized_text(&mut self) {
        let rest = self.rest();
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let closed = rest.get(..line).unwrap_or("").find(')').or_else(|| {
            let end = rest.bytes().take(VALUE_BYTES_MAX).position(|byte| byte == b')')?;
            let inside = rest.get(1..end)?;
            (!inside.contains([',', '(', '|', ';'])).then_some(end)
        });
        self.at += closed.map_or(line, |close| close + 1);
    }

    /// Moves past a string that starts after `prefix` bytes; does not move when there is none.
    fn string(&mut self, prefix: usize) -> bool {
        let mut prefix = prefix;
        let verbatim = self.byte(prefix) == b'@';
        prefix += usize::from(verbatim);
        let start = self.at + prefix;
        let Some(body) = self.text.get(start..) else { return false };
        if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| body.starts_with(fence)) {
            let inside = body.get(3..).unwrap_or("");
            self.at = start + inside.find(fence).map_or(body.len(), |close| close + 6);
            return true;
        }
        let bytes = body.as_bytes();
        let Some(quote @ (b'\'' | b'"')) = bytes.first().copied() else { return false };
        let mut at = 1;
        while let Some(byte) = bytes.get(at).copied() {
            match byte {
                b'\n' | b'\r' => break,
                b'\\' if !verbatim => {
                    // An escaped character, unless the line ends; whether the escape is known is asked later.
                    at += if matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) { 1 } else { 2 };
                    continue;
                }
                _ if byte == quote => {
                    at += 1;
                    if verbatim && bytes.get(at) == Some(&quote) {
                        at += 1;
                        continue;
                    }
                    break;
                }
                _ => at += 1,
            }
        }
        // An escape may have stepped into a character of several bytes.
        while !body.is_char_boundary(at) {
            at += 1;
        }
        self.at = start + at;
        true
    }

    fn punctuation(&mut self) -> TokenKind {
        let length = match (self.byte(0), self.byte(1)) {
            (b'.', b'.')
            | (b'<', b'=' | b'|' | b'>')
            | (b'>', b'=')
            | (b'=', b'=' | b'>' | b'~')
            | (b'!', b'=' | b'~') => 2,
            (b'!', _) => {
                let rest = self.rest();
                let letters = rest.bytes().skip(1).take_while(|b| is_word(*b)).count();
                let tilde = usize::from(self.byte(1 + letters) == b'~');
                for length in [1 + letters + tilde, 1 + letters] {
                    if rest.get(..length).is_some_and(keywords::is_negated_operator) {
                        self.at += length;
                        return TokenKind::Word;
                    }
                }
                self.at += 1;
                return TokenKind::Bad;
            }
            (
                b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|' | b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>'
                | b'=' | b':' | b';' | b',' | b'@' | b'?',
                _,
            ) => 1,
            (0x0B | 0x0C, _) => return self.blanks(),
            _ => {
                self.at += 1;
                return TokenKind::Bad;
            }
        };
        self.at += length;
        TokenKind::Punctuation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> String {
        let tokens = lex(text);
        tokens
            .iter()
            .filter(|token| !token.kind.is_trivia())
            .map(|token| {
                let kind = format!("{:?}", token.kind);
                format!("{}:{}", kind.chars().take(2).collect::<String>(), &text[token.span.start..token.span.end])
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn tokens_of_every_kind() {
        let cases = [
            ("a _b $left 3Dchart x1", "Wo:a Wo:_b Wo:$left Wo:3Dchart Wo:x1"),
            ("1 0x1F 0x 1. 1.5 1e3 1.5E-3 1abc", "Lo:1 Lo:0x1F Wo:0x Re:1. Re:1.5 Re:1e3 Re:1.5E-3 Wo:1abc"),
            (
                "1d 2.5h 10ms 1microseconds 7ticks 1dx 1.5",
                "Ti:1d Ti:2.5h Ti:10ms Ti:1microseconds Ti:7ticks Wo:1dx Re:1.5",
            ),
            ("1..5 1...5", "Lo:1 Pu:.. Lo:5 Re:1. Pu:.. Lo:5"),
            ("(1d..2d)", "Pu:( Ti:1d Pu:.. Ti:2d Pu:)"),
            ("long(5) datetime(2020-01-01) guid ()", "Ty:long(5) Ty:datetime(2020-01-01) Wo:guid Pu:( Pu:)"),
            ("true TRUE tRue", "Bo:true Bo:TRUE Wo:tRue"),
            (
                "'a\\'b' @'a\\' @\"q\"\"q\" h'x' H@\"y\" h",
                "St:'a\\'b' St:@'a\\' St:@\"q\"\"q\" St:h'x' St:H@\"y\" Wo:h",
            ),
            ("```a\n'b``` ~~~c~~~", "St:```a\n'b``` St:~~~c~~~"),
            ("'open\n'x'", "St:'open St:'x'"),
            ("project-away a-b mv-expandx", "Wo:project-away Wo:a Pu:- Wo:b Wo:mv Pu:- Wo:expandx"),
            ("!in~ !has_cs in~ !between !x", "Wo:!in~ Wo:!has_cs Wo:in~ Wo:!between Ba:! Wo:x"),
            ("<> <= =~ !~ => .. <|", "Pu:<> Pu:<= Pu:=~ Pu:!~ Pu:=> Pu:.. Pu:<|"),
            ("#connect x\na // c", "Di:#connect x Wo:a"),
            ("74be27de-1e4e-49d9-b579-fe0b331d3642", "Ra:74be27de-1e4e-49d9-b579-fe0b331d3642"),
            ("abcdef12-1e4e-49d9-b579-fe0b331d3642", "Ra:abcdef12-1e4e-49d9-b579-fe0b331d3642"),
            ("é ^ long(", "Ba:é Ba:^ Ty:long("),
            ("hint.strategy", "Wo:hint Pu:. Wo:strategy"),
        ];
        for (text, expected) in cases {
            assert_eq!(kinds(text), expected, "{text}");
        }
    }
}
