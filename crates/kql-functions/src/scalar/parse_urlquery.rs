use super::parse_url::write_query;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_urlquery",
    aliases: &["parseurlquery"],
    signatures: &["(query: string) -> dynamic"],
    summary: "A bag whose member `Query Parameters` is a bag of a URL query's parameters; parameters without name or value \
              are left out, and a name given several times holds an array.",
    examples: &[(
        "print parse_urlquery('k1=v1&k2=v2&k3=v3')",
        "{\"Query Parameters\":{\"k1\":\"v1\",\"k2\":\"v2\",\"k3\":\"v3\"}}",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let query = args.str(0);
    Ok(args.written(|row, out| {
        let query = query.get(row);
        out.push_str("{\"Query Parameters\":");
        write_query(query.strip_prefix('?').unwrap_or(query), out);
        out.push('}');
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{json_of, s};

    #[test]
    fn reads_parameters() {
        for (query, expected) in [
            ("k1=v1&k2=v2&k3=v3", r#"{"k1":"v1","k2":"v2","k3":"v3"}"#),
            ("?view=vs-2019&preserve-view=true", r#"{"preserve-view":"true","view":"vs-2019"}"#),
            ("a=%20b+c", r#"{"a":"%20b+c"}"#),
            ("", "{}"),
        ] {
            assert_eq!(json_of("parse_urlquery", &[s(query)]), format!("{{\"Query Parameters\":{expected}}}"));
        }
    }
}
