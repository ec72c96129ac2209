//! Whether a value is null or empty.

use super::prelude::*;
use super::texts::{test_texts, truths};
use arrow::array::BooleanArray;
use arrow::buffer::BooleanBuffer;

/// Tells for which rows it is `wanted` that argument 0 is null or the empty text.
pub fn is_empty(args: &Args, wanted: bool) -> ArrayRef {
    match args.args[0].ktype {
        KqlType::String | KqlType::Dynamic => test_texts(args, 0, |text| text.is_empty() == wanted),
        _ => is_null(args, wanted),
    }
}

/// Tells for which rows it is `wanted` that argument 0 is null.
pub fn is_null(args: &Args, wanted: bool) -> ArrayRef {
    let arg = &args.args[0];
    let nulls = if arg.ktype == KqlType::String { None } else { arg.array.logical_nulls() };
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
        let all = if wanted { BooleanBuffer::new_unset(args.rows) } else { BooleanBuffer::new_set(args.rows) };
        return Arc::new(BooleanArray::new(all, None));
    };
    if arg.constant {
        return truths(args, |_| wanted);
    }
    let valid = nulls.into_inner();
    Arc::new(BooleanArray::new(if wanted { !&valid } else { valid }, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_empty() {
        let json = |text: &str| parse_as(KqlType::Dynamic, text);
        let cases = [
            (Value::String(String::new()), true, false),
            (Value::String(" ".into()), false, false),
            (json("\"\""), true, false),
            (json("null"), true, true),
            (json("[]"), false, false),
            (Value::Null(KqlType::Guid), true, true),
            (Value::Null(KqlType::Bool), true, true),
            (Value::Datetime(0), false, false),
        ];
        for (value, empty, null) in cases {
            let ask = |name: &str| crate::call(name, KqlType::Bool, std::slice::from_ref(&value));
            assert_eq!(ask("isempty"), Ok(Value::Bool(empty)), "{value:?}");
            assert_eq!(ask("notempty"), Ok(Value::Bool(!empty)), "{value:?}");
            assert_eq!(ask("isnull"), Ok(Value::Bool(null)), "{value:?}");
            assert_eq!(ask("isnotnull"), Ok(Value::Bool(!null)), "{value:?}");
        }
    }

    #[test]
    fn columns_with_nulls() {
        let values = [Value::Long(1), Value::Null(KqlType::Long), Value::Long(0)];
        let column = Arg { array: array_of(KqlType::Long, values.into_iter()), ktype: KqlType::Long, constant: false };
        let ctx = crate::CallContext::default();
        let args = Args { args: &[column], rows: 3, returns: KqlType::Bool, ctx: &ctx };
        let found = is_null(&args, true);
        let found: Vec<Value> = (0..3).map(|row| value_at(&found, KqlType::Bool, row)).collect();
        assert_eq!(found, [false, true, false].map(Value::Bool));
    }
}
