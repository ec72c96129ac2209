use super::prelude::*;
use super::texts::{Texts, build_strings, push};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "strcat_delim",
    signatures: &["(delimiter: scalar, first: scalar, arg+: scalar) -> string"],
    summary: "The arguments after the first, each as its text, with the first between them.",
    examples: &[
        ("print strcat_delim('-', 1, '2', 'A', 1s)", "1-2-A-00:00:01"),
        ("print strcat_delim(',', '', 'b')", ",b"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let delimiter = Texts::of(args, 0);
    let parts: Vec<Texts> = args.args.iter().skip(1).map(Texts::from).collect();
    build_strings(args, |row, out| {
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                push(out, &delimiter.get(row))?;
            }
            push(out, &part.get(row))?;
        }
        Ok(())
    })
}
