use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "current_principal_is_member_of",
    signatures: &["(group+: string|array) -> bool"],
    summary: "Whether one of the names, alone or in arrays, is that of the person or program that runs the query, with or without its kind (`aaduser=`). Groups are not resolved.",
    examples: &[("print current_principal_is_member_of('aadgroup=nobody@example.com')", "false")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let is_own = |name: &str| {
        let bare = name.split_once('=').map_or(name, |(_, bare)| bare);
        let bare = bare.split_once(';').map_or(bare, |(bare, _)| bare);
        let own = &args.ctx.principal;
        !own.is_empty() && (name.eq_ignore_ascii_case(own) || bare.eq_ignore_ascii_case(own))
    };
    Ok(args.bools(|row| {
        Some(args.args.iter().any(|arg| {
            let text = arg.strs().get(row);
            match arg.ktype {
                KqlType::Dynamic if raw::kind(text) == raw::Kind::Array => {
                    raw::items(text).filter_map(raw::string).any(|name| is_own(&name))
                }
                KqlType::Dynamic => is_own(&raw::text(text)),
                _ => is_own(text),
            }
        }))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::args::{CallContext, array_of};

    #[test]
    fn names_match_with_or_without_their_kind() {
        let ctx = CallContext { principal: "ann@example.com".to_string(), ..CallContext::default() };
        let json = r#"["aadgroup=staff","aaduser=Ann@example.com;tenant"]"#;
        let cases = [
            (Value::String("ann@example.com".into()), true),
            (Value::String("aaduser=bob@example.com".into()), false),
            (Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic), true),
        ];
        for (name, result) in cases {
            let arg = Arg { ktype: name.ktype(), array: array_of(name.ktype(), [name].into_iter()), constant: true };
            let found = eval(&Args { args: &[arg], rows: 1, returns: KqlType::Bool, ctx: &ctx });
            assert_eq!(found.map(|array| value_at(&array, KqlType::Bool, 0)), Ok(Value::Bool(result)));
        }
    }
}
