//! The syntax: trees and findings by golden file, and what must hold for every text.
//!
//! `UPDATE=1 cargo test -p kql --test syntax` rewrites the golden files; read the difference afterwards.

use kql::syntax::{self, Parse, dump};
use proptest::prelude::*;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Compares each case of `tests/syntax/<file>`: a query, a line `----`, the expected text, an empty line.
fn check(file: &str, answer: fn(&Parse) -> String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/syntax").join(file);
    let text = std::fs::read_to_string(&path).expect("the golden file is there");
    let mut fresh = String::new();
    let mut failures = Vec::new();
    for case in text.split("\n\n").map(str::trim).filter(|case| !case.is_empty()) {
        if case.starts_with("##") {
            fresh.push_str(&format!("{case}\n\n"));
            continue;
        }
        let (query, expected) = case.split_once("\n----").unwrap_or((case, ""));
        let actual = answer(&syntax::parse(query));
        fresh.push_str(&format!("{query}\n----\n{actual}\n\n"));
        if actual != expected.trim() {
            failures.push(format!("{query}\n  expected: {}\n  actual:   {actual}", expected.trim()));
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, fresh.trim_end().to_string() + "\n").expect("the golden file can be written");
        return;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn findings(parse: &Parse) -> String {
    let lines = parse.diagnostics.iter().map(|found| {
        let help = found.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{} {}..{} {}{help}", found.code, found.span.start, found.span.end, found.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn trees() {
    check("trees.txt", |parse| {
        let found = findings(parse);
        if found.is_empty() { dump(&parse.block) } else { found }
    });
}

#[test]
fn errors() {
    check("errors.txt", findings);
}

#[test]
fn stored_functions() {
    let (parameters, found) = syntax::parse_parameters("(T: (a: long, *), x: real = -1.5, s: string = 'q')");
    assert_eq!(format!("{parameters:?} {found:?}"), r#"[T:(*, a:long), x:real=-1.5, s:string="q"] []"#);
    assert_eq!(syntax::parse_parameters("").0.len(), 0);
    assert_eq!(syntax::parse_parameters("(a: long) b").1.len(), 1);
    for body in ["{ let y = 1; T | take y }", "let y = 1; T | take y"] {
        let parse = syntax::parse_body(body);
        assert_eq!(findings(&parse), "", "{body}");
        assert_eq!(parse.block.statements.len(), 2, "{body}");
    }
    assert_eq!(syntax::parse_body("{ T } | take 1").diagnostics.len(), 1);
}

/// Parses a text as every entry point does, and checks what holds for all texts.
fn holds_for(text: &str) {
    let parse = syntax::parse(text);
    let together: String = parse.tokens.iter().map(|token| &text[token.span.start..token.span.end]).collect();
    assert_eq!(together, text, "the tokens are the text");
    assert!(parse.tokens.windows(2).all(|pair| pair[0].span.end == pair[1].span.start));
    for found in &parse.diagnostics {
        let span = found.span;
        assert!(text.get(span.start..span.end).is_some(), "{span:?} lies in {text:?}");
        assert!(!found.message.contains('\n') && !found.message.ends_with('.'), "{}", found.message);
    }
    let _ = dump(&parse.block);
    let _ = syntax::parse_body(text);
    let _ = syntax::parse_parameters(text);
}

/// Pieces from which token soup is made: every operator, every keyword of a clause, literals sound and broken.
fn piece() -> impl Strategy<Value = String> {
    let operators: Vec<String> =
        kql::operators::ALL.iter().flat_map(|info| info.keywords.iter()).map(|word| word.to_string()).collect();
    let others: Vec<String> =
        "| ( ) [ ] { } , ; . .. = == => != =~ < > + - * / % : @ ? ! # by on with of to from step in !in in~ has \
        !has_cs has_any between !between and or matches regex asc desc nulls first last kind hint.strategy \
        default as let set declare pattern query_parameters restrict access alias database view dynamic typeof \
        datatable toscalar materialize long string real datetime x T $left $right ['a'] [\"b c\"] {p} x* *y 1 \
        0x1F 1.5 1e3 1d 2.5h true null 's' @'v' h\"o\" ```m``` 'open \"open ``` long(1) int(x) \
        datetime(2020-01-01) datetime(soon) guid(1) real( -1 -- --> <-[ ]-> // \n id limit project where step \
        others output all optional"
            .split(' ')
            .map(str::to_string)
            .collect();
    prop_oneof![prop::sample::select(operators), prop::sample::select(others), "[a-z]{1,3}", "\\PC"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses(text in "\\PC*|(?s).{0,60}|[|()\\[\\]{}'\"`~@h\\\\,.;=!<>a1 \n]{0,60}") {
        holds_for(&text);
    }

    #[test]
    fn any_bytes_parse(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds_for(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn token_soup_parses(pieces in prop::collection::vec((piece(), 0..4usize), 0..60)) {
        let blank = |kind: usize| ["", " ", " ", "\n"][kind];
        holds_for(&pieces.into_iter().map(|(piece, kind)| piece + blank(kind)).collect::<String>());
    }

    #[test]
    fn strings_read_back(text in "(?s).{0,40}") {
        let mut quoted = String::from("print ");
        schema::dynamic::write_json_string(&mut quoted, &text);
        let verbatim = format!("print @'{}'", text.replace('\'', "''"));
        let expected = format!("{:?}", syntax::parse(&quoted).block);
        prop_assert!(syntax::parse(&quoted).diagnostics.is_empty(), "{quoted}");
        if !text.contains(['\n', '\r']) {
            prop_assert_eq!(format!("{:?}", syntax::parse(&verbatim).block), expected);
        }
    }
}

/// Texts that nest or repeat without end: open, close, how often.
#[test]
fn nesting_is_bounded() {
    let cases = [
        ("print ", "(", "1", ")"),
        ("print ", "f(", "1", ")"),
        ("print ", "not(x and ", "1", ")"),
        ("print ", "iff(a == 1 and b, 1, ", "1", ")"),
        ("print a", ".b", "", ""),
        ("print a", "[0]", "", ""),
        ("print 1", " + 1", "", ""),
        ("print dynamic(", "[", "1", "]"),
        ("print dynamic(", "{\"a\":", "1", "}"),
        ("T", " | join (T", " on x", ") on x"),
        ("T | where x in (", "toscalar(", "T", ")"),
        ("union ", "(union ", "T", ")"),
        ("", "let f = () {", "1", "};"),
        ("T | fork ", "(fork ", "(count)", ")"),
        ("", "macro-expand e as s (", "T", ")"),
        ("T", " | mv-apply x on (mv-apply y on (take 1))", "", ""),
        ("T | ", "partition by x (", "count", ")"),
    ];
    for (start, open, middle, close) in cases {
        let shallow = format!("{start}{}{middle}{}", open.repeat(40), close.repeat(40));
        let limits = |parse: &Parse| parse.diagnostics.iter().filter(|found| found.code == "KS245").count();
        assert_eq!(limits(&syntax::parse(&shallow)), 0, "{open}");
        let deep = format!("{start}{}{middle}{}", open.repeat(10_000), close.repeat(10_000));
        let parse = syntax::parse(&deep);
        let repeats = open.starts_with(" | mv-apply");
        assert_eq!(limits(&parse), usize::from(!repeats), "{open}");
        assert!(repeats || parse.diagnostics.len() == 1, "{open}: {}", findings(&parse));
        let _ = dump(&parse.block);
    }
}

#[test]
fn long_texts_take_linear_time() {
    let cases = [
        ("T | where ", "a == 1 or ", "b"),
        ("T | where ", "a has 'x' and b.c[0] > 5 or ", "b"),
        ("T", " | where x > 1 | extend y = x + 1", ""),
        ("T | extend ", "a = strcat('x', b), ", "c = 1"),
        ("", "let f = (x: long) { x + 1 }; ", "f(1)"),
        ("datatable (x: long) [", "1, ", "2]"),
        ("print dynamic([", "{\"a\": 1}, ", "1])"),
        ("T | where x in (", "'abc', ", "'d')"),
        ("T | parse x with ", "* 'a' b: long ", "*"),
        // Broken ones.
        ("", "datetime(\n", ""),
        ("", "'open\n", ""),
        ("print ", "f(a b ", ""),
        ("T", " | scan with (step", ""),
        ("", "] ", ""),
        ("", "| ", ""),
        ("", "é", ""),
    ];
    for (start, repeated, end) in cases {
        let text = format!("{start}{}{end}", repeated.repeat(250_000 / repeated.len()));
        let before = Instant::now();
        let parse = syntax::parse(&text);
        // A debug build takes less than half a second; anything quadratic takes minutes.
        assert!(before.elapsed() < Duration::from_secs(20), "{repeated:?} took {:?}", before.elapsed());
        let broken = repeated.len() < 11 && !repeated.contains(['1', '\'', ','])
            || repeated.contains("scan")
            || repeated.contains("open");
        assert_eq!(parse.diagnostics.is_empty(), !broken, "{repeated:?}: {}", findings(&parse));
        assert!(parse.diagnostics.len() <= 100);
    }
}
