//! What may follow in an input. The place of the cursor decides: at the start of a statement tables, after a pipe
//! operators, within an operator columns and functions. Only tokens are looked at, so that it works in an input that
//! does not parse yet.

use super::statement::{WORD_OPERATORS, ends_inside, is_command, text_of};
use super::vocabulary::{COMMANDS, Described, Vocabulary};
use encode::Format;
use kql::syntax::keywords;
use kql::syntax::lexer::{self, TokenKind};
use std::collections::HashSet;
use std::ops::Range;

/// A way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub text: String,
    /// What it is: a column's type, a function's summary.
    pub note: String,
}

/// The ways to go on, and what of the input they replace.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Choices {
    pub range: Range<usize>,
    /// Those that start with what is typed; when there are none, those that hold it.
    pub list: Vec<Choice>,
}

/// What a place takes.
enum Place<'a> {
    Nothing,
    /// The start of a statement.
    Statement,
    /// A tabular expression inside brackets.
    Source,
    /// After a pipe.
    Operator,
    Table,
    Plugin,
    /// Within this operator; whether an operand is before the cursor.
    Expression {
        operator: &'a str,
        after_value: bool,
    },
}

type Piece<'a> = (TokenKind, &'a str);

/// Returns the ways to go on at byte `at` of an input.
pub fn complete(vocabulary: &Vocabulary, text: &str, at: usize) -> Choices {
    let Some(head) = text.get(..at) else { return Choices::default() };
    if is_command(head) {
        return complete_command(vocabulary, head);
    }
    if ends_inside(head) {
        return Choices::default();
    }
    let word = |dashes: bool| {
        let part = move |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || (dashes && c == '-');
        head.trim_end_matches(part).len()
    };
    let mut start = word(false);
    // An operator's name may hold dashes, and then a word that is not whole looks like a difference.
    let with_dashes = word(true);
    if with_dashes < start && head.get(..with_dashes).is_some_and(|left| left.trim_end().ends_with('|')) {
        start = with_dashes;
    }
    let (left, typed) = head.split_at(start);
    if typed.starts_with(|c: char| c.is_ascii_digit()) {
        return Choices::default();
    }
    let tokens = lexer::lex(left);
    let pieces: Vec<Piece<'_>> = tokens
        .iter()
        .filter(|token| !token.kind.is_trivia())
        .map(|token| (token.kind, text_of(left, *token)))
        .collect();
    let mut list = Vec::new();
    match place(&pieces) {
        Place::Nothing => {}
        Place::Statement => {
            tables(vocabulary, text, &mut list);
            words(kql::operators::ALL.iter().filter(|o| o.source).flat_map(|o| o.keywords), "operator", &mut list);
            words(&["let", "set", "declare query_parameters"], "statement", &mut list);
        }
        Place::Source => {
            tables(vocabulary, text, &mut list);
            words(kql::operators::ALL.iter().filter(|o| o.source).flat_map(|o| o.keywords), "operator", &mut list);
        }
        Place::Operator => {
            words(kql::operators::ALL.iter().filter(|o| o.piped).flat_map(|o| o.keywords), "operator", &mut list);
            list.sort_by(|a: &Choice, b: &Choice| a.text.cmp(&b.text));
        }
        Place::Table => tables(vocabulary, text, &mut list),
        Place::Plugin => functions(&vocabulary.plugins, &mut list),
        Place::Expression { operator, after_value } => {
            if after_value {
                words(WORD_OPERATORS, "", &mut list);
                words(&["by", "on", "asc", "desc"], "", &mut list);
            }
            columns(vocabulary, text, &mut list);
            if operator == "let" {
                tables(vocabulary, text, &mut list);
            } else {
                lets(vocabulary, text, &mut list);
            }
            if matches!(operator, "summarize" | "make-series" | "top-nested" | "evaluate" | "mv-apply") {
                functions(&vocabulary.aggregates, &mut list);
            }
            functions(&vocabulary.scalars, &mut list);
        }
    }
    Choices { range: start..at, list: matching(list, typed) }
}

fn complete_command(vocabulary: &Vocabulary, head: &str) -> Choices {
    let start = head.rfind(char::is_whitespace).map_or(0, |blank| blank + blank_length(head, blank));
    let (left, typed) = head.split_at(start);
    let mut list = Vec::new();
    match left.trim() {
        "" => list.extend(COMMANDS.iter().map(|(name, _, note)| choice(*name, *note))),
        ".schema" => list.extend(vocabulary.tables.iter().map(|(name, _)| choice(name, "table"))),
        ".format" => {
            list.extend(Format::ALL.iter().filter(|format| format.is_text()).map(|format| choice(format.name(), "")));
        }
        ".timing" => words(&["on", "off"], "", &mut list),
        _ => {}
    }
    Choices { range: start..head.len(), list: matching(list, typed) }
}

fn blank_length(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

/// What stands before a part of an expression.
enum Edge {
    /// The start, `;` or `{`.
    Statement,
    Pipe,
    /// An open bracket, by its index.
    Bracket(usize),
}

/// Returns the edge that the end of `pieces` is behind, and the index of the first piece after it.
fn edge(pieces: &[Piece<'_>]) -> (Edge, usize) {
    let mut depth = 0usize;
    for (i, (kind, piece)) in pieces.iter().enumerate().rev() {
        if *kind != TokenKind::Punctuation {
            continue;
        }
        match *piece {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" if depth > 0 => depth -= 1,
            "{" => return (Edge::Statement, i + 1),
            "(" | "[" => return (Edge::Bracket(i), i + 1),
            "|" if depth == 0 => return (Edge::Pipe, i + 1),
            ";" if depth == 0 => return (Edge::Statement, i + 1),
            _ => {}
        }
    }
    (Edge::Statement, 0)
}

fn place<'a>(pieces: &[Piece<'a>]) -> Place<'a> {
    let (edge_before, start) = edge(pieces);
    let segment = pieces.get(start..).unwrap_or(&[]);
    match edge_before {
        Edge::Statement if segment.is_empty() => Place::Statement,
        Edge::Pipe if segment.is_empty() => Place::Operator,
        Edge::Statement | Edge::Pipe => in_operator(segment),
        Edge::Bracket(at) => {
            let outside = pieces.get(..at).unwrap_or(&[]);
            let operator = operator_of(outside);
            let caller = outside.last().map_or("", |(_, piece)| *piece);
            let holds_table = matches!(caller, "toscalar" | "materialize" | "view")
                || matches!(operator, "union" | "find" | "search") && matches!(caller, "," | "union" | "in")
                || matches!(operator, "join" | "lookup") && !has_on(outside);
            match (holds_table, segment) {
                (true, []) => Place::Source,
                (true, [.., (TokenKind::Punctuation, ",")]) => Place::Table,
                // A table's name; what follows it is a pipe.
                (true, [_]) => Place::Nothing,
                _ => in_expression(operator, segment),
            }
        }
    }
}

fn has_on(segment: &[Piece<'_>]) -> bool {
    let (_, start) = edge(segment);
    segment.get(start..).unwrap_or(&[]).iter().any(|(_, piece)| *piece == "on")
}

/// Returns the keyword of the operator around all brackets that are open.
fn operator_of<'a>(pieces: &[Piece<'a>]) -> &'a str {
    let mut pieces = pieces;
    loop {
        let (before, start) = edge(pieces);
        match before {
            Edge::Bracket(at) => pieces = pieces.get(..at).unwrap_or(&[]),
            Edge::Statement | Edge::Pipe => return pieces.get(start).map_or("", |(_, piece)| *piece),
        }
    }
}

/// Returns what fits after the pieces of an operator, of which there is at least the first.
fn in_operator<'a>(segment: &[Piece<'a>]) -> Place<'a> {
    let Some(((_, keyword), rest)) = segment.split_first() else { return Place::Nothing };
    let is_operator = kql::operators::ALL.iter().any(|operator| operator.keywords.contains(keyword));
    match *keyword {
        "union" => Place::Table,
        "join" | "lookup" if !has_on(segment) => Place::Table,
        "evaluate" if rest.is_empty() => Place::Plugin,
        // The name that is given is the user's.
        "let" if rest.len() < 2 => Place::Nothing,
        "let" => in_expression("let", rest),
        _ if is_operator => in_expression(keyword, rest),
        _ => Place::Nothing,
    }
}

fn in_expression<'a>(operator: &'a str, segment: &[Piece<'a>]) -> Place<'a> {
    if let [.., (_, target), (TokenKind::Punctuation, ".")] = segment {
        // Members of a dynamic value are not known.
        let is_side = matches!(*target, "$left" | "$right");
        return if is_side { Place::Expression { operator, after_value: false } } else { Place::Nothing };
    }
    let after_value = match segment.last() {
        Some((TokenKind::Punctuation, piece)) => matches!(*piece, ")" | "]"),
        Some((TokenKind::Word, word)) => !keywords::is_reserved(word) && !matches!(*word, "on"),
        Some(_) => true,
        None => false,
    };
    Place::Expression { operator, after_value }
}

fn choice(text: impl Into<String>, note: impl Into<String>) -> Choice {
    Choice { text: text.into(), note: note.into() }
}

fn words<'a>(words: impl IntoIterator<Item = &'a &'static str>, note: &str, list: &mut Vec<Choice>) {
    // Names with two underscores in front are written by programs.
    list.extend(words.into_iter().filter(|word| !word.starts_with("__")).map(|word| choice(*word, note)));
}

fn functions(described: &[Described], list: &mut Vec<Choice>) {
    for function in described {
        let sentence = function.summary.split(". ").next().unwrap_or("");
        list.push(choice(format!("{}(", function.name), sentence));
    }
}

fn tables(vocabulary: &Vocabulary, text: &str, list: &mut Vec<Choice>) {
    list.extend(vocabulary.tables.iter().map(|(name, _)| choice(name, "table")));
    lets(vocabulary, text, list);
}

/// Adds the names that `let` gives, in kept statements and in the text.
fn lets(vocabulary: &Vocabulary, text: &str, list: &mut Vec<Choice>) {
    let mut names = vocabulary.lets();
    let words = words_of(text);
    for pair in words.windows(2) {
        if let [(_, "let"), (TokenKind::Word, name)] = pair
            && !names.iter().any(|known| known == name)
        {
            names.push((*name).to_string());
        }
    }
    list.extend(names.into_iter().map(|name| choice(name, "let")));
}

/// Adds the columns of the tables that the text names, and those that it makes.
fn columns(vocabulary: &Vocabulary, text: &str, list: &mut Vec<Choice>) {
    let words = words_of(text);
    let mut seen = HashSet::new();
    for (name, columns) in &vocabulary.tables {
        if !words.iter().any(|(_, word)| word == name) {
            continue;
        }
        for column in columns.iter().filter(|column| seen.insert(column.name.to_string())) {
            list.push(choice(written(&column.name), column.ktype.to_string()));
        }
    }
    let mut before = "";
    for pair in words.windows(2) {
        if let [(TokenKind::Word, name), (_, "=")] = pair
            && before != "let"
            && !keywords::is_option(name)
            && seen.insert((*name).to_string())
        {
            list.push(choice(*name, "column"));
        }
        before = pair.first().map_or("", |(_, piece)| *piece);
    }
}

fn words_of(text: &str) -> Vec<Piece<'_>> {
    let tokens = lexer::lex(text);
    tokens.into_iter().filter(|token| !token.kind.is_trivia()).map(|token| (token.kind, text_of(text, token))).collect()
}

/// Returns a column's name as a query writes it.
fn written(name: &str) -> String {
    let is_word = matches!(lexer::lex(name).as_slice(), [token] if token.kind == TokenKind::Word);
    if is_word && keywords::may_be_read(name) {
        return name.to_string();
    }
    format!("[\"{}\"]", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns the choices that start with what is typed, or else those that hold it, without regard to case.
fn matching(list: Vec<Choice>, typed: &str) -> Vec<Choice> {
    let typed = typed.to_lowercase();
    let (mut first, mut further) = (Vec::new(), Vec::new());
    for choice in list {
        let text = choice.text.to_lowercase();
        if text.starts_with(&typed) {
            first.push(choice);
        } else if text.contains(&typed) {
            further.push(choice);
        }
    }
    if first.is_empty() { further } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::{Column, KqlType};

    /// Completes where the text has `^`.
    fn choices(marked: &str) -> (String, Vec<String>) {
        let columns = |names: &[&str]| names.iter().map(|name| Column::new(*name, KqlType::String)).collect::<Vec<_>>();
        let vocabulary = Vocabulary::new(vec![
            ("SigninLogs".to_string(), columns(&["UserName", "IPAddress", "Device Id"])),
            ("AuditLogs".to_string(), columns(&["OperationName"])),
        ]);
        vocabulary.set_lets(vec!["threshold".to_string()]);
        let at = marked.find('^').expect("a mark");
        let text = marked.replace('^', "");
        let choices = complete(&vocabulary, &text, at);
        (text[choices.range].to_string(), choices.list.into_iter().map(|choice| choice.text).collect())
    }

    #[test]
    fn the_place_decides() {
        // (text, what is replaced, a choice that is there, one that is not)
        let cases = [
            ("^", "", "SigninLogs", "where"),
            ("Sign^", "Sign", "SigninLogs", "AuditLogs"),
            ("sign^", "sign", "SigninLogs", "AuditLogs"),
            ("^", "", "print", "UserName"),
            ("SigninLogs | ^", "", "where", "SigninLogs"),
            ("SigninLogs | project-aw^", "project-aw", "project-away", "where"),
            ("SigninLogs | where a-Us^", "Us", "UserName", "where"),
            ("SigninLogs | where ^", "", "UserName", "OperationName"),
            ("SigninLogs | where ^", "", "tolower(", "sum("),
            ("SigninLogs | where address^", "address", "IPAddress", "UserName"),
            ("SigninLogs | where User^", "User", "UserName", "current_principal("),
            ("SigninLogs | where device^", "device", "[\"Device Id\"]", "UserName"),
            ("SigninLogs | where UserName ^", "", "has", "where"),
            ("SigninLogs | where UserName == ^", "", "threshold", "has"),
            ("SigninLogs | where tolower(^", "", "UserName", "SigninLogs"),
            ("SigninLogs | summarize ^", "", "count(", "SigninLogs"),
            ("SigninLogs | summarize max(^", "", "IPAddress", "OperationName"),
            ("SigninLogs | summarize count() by ^", "", "UserName", "by"),
            ("SigninLogs | extend Zone = 1 | where Z^", "Z", "Zone", "UserName"),
            ("SigninLogs | join ^", "", "AuditLogs", "UserName"),
            ("SigninLogs | join kind=inner (^", "", "AuditLogs", "UserName"),
            ("SigninLogs | join (AuditLogs | ^", "", "where", "AuditLogs"),
            ("SigninLogs | join (AuditLogs | where ^", "", "OperationName", "AuditLogs"),
            ("SigninLogs | join AuditLogs on ^", "", "OperationName", "AuditLogs"),
            ("SigninLogs | join AuditLogs on $left.^", "", "UserName", "AuditLogs"),
            ("union Sig^", "Sig", "SigninLogs", "UserName"),
            ("SigninLogs | union ^", "", "AuditLogs", "UserName"),
            ("SigninLogs | evaluate ^", "", "bag_unpack(", "count("),
            ("let x = toscalar(^", "", "SigninLogs", "let"),
            ("let Mine = 1; ^", "", "Mine", "where"),
            ("let x = ^", "", "SigninLogs", "where"),
            (".^", ".", ".tables", "SigninLogs"),
            (".schema A^", "A", "AuditLogs", ".tables"),
            (".format ^", "", "csv", "parquet"),
            (".timing o^", "o", "off", "SigninLogs"),
        ];
        for (text, replaced, there, absent) in cases {
            let (range, list) = choices(text);
            assert_eq!(range, replaced, "{text}");
            assert!(list.iter().any(|choice| choice == there), "{text}: no `{there}` in {list:?}");
            assert!(!list.iter().any(|choice| choice == absent), "{text}: `{absent}` is there");
        }
    }

    #[test]
    fn nothing_fits_inside_literals_and_after_a_table() {
        for text in ["print 'Sig^", "// Sig^", "print 12^", "SigninLogs ^", "let Sig^", "print datetime(^", "é^", "x.^"]
        {
            assert!(choices(text).1.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_place_within_a_character_gives_nothing() {
        let vocabulary = Vocabulary::new(Vec::new());
        assert!(complete(&vocabulary, "é", 1).list.is_empty());
        assert!(complete(&vocabulary, "", 7).list.is_empty());
    }
}
