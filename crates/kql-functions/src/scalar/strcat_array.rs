use super::prelude::*;
use super::texts::{Texts, build_strings, push};
use schema::dynamic::raw;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "strcat_array",
    aliases: &["array_strcat"],
    signatures: &["(array: array, delimiter: scalar) -> string"],
    summary: "The elements of an array, each as its text, with the delimiter between them; empty when there is no array.",
    examples: &[
        ("print strcat_array(dynamic([1, 2, 3]), '->')", "1->2->3"),
        ("print strcat_array(dynamic(['a', null, [1, 2]]), ',')", "a,,[1,2]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let array = args.str(0);
    let delimiter = Texts::of(args, 1);
    build_strings(args, |row, out| {
        let delimiter = delimiter.get(row);
        for (i, item) in raw::items(array.get(row)).enumerate() {
            if i > 0 {
                push(out, &delimiter)?;
            }
            push(out, &raw::text(item))?;
        }
        Ok(())
    })
}
