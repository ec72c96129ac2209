use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fill_linear",
    signatures: &[
        "(series: array, missing_value_placeholder?: number, fill_edges?: bool, constant_value?: number) -> same(0)",
    ],
    naming: Naming::FirstArgument,
    summary: "A series with its missing elements put on the straight line between their neighbours; a series of whole numbers stays whole, fractions cut off. Missing elements at the start and the end take the nearest number unless fill_edges is false. A series without any number is filled with constant_value, 0.0 when not given. An element is missing when it equals missing_value_placeholder, which is null when not given.",
    examples: &[
        ("print series_fill_linear(dynamic([null,111.0,null,36.0,null]))", "[111.0,111.0,73.5,36.0,36.0]"),
        ("print series_fill_linear(dynamic([null,111,null,36,41,null,null,16]))", "[111,111,73,36,41,32,24,16]"),
        ("print series_fill_linear(dynamic([null,1,null,3]), double(null), false)", "[null,1,2,3]"),
        ("print series_fill_linear(dynamic([null,null]), double(null), true, 3.14159)", "[3.14159,3.14159]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let edges = args.opt(2).map(|arg| arg.bools());
    let constant = series::fill_text(args, 3, "0.0");
    Ok(series::fill(args, 1, |row, items, out| {
        let edges = edges.as_ref().and_then(|bools| bools.get(row)).unwrap_or(true);
        series::fill_linear(items, edges, &constant(row), out);
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_lie_on_the_line() {
        let json = |text: &str| Value::Dynamic(Dynamic::parse(text).unwrap_or(Dynamic::Null));
        let null = Value::Null(KqlType::Real);
        let cases: [(&str, &[Value], &str); 6] = [
            (
                "[null,111.0,null,36.0,41.0,null,null,16.0]",
                &[],
                "[111.0,111.0,73.5,36.0,41.0,32.66666666666667,24.333333333333336,16.0]",
            ),
            ("[null,111,null,36,null]", &[null.clone(), Value::Bool(false)], "[null,111,73,36,null]"),
            ("[null,null]", &[null.clone(), Value::Bool(false)], "[0.0,0.0]"),
            ("[null,null]", &[null.clone(), Value::Bool(true), null.clone()], "[null,null]"),
            ("[-1,4,-1,null,8]", &[Value::Long(-1)], "[4,4,5,null,8]"),
            ("[]", &[], "[]"),
        ];
        for (series, more, expected) in cases {
            let args: Vec<Value> = std::iter::once(json(series)).chain(more.iter().cloned()).collect();
            assert_eq!(crate::call("series_fill_linear", KqlType::Dynamic, &args), Ok(json(expected)), "{series}");
        }
    }
}
