use super::prelude::*;
use crate::kernels::convert::{bools, converted};
use crate::kernels::{choose, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "case",
    signatures: &["(predicate+: bool, then+: common, else: common) -> common"],
    summary: "The value after the first predicate that is true, or the last argument when none is.",
    examples: &[("print case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b"), ("print case(bool(null), 'a', 'c')", "c")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let Some((otherwise, branches)) = args.args.split_last() else {
        return Err(EvalError::new("`case` needs a predicate, its value and a value for all else"));
    };
    // From the last branch to the first, so that an earlier one wins.
    let mut chosen = converted(otherwise, args.returns);
    for branch in branches.rchunks_exact(2) {
        let [predicate, then] = branch else { continue };
        chosen = choose::select(&bools(predicate), &converted(then, args.returns), &chosen)?;
    }
    spread(chosen.array, args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_true_predicate_wins() {
        let (yes, no, unknown) = (Value::Bool(true), Value::Bool(false), Value::Null(KqlType::Bool));
        let cases = [([&yes, &yes], 1), ([&no, &yes], 2), ([&unknown, &yes], 2), ([&no, &unknown], 3)];
        for ([first, second], result) in cases {
            let args = [first.clone(), Value::Int(1), second.clone(), Value::Long(2), Value::Long(3)];
            assert_eq!(crate::call("case", KqlType::Long, &args), Ok(Value::Long(result)));
        }
    }
}
