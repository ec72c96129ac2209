use super::rows::shifted;
use crate::scalar::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "prev",
    signatures: &["(column: column scalar, offset?: long, default_value?: constant scalar) -> same(0)"],
    summary: "The value of a column in the row that stands offset rows before this one (1 when not given) in a serialized row \
              set; where there is no such row, default_value (null when not given).",
    examples: &[
        ("datatable(a:long) [1, 2, 4] | serialize p=prev(a) | where a == 4 | project p", "2"),
        ("datatable(a:long) [1, 2, 4] | serialize p=prev(a, 2, -1) | where a == 2 | project p", "-1"),
    ],
    body: Body::Window(|args| shifted(args, -1)),
    ..ScalarFunction::DEFAULT
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_move_down_with_any_type_and_offset() {
        let ctx = crate::CallContext::default();
        let constant = |value: Value| Arg {
            array: array_of(value.ktype(), std::iter::once(value.clone())),
            ktype: value.ktype(),
            constant: true,
        };
        let text = |text: &str| Value::String(text.into());
        let json = |text: &str| Value::Dynamic(Dynamic::parse(text).unwrap_or(Dynamic::Null));
        let (a, b, c) = (text("a"), text("b"), text("c"));
        let cases: [(&[Value], &[Value], [Value; 3]); 6] = [
            (&[a.clone(), b.clone(), c.clone()], &[], [text(""), a.clone(), b.clone()]),
            (&[a.clone(), b.clone(), c.clone()], &[Value::Long(-1), text("z")], [b.clone(), c.clone(), text("z")]),
            (&[a.clone(), b, c], &[Value::Long(i64::MIN)], [text(""), text(""), text("")]),
            (
                &[Value::Real(0.5), Value::Real(1.5), Value::Null(KqlType::Real)],
                &[Value::Long(2), Value::Long(7)],
                [Value::Real(7.0), Value::Real(7.0), Value::Real(0.5)],
            ),
            (
                &[json("[1]"), json("{}"), json("2")],
                &[Value::Long(1), Value::Long(0)],
                [json("0"), json("[1]"), json("{}")],
            ),
            (
                &[Value::Bool(true), Value::Null(KqlType::Bool), Value::Bool(false)],
                &[Value::Null(KqlType::Long)],
                [Value::Null(KqlType::Bool), Value::Null(KqlType::Bool), Value::Null(KqlType::Bool)],
            ),
        ];
        for (values, more, expected) in cases {
            let ktype = values[0].ktype();
            let mut args = vec![Arg { array: array_of(ktype, values.iter().cloned()), ktype, constant: false }];
            args.extend(more.iter().cloned().map(constant));
            let found = shifted(&Args { args: &args, rows: 3, returns: ktype, ctx: &ctx }, -1)
                .unwrap_or_else(|error| panic!("{error}"));
            let found: Vec<Value> = (0..3).map(|row| value_at(&found, ktype, row)).collect();
            assert_eq!(found, expected);
        }
    }
}
