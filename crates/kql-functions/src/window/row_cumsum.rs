use super::rows::restarts;
use crate::scalar::prelude::*;

use arrow::datatypes::i256;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "row_cumsum",
    signatures: &["(term: number, restart?: bool) -> same(0)"],
    summary: "The sum of a number over the rows of a serialized row set up to the row. Where restart is true the sum starts \
              anew with the row's number. A null adds nothing.",
    examples: &[
        ("datatable(a:long) [2, 4, 6] | serialize cs=row_cumsum(a) | where a == 6 | project cs", "12"),
        ("datatable(a:long) [2, 4, 6] | serialize cs=row_cumsum(a, a == 4) | where a == 6 | project cs", "10"),
    ],
    body: Body::Window(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let restarts = restarts(args, 1);
    let Some(term) = args.opt(0) else { return Err(EvalError::new("a number is needed")) };
    Ok(match term.ktype {
        KqlType::Real => {
            let (terms, mut sum) = (term.reals(), 0.0);
            args.reals(|row| {
                sum = if restarts(row) { 0.0 } else { sum } + terms.get(row).unwrap_or(0.0);
                Some(sum)
            })
        }
        KqlType::Decimal => {
            let mut sum = i256::ZERO;
            args.values(|row| {
                if restarts(row) {
                    sum = i256::ZERO;
                }
                if let Value::Decimal(value) = term.value(row) {
                    sum = sum.wrapping_add(value);
                }
                Value::Decimal(sum)
            })
        }
        KqlType::Int => {
            let (terms, mut sum) = (term.longs(), 0_i32);
            args.ints(|row| {
                // An int's value fits an int.
                sum = if restarts(row) { 0 } else { sum }.wrapping_add(terms.get(row).unwrap_or(0) as i32);
                Some(sum)
            })
        }
        _ => {
            let (terms, mut sum) = (term.longs(), 0_i64);
            args.longs(|row| {
                sum = if restarts(row) { 0 } else { sum }.wrapping_add(terms.get(row).unwrap_or(0));
                Some(sum)
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_the_type_and_pass_over_nulls() {
        let ctx = crate::CallContext::default();
        let cases = [
            (KqlType::Int, [Value::Int(i32::MAX), Value::Null(KqlType::Int), Value::Int(1)], Value::Int(i32::MIN)),
            (KqlType::Real, [Value::Real(0.5), Value::Null(KqlType::Real), Value::Real(1.0)], Value::Real(1.5)),
            (
                KqlType::Decimal,
                [parse_as(KqlType::Decimal, "0.1"), Value::Null(KqlType::Decimal), parse_as(KqlType::Decimal, "0.2")],
                parse_as(KqlType::Decimal, "0.3"),
            ),
        ];
        for (ktype, values, expected) in cases {
            let args = [Arg { array: array_of(ktype, values.into_iter()), ktype, constant: false }];
            let sums = eval(&Args { args: &args, rows: 3, returns: ktype, ctx: &ctx })
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(value_at(&sums, ktype, 2), expected);
        }
    }
}
