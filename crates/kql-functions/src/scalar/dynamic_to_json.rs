use super::prelude::*;
use super::texts::{Texts, build_strings};
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "dynamic_to_json",
    signatures: &["(dynamic: scalar) -> string"],
    summary: "The canonical JSON text of a dynamic value: without blanks, the members of bags in the order of their names, so \
              that equal values give equal texts. Of another type, its text.",
    examples: &[
        (
            "print dynamic_to_json(dynamic({'b': {'d': 1, 'c': [2, 1]}, 'a': 'x'}))",
            r#"{"a":"x","b":{"c":[2,1],"d":1}}"#,
        ),
        ("print dynamic_to_json(1.5)", "1.5"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let arg = &args.args[0];
    let texts = Texts::from(arg);
    build_strings(args, |row, out| {
        match arg.ktype {
            KqlType::Dynamic => {
                if let Value::Dynamic(value) = arg.value(row) {
                    write_canonical(&value, out);
                }
            }
            _ => out.push_str(&texts.get(row)),
        }
        Ok(())
    })
}

fn write_canonical(value: &Dynamic, out: &mut String) {
    match value {
        Dynamic::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Dynamic::Bag(members) => {
            let mut members: Vec<&(String, Dynamic)> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            for (i, (name, member)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json_string(out, name);
                out.push(':');
                write_canonical(member, out);
            }
            out.push('}');
        }
        scalar => scalar.write_json(out),
    }
}
