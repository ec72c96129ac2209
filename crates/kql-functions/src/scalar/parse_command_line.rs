use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_command_line",
    signatures: &["(command: scalar, parser: string) -> dynamic"],
    summary: "An array of a command line's arguments, split as Windows' `CommandLineToArgvW` splits them. The parser must \
              be \"windows\".",
    examples: &[("print parse_command_line('echo \\\"hello world!\\\"', 'windows')", "[\"echo\",\"hello world!\"]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let parser = args.str(1);
    if let Some(other) = (0..args.rows).map(|row| parser.get(row)).find(|name| !name.eq_ignore_ascii_case("windows")) {
        return Err(EvalError::new(format!("`parse_command_line()` knows the parser `windows` only, not `{other}`")));
    }
    Ok(args.dynamics(|row| {
        let arguments = split(&super::dynamics::text(&args.args[0], row));
        Some(Dynamic::Array(arguments.into_iter().map(Dynamic::String).collect()))
    }))
}

/// Splits a command line.
///
/// # Source
/// Windows documentation, "CommandLineToArgvW function": the program's name ends at its closing quote or first blank
/// and knows no escapes; in the arguments, backslashes are special only before a quote, where two make one and an odd
/// one keeps the quote. Of quotes in a row inside a quoted part, each third one is kept.
fn split(line: &str) -> Vec<String> {
    let is_blank = |c: &char| matches!(c, ' ' | '\t');
    let mut arguments = Vec::new();
    if line.is_empty() {
        return arguments;
    }
    let mut rest = line.chars().peekable();
    if rest.next_if_eq(&'"').is_some() {
        arguments.push(rest.by_ref().take_while(|c| *c != '"').collect());
    } else {
        let mut program = String::new();
        while let Some(c) = rest.next_if(|c| !is_blank(c)) {
            program.push(c);
        }
        arguments.push(program);
    }
    loop {
        while rest.next_if(is_blank).is_some() {}
        if rest.peek().is_none() {
            return arguments;
        }
        let mut argument = String::new();
        // 0 outside quotes, 1 inside.
        let mut quotes = 0;
        while let Some(c) = rest.next_if(|c| quotes > 0 || !is_blank(c)) {
            match c {
                '\\' => {
                    let mut backslashes = 1;
                    while rest.next_if_eq(&'\\').is_some() {
                        backslashes += 1;
                    }
                    let before_quote = rest.peek() == Some(&'"');
                    let kept = if before_quote { backslashes / 2 } else { backslashes };
                    argument.extend(std::iter::repeat_n('\\', kept));
                    if before_quote && backslashes % 2 == 1 {
                        rest.next();
                        argument.push('"');
                        quotes = count_quotes(&mut rest, quotes, &mut argument);
                    }
                }
                '"' => quotes = count_quotes(&mut rest, quotes + 1, &mut argument),
                c => argument.push(c),
            }
        }
        arguments.push(argument);
    }
}

/// Reads further quotes in a row and keeps each third one; returns whether the text after them is quoted.
fn count_quotes(rest: &mut std::iter::Peekable<std::str::Chars>, mut quotes: usize, argument: &mut String) -> usize {
    while rest.next_if_eq(&'"').is_some() {
        quotes += 1;
        if quotes == 3 {
            argument.push('"');
            quotes = 0;
        }
    }
    if quotes == 2 { 0 } else { quotes }
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    #[test]
    fn splits_as_windows_does() {
        for (line, expected) in [
            (r#"echo "hello world!""#, r#"["echo","hello world!"]"#),
            (r#""C:\Program Files\a.exe" -x	"b c""#, r#"["C:\\Program Files\\a.exe","-x","b c"]"#),
            (r#"a "b c" d\\e f\"g "h\\" i"#, r#"["a","b c","d\\\\e","f\"g","h\\","i"]"#),
            (r#"a b"c d"e"#, r#"["a","bc de"]"#),
            (r#"a "" b"#, r#"["a","","b"]"#),
            (r#"a "b""c" d"#, r#"["a","b\"c d"]"#),
            (r#"a "b"""  c"#, r#"["a","b\"  c"]"#),
            (r#"a\"b c"#, r#"["a\\\"b","c"]"#),
            (r#" a"#, r#"["","a"]"#),
            (r#"a   "#, r#"["a"]"#),
            (r#"a "unclosed x"#, r#"["a","unclosed x"]"#),
            (r#"a \\\\"b c" é"#, r#"["a","\\\\b c","é"]"#),
            ("", "[]"),
        ] {
            let result = crate::call("parse_command_line", KqlType::Dynamic, &[s(line), s("windows")]);
            assert_eq!(result, Ok(d(expected)), "{line}");
        }
        let other = crate::call("parse_command_line", KqlType::Dynamic, &[s("a"), s("bash")]);
        assert!(other.is_err_and(|error| error.to_string().contains("`bash`")));
        assert_eq!(
            crate::call("parse_command_line", KqlType::Dynamic, &[Value::Long(1), s("Windows")]),
            Ok(d(r#"["1"]"#))
        );
    }
}
