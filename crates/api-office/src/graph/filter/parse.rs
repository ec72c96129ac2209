//! Filters out of tokens: `or` binds least, then `and`, then `not`.

use super::lexer::{Token, tokens};
use super::{Comparison, Expr, Literal, Test};

/// Bytes of a filter at most.
const BYTES_MAX: usize = 8 << 10;
/// How deep a filter may nest.
const DEPTH_MAX: usize = 32;

/// Reads a filter.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("it is longer than {BYTES_MAX} bytes"));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.or()?;
    match parser.next() {
        None => Ok(expr),
        Some(token) => Err(format!("{} is one too many", shown(&token))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("'{word}'"),
        Token::Text(text) => format!("the text '{text}'"),
        Token::Open => "'('".to_string(),
        Token::Close => "')'".to_string(),
        Token::Comma => "','".to_string(),
        Token::Slash => "'/'".to_string(),
        Token::Colon => "':'".to_string(),
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_it = self.peek() == Some(token);
        self.at += usize::from(is_it);
        is_it
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        if self.takes(token) {
            return Ok(());
        }
        let found = self.peek().map_or("the end".to_string(), shown);
        Err(format!("{} is expected, not {found}", shown(token)))
    }

    fn or(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it nests too deep".to_string());
        }
        let mut left = self.and()?;
        while self.takes_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut left = self.unary()?;
        while self.takes_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.takes_word("not") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err("it nests too deep".to_string());
            }
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.takes(&Token::Open) {
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let name = self.word("a property")?;
        if self.peek() == Some(&Token::Open) {
            return self.test(&name);
        }
        self.property(name)
    }

    fn word(&mut self, what: &str) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            Some(token) => Err(format!("{what} is expected, not {}", shown(&token))),
            None => Err(format!("{what} is expected")),
        }
    }

    /// Reads `startswith(path,'text')` and its kin, of which the name was read.
    fn test(&mut self, name: &str) -> Result<Expr, String> {
        let test = match name.to_ascii_lowercase().as_str() {
            "startswith" => Test::StartsWith,
            "endswith" => Test::EndsWith,
            "contains" => Test::Contains,
            _ => return Err(format!("there is no function '{name}'")),
        };
        self.expect(&Token::Open)?;
        let first = self.word("a property")?;
        let path = self.path(first)?;
        self.expect(&Token::Comma)?;
        let text = match self.literal()? {
            Literal::Text(text) => text,
            _ => return Err(format!("'{name}' takes a text")),
        };
        self.expect(&Token::Close)?;
        // `startswith(...) eq true`, as some clients write it.
        if self.takes_word("eq") && !self.takes_word("true") {
            return Err("'true' is expected".to_string());
        }
        Ok(Expr::Test { test, path, text })
    }

    fn path(&mut self, first: String) -> Result<Vec<String>, String> {
        let mut path = vec![first];
        while self.takes(&Token::Slash) {
            path.push(self.word("a property")?);
        }
        Ok(path)
    }

    /// Reads `path op literal`, `path/any(...)`, of which the first name was read.
    fn property(&mut self, first: String) -> Result<Expr, String> {
        let mut path = self.path(first)?;
        if path.len() > 1 && self.peek() == Some(&Token::Open) {
            let last = path.pop().unwrap_or_default();
            if !last.eq_ignore_ascii_case("any") {
                return Err(format!("there is no '{last}' of a list"));
            }
            return self.any(path);
        }
        let comparison = match self.word("an operator")?.to_ascii_lowercase().as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            other => return Err(format!("there is no operator '{other}'")),
        };
        Ok(Expr::Compare { path, comparison, literal: self.literal()? })
    }

    fn any(&mut self, path: Vec<String>) -> Result<Expr, String> {
        self.expect(&Token::Open)?;
        if self.takes(&Token::Close) {
            return Ok(Expr::Any { path, body: None });
        }
        let variable = self.word("a name")?;
        self.expect(&Token::Colon)?;
        let body = self.or()?;
        self.expect(&Token::Close)?;
        Ok(Expr::Any { path, body: Some((variable, Box::new(body))) })
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Word(word)) => Ok(match word.to_ascii_lowercase().as_str() {
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                "null" => Literal::Null,
                _ => Literal::Bare(word),
            }),
            Some(token) => Err(format!("a value is expected, not {}", shown(&token))),
            None => Err("a value is expected".to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_they_bind() {
        let or = parse("a eq 1 or b eq 'x''y' and not (c/d ge 2020-01-01T00:00:00Z)").unwrap_or_else(|e| panic!("{e}"));
        let Expr::Or(_, right) = or else { panic!("{or:?}") };
        let Expr::And(left, right) = *right else { panic!("{right:?}") };
        let text = Literal::Text("x'y".to_string());
        assert_eq!(*left, Expr::Compare { path: vec!["b".to_string()], comparison: Comparison::Eq, literal: text });
        let Expr::Not(inner) = *right else { panic!("{right:?}") };
        let time = Literal::Bare("2020-01-01T00:00:00Z".to_string());
        let path = vec!["c".to_string(), "d".to_string()];
        assert_eq!(*inner, Expr::Compare { path, comparison: Comparison::Ge, literal: time });
        assert!(matches!(parse("t/any(x: x/id eq 'a' or startsWith(x/n,'b'))"), Ok(Expr::Any { body: Some(_), .. })));
        assert!(matches!(parse("t/any()"), Ok(Expr::Any { body: None, .. })));
    }

    #[test]
    fn what_is_no_filter_is_said_and_never_more() {
        let deep = format!("{}a eq 1{}", "(".repeat(100), ")".repeat(100));
        let nots = format!("{}a eq 1", "not ".repeat(100));
        let long = format!("a eq '{}'", "x".repeat(BYTES_MAX));
        for text in [
            "",
            "a",
            "a eq",
            "a xx 1",
            "a eq 'x",
            "a eq 1 2",
            "(a eq 1",
            "f(a,'x')",
            "t/all(x: x eq 1)",
            "a;b",
            &deep,
            &nots,
            &long,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
