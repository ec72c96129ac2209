use super::prelude::*;
use super::texts::Texts;

/// What a dynamic value takes beyond its text: its parts are indexed.
const DYNAMIC_OVERHEAD: i64 = 4;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "estimate_data_size",
    signatures: &["(column+: star scalar) -> long"],
    summary: "An estimate of the bytes that the row's values in the given columns take: the length of a string, 8 for long, \
              real, datetime and timespan, 4 for int, 1 for bool, 16 for decimal and guid, and for dynamic somewhat more \
              than its text.",
    examples: &[(
        "range x from 1 to 10 step 1 | extend Text = '1234567890' | summarize Total = sum(estimate_data_size(*))",
        "180",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let fixed: i64 = args.args.iter().filter_map(|arg| width(arg.ktype)).sum();
    let varying: Vec<(Texts, i64)> = args
        .args
        .iter()
        .filter(|arg| width(arg.ktype).is_none())
        .map(|arg| (Texts::from(arg), if arg.ktype == KqlType::Dynamic { DYNAMIC_OVERHEAD } else { 0 }))
        .collect();
    Ok(args.longs(|row| {
        let texts = varying.iter().map(|(texts, overhead)| texts.get(row).len() as i64 + overhead);
        Some(fixed + texts.sum::<i64>())
    }))
}

/// Returns the bytes of a value; `None` when they depend on the value.
fn width(ktype: KqlType) -> Option<i64> {
    match ktype {
        KqlType::Bool => Some(1),
        KqlType::Int => Some(4),
        KqlType::Long | KqlType::Real | KqlType::Datetime | KqlType::Timespan => Some(8),
        KqlType::Decimal | KqlType::Guid => Some(16),
        KqlType::String | KqlType::Dynamic => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_add_up() {
        let args = [Value::Long(1), Value::String("1234567890".into()), Value::Int(3), Value::Null(KqlType::Guid)];
        assert_eq!(crate::call("estimate_data_size", KqlType::Long, &args), Ok(Value::Long(38)));
        let size = |value: Value| crate::call("estimate_data_size", KqlType::Long, &[value]).map(|size| size.to_text());
        assert_eq!(size(Value::String(r#"{"a":"bcd"}"#.into())), Ok("11".into()));
        assert_eq!(size(parse_as(KqlType::Dynamic, r#"{"a":"bcd"}"#)), Ok("15".into()));
    }
}
