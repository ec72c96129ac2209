use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "zip",
    signatures: &["(array: array, arrays+: array) -> dynamic"],
    summary: "An array of arrays, each holding the elements of all the arrays at one place; shorter arrays are filled up \
              with null. Null when a value is no array.",
    examples: &[
        ("print zip(dynamic([1, 3, 5]), dynamic([2, 4, 6]))", "[[1,2],[3,4],[5,6]]"),
        ("print zip(dynamic(['A', 1, 1.5]), dynamic([{}, 'B']))", "[[\"A\",{}],[1,\"B\"],[1.5,null]]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(arrays) = args.args.iter().map(|arg| dynamics::array(arg, row)).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let n = arrays.iter().map(Vec::len).max().unwrap_or(0);
        out.push('[');
        for place in 0..n {
            if place > 0 {
                out.push(',');
            }
            dynamics::write_array(out, arrays.iter().map(|items| items.get(place).copied().unwrap_or("null")));
        }
        out.push(']');
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn zips_to_the_longest() {
        for (arrays, expected) in [
            (vec!["[1,3,5]", "[2,4,6]"], "[[1,2],[3,4],[5,6]]"),
            (vec![r#"["A",1,1.5]"#, r#"[{},"B"]"#], r#"[["A",{}],[1,"B"],[1.5,null]]"#),
            (vec!["[1]", "[]", "[2,3]"], "[[1,null,2],[null,null,3]]"),
            (vec!["[]", "[]"], "[]"),
            (vec!["[1]", "2"], "null"),
            (vec!["[1]", "null"], "null"),
        ] {
            assert_eq!(json_of("zip", &arrays.iter().map(|json| d(json)).collect::<Vec<_>>()), expected);
        }
    }
}
