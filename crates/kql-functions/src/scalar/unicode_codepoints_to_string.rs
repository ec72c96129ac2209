use super::prelude::*;
use super::texts::build_strings;
use schema::dynamic::raw;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "unicode_codepoints_to_string",
    aliases: &["make_string"],
    signatures: &["(value+: integer|array) -> string"],
    summary: "The text of characters given by their Unicode code points: numbers, and arrays of numbers. Empty when one is \
              no code point.",
    examples: &[
        ("print unicode_codepoints_to_string(75, 117, 115, 116, 111)", "Kusto"),
        ("print unicode_codepoints_to_string(dynamic([75, 117, 115]), 116, 111)", "Kusto"),
        ("print make_string(75, -1)", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    build_strings(args, |row, out| {
        let complete = args.args.iter().try_for_each(|arg| match arg.ktype {
            KqlType::Dynamic => push_json(arg.strs().opt(row)?, out),
            _ => push(arg.longs().get(row)?, out),
        });
        if complete.is_none() {
            out.clear();
        }
        Ok(())
    })
}

fn push_json(json: &str, out: &mut String) -> Option<()> {
    if raw::kind(json) == raw::Kind::Array {
        return raw::items(json).try_for_each(|item| push_json(item, out));
    }
    push(json.trim().parse().ok()?, out)
}

fn push(code: i64, out: &mut String) -> Option<()> {
    out.push(u32::try_from(code).ok().and_then(char::from_u32)?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_code_point_empties_the_text() {
        let cases =
            [("[75,[117]]", "Ku"), ("[75,55296]", ""), ("[75,null]", ""), ("[75,1.5]", ""), ("null", ""), ("[]", "")];
        for (codes, expected) in cases {
            let text = crate::call("make_string", KqlType::String, &[parse_as(KqlType::Dynamic, codes)]);
            assert_eq!(text, Ok(Value::String(expected.into())), "{codes}");
        }
    }
}
