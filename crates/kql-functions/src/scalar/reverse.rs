use super::prelude::*;
use super::texts::{Texts, build_strings};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "reverse",
    signatures: &["(value: scalar) -> string"],
    summary: "The characters of a text in reverse order.",
    examples: &[
        ("print reverse('ABCD')", "DCBA"),
        ("print reverse(12345)", "54321"),
        ("print reverse(datetime(2017-10-15 12:00))", "Z0000000.00:00:21T51-01-7102"),
        ("print reverse(3h)", "00:00:30"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = Texts::of(args, 0);
    build_strings(args, |row, out| {
        out.extend(value.get(row).chars().rev());
        Ok(())
    })
}
