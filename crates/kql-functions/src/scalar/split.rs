use super::prelude::*;
use super::texts::{Texts, build_texts};
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "split",
    signatures: &["(source: scalar, delimiter: string, requestedIndex?: integer) -> dynamic"],
    naming: Naming::FirstArgument,
    summary: "The parts of a text between delimiters, as an array. With an index, an array of that part alone, counted \
              from 0; empty when there is no such part. An empty delimiter does not split.",
    examples: &[
        ("print split('aa_bb', '_')", r#"["aa","bb"]"#),
        ("print split('aaa_bbb_ccc', '_', 1)", r#"["bbb"]"#),
        ("print split('', '_')", r#"[""]"#),
        ("print split('a__b', '_')", r#"["a","","b"]"#),
        ("print split('aabbcc', 'bb')", r#"["aa","cc"]"#),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (source, delimiter) = (Texts::of(args, 0), Texts::of(args, 1));
    let index = args.opt(2).map(Arg::longs);
    build_texts(args, |row, out| {
        let (source, delimiter) = (source.get(row), delimiter.get(row));
        let wanted = index.as_ref().map(|index| index.get(row).and_then(|index| usize::try_from(index).ok()));
        // `str::split` would cut at every character.
        let whole = delimiter.is_empty().then_some(&*source);
        let parts = source.split(&*delimiter).filter(|_| whole.is_none()).chain(whole);
        out.push('[');
        for (i, part) in parts.enumerate() {
            if wanted.is_none_or(|wanted| wanted == Some(i)) {
                if out.len() > 1 {
                    out.push(',');
                }
                write_json_string(out, part);
            }
        }
        out.push(']');
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        let text = |text: &str| Value::String(text.into());
        let cases = [
            (vec![text("a\"b\n_c"), text("_")], r#"["a\"b\n","c"]"#),
            (vec![text("abc"), text("")], r#"["abc"]"#),
            (vec![text("a_b"), text("_"), Value::Long(2)], "[]"),
            (vec![text("a_b"), text("_"), Value::Long(-1)], "[]"),
            (vec![text("aaa"), text("aa")], r#"["","a"]"#),
            (vec![Value::Datetime(0), text("-")], r#"["0001","01","01T00:00:00.0000000Z"]"#),
        ];
        for (args, expected) in cases {
            assert_eq!(
                crate::call("split", KqlType::Dynamic, &args),
                Ok(parse_as(KqlType::Dynamic, expected)),
                "{args:?}"
            );
        }
    }
}
