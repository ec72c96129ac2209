use super::*;

fn found(text: &str) -> Result<&'static str, String> {
    let mut reader = Reader::new(text);
    reader.cut_at_pipe();
    match parse(&reader) {
        Ok(parsed) => Ok(parsed.command.syntax),
        Err(CommandError::Wrong(findings)) => {
            let first = findings.into_iter().next();
            Err(first.map(|of| format!("{}{}", of.message, of.help.unwrap_or_default())).unwrap_or_default())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_command_is_the_one_with_the_most_words() {
    for (text, syntax) in [
        (".show tables", "show tables"),
        ("  .SHOW  Tables // all of them", "show tables"),
        (".show tables | where TableName has 'x'", "show tables"),
        (".show tables (A, ['B c'])", "show tables (<tables>)"),
        (".show table details", "show table <table>"),
        (".show table details details", "show table <table> details"),
        (".show database D schema as json", "show database <database> schema as json ..."),
        (".show database schema as json", "show database schema as json ..."),
        (".create-merge table T (a:long)", "create-merge table <table> ..."),
        (".create table T (a:long)", "create table <table> ..."),
        (".alter table T docstring 'x'", "alter table <table> docstring ..."),
        (".alter table T policy retention '{}'", "alter table <table> policy retention ..."),
        (".set-or-append T <| U", "set-or-append <table> ..."),
        (".set async T <| U | where x", "set async <table> ..."),
        (".drop table T ifexists", "drop table <table> [ifexists]"),
    ] {
        assert_eq!(found(text), Ok(syntax), "{text}");
    }
}

#[test]
fn what_is_no_command_is_told_what_is_near() {
    for (text, message) in [
        (".shw tables", "did you mean `.show tables`"),
        (".show tablse", "did you mean"),
        (".drop table", "the command is not complete"),
        (".alter table T policy caching hot = 1d", "`.alter table <table> policy` is not supported"),
        (".purge table T records", "`.purge` is not supported"),
        ("print 1", "begins with `.`"),
        ("", "begins with `.`"),
        (".", "no command"),
    ] {
        let error = found(text).expect_err(text);
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn every_syntax_reads_and_none_is_there_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for syntax in all().map(|of| of.syntax).chain(all_refused().map(|of| of.syntax)) {
        assert!(seen.insert(syntax), "{syntax} is there twice");
        let words = syntax.split(' ');
        let is_part =
            |part: &str| part == "..." || part.chars().all(|c| c.is_ascii_alphanumeric() || "-_|<>()[].*".contains(c));
        assert!(words.into_iter().all(is_part), "{syntax}");
        assert!(!syntax.contains("  ") && syntax == syntax.trim(), "{syntax}");
    }
}

#[test]
fn any_text_is_read_to_its_end() {
    let pieces =
        [".show", " table", " T", "(", ")", "[", "'a", "<|", "|", "{", "}", "\u{e9}", "=", ",", " with", ".", "\n"];
    let mut state = 7_u64;
    for _ in 0..2000 {
        let mut text = String::new();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let _ = found(&text);
    }
}
