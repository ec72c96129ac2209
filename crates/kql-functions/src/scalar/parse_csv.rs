use super::prelude::*;
use super::texts::{Texts, build_texts};
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_csv",
    signatures: &["(csv_text: string|dynamic) -> dynamic"],
    naming: Naming::FirstArgument,
    summary: "The values of a record of comma-separated values, as an array of texts. Values with commas, line ends or \
              quotation marks stand in quotation marks, doubled inside. Only the first record is read.",
    examples: &[
        (
            r#"print parse_csv('aa,"b,b,b",cc,"Escaping quotes: ""Title"""')"#,
            r#"["aa","b,b,b","cc","Escaping quotes: \"Title\""]"#,
        ),
        (r"print parse_csv('record1,a,b,c\nrecord2,x,y,z')", r#"["record1","a","b","c"]"#),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let csv = Texts::of(args, 0);
    let mut value = String::new();
    build_texts(args, |row, out| {
        let csv = csv.get(row);
        let mut rest = Some(&*csv);
        out.push('[');
        while let Some(text) = rest {
            value.clear();
            rest = read_value(text, &mut value);
            if out.len() > 1 {
                out.push(',');
            }
            write_json_string(out, &value);
        }
        out.push(']');
        Ok(true)
    })
}

/// Reads a value, and returns the text after the comma behind it; `None` when the record ends there.
fn read_value<'t>(text: &'t str, value: &mut String) -> Option<&'t str> {
    let mut characters = text.chars();
    let mut quoted = false;
    let mut at_start = true;
    while let Some(character) = characters.next() {
        match character {
            '"' if at_start => quoted = true,
            '"' if quoted => {
                if characters.as_str().starts_with('"') {
                    characters.next();
                    value.push('"');
                } else {
                    quoted = false;
                }
            }
            ',' if !quoted => return Some(characters.as_str()),
            '\n' | '\r' if !quoted => return None,
            other => value.push(other),
        }
        at_start = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let cases = [
            ("a,b", r#"["a","b"]"#),
            ("", r#"[""]"#),
            (",", r#"["",""]"#),
            ("a,\r\nb", r#"["a",""]"#),
            ("\"a\nb\",c", r#"["a\nb","c"]"#),
            ("\"\"\"\",x\"y\"", r#"["\"","x\"y\""]"#),
            ("\"open, end", r#"["open, end"]"#),
            ("é, \"b\"", r#"["é"," \"b\""]"#),
        ];
        for (csv, expected) in cases {
            let found = crate::call("parse_csv", KqlType::Dynamic, &[Value::String(csv.into())]);
            assert_eq!(found, Ok(parse_as(KqlType::Dynamic, expected)), "{csv}");
        }
    }
}
