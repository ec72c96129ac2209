use super::prelude::*;
use super::term_list::{TermList, is_constant, terms};
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_any_index",
    signatures: &["(source: string|dynamic, values: array) -> long"],
    summary: "The position, from 0, of the first element of an array that stands in a text as whole terms, as `has` tells; \
              -1 when none does.",
    examples: &[
        ("print has_any_index('this is an example', dynamic(['this', 'example']))", "0"),
        ("print has_any_index('this is an example', dynamic(['not', 'example']))", "1"),
        ("print has_any_index('Example number 2', range(1, 3, 1))", "1"),
        ("print has_any_index('this is an example', dynamic([]))", "-1"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let source = Texts::of(args, 0);
    let index = |list: &TermList, row: usize| Some(list.first_in(&source.get(row)).map_or(-1, |index| index as i64));
    if is_constant(args, 1) {
        let list = TermList::new(&terms(args, 1, 0));
        return Ok(args.longs(|row| index(&list, row)));
    }
    Ok(args.longs(|row| index(&TermList::new(&terms(args, 1, row)), row)))
}
