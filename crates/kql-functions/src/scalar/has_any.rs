use super::prelude::*;
use super::term_list::{AnyTerm, is_constant, terms};
use super::texts::{Texts, test_texts, truths};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_any",
    signatures: &["(left: string|dynamic, list+: scalar) -> bool"],
    summary: "Whether any of the listed texts stands in the left text as whole terms, not minding the case of ASCII \
              letters, as `has` tells. An array stands for its elements; numbers and other values are taken as their text.",
    examples: &[
        ("print 'North America' has_any ('south', 'north')", "true"),
        ("print 'North America' has_any (dynamic(['south', 'nor']))", "false"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    if is_constant(args, 1) {
        let list = AnyTerm::new(&terms(args, 1, 0));
        return Ok(test_texts(args, 0, |text| list.is_in(text)));
    }
    let left = Texts::of(args, 0);
    Ok(truths(args, |row| AnyTerm::new(&terms(args, 1, row)).is_in(&left.get(row))))
}
