use super::prelude::*;
use super::term_list::{TermList, is_constant, terms};
use super::texts::{Texts, test_texts, truths};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_all",
    signatures: &["(left: string|dynamic, list+: scalar) -> bool"],
    summary: "Whether all of the listed texts stand in the left text as whole terms, not minding the case of ASCII \
              letters, as `has` tells. An array stands for its elements; true of an empty list.",
    examples: &[
        ("print 'North and South America' has_all ('south', 'north')", "true"),
        ("print 'North America' has_all (dynamic(['south', 'north']))", "false"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    if is_constant(args, 1) {
        let list = TermList::new(&terms(args, 1, 0));
        return Ok(test_texts(args, 0, |text| list.all_in(text)));
    }
    let left = Texts::of(args, 0);
    Ok(truths(args, |row| TermList::new(&terms(args, 1, row)).all_in(&left.get(row))))
}
