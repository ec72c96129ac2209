use super::dynamics;
use super::prelude::*;
use std::borrow::Cow;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_pack",
    aliases: &["pack", "pack_dictionary"],
    signatures: &["(key+: string, value+: scalar) -> dynamic"],
    summary: "A bag of names and values, given in turn. Of a name given twice the last value counts; a null value is kept.",
    examples: &[
        ("print bag_pack('Level', 'Information', 'ProcessID', 1234)", "{\"Level\":\"Information\",\"ProcessID\":1234}"),
        ("print bag_pack('Data', bag_pack('url', 'www.bing.com')).Data.url", "www.bing.com"),
    ],
    body: Body::Eval(|args| pack(args, |_, _| true)),
    ..ScalarFunction::DEFAULT
};

/// Packs names and values given in turn, as far as `keeps` keeps the value.
pub fn pack(args: &Args, keeps: impl Fn(&Arg, usize) -> bool) -> Result<ArrayRef, EvalError> {
    let pairs: Vec<(&Arg, &Arg)> = args.args.chunks_exact(2).filter_map(|pair| pair.first().zip(pair.last())).collect();
    let distinct = names_are_distinct(&pairs);
    let mut members: Vec<(Cow<str>, Cow<str>)> = Vec::with_capacity(pairs.len());
    Ok(args.written(|row, out| {
        members.clear();
        for (name, value) in pairs.iter().filter(|(_, value)| keeps(value, row)) {
            let (name, value) = (dynamics::text(name, row), dynamics::json(value, row));
            let known = if distinct { None } else { members.iter_mut().find(|(other, _)| *other == name) };
            match known {
                Some(member) => member.1 = value,
                None => members.push((name, value)),
            }
        }
        dynamics::write_bag(out, members.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
        true
    }))
}

/// Returns whether all names are the same for all rows and different from each other, as they nearly always are.
fn names_are_distinct(pairs: &[(&Arg, &Arg)]) -> bool {
    let mut seen = HashSet::new();
    pairs.iter().all(|(name, _)| name.constant && seen.insert(dynamics::text(name, 0)))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::{KqlType, Value};

    #[test]
    fn packs_every_type() {
        let args = [
            (s("s"), s("a\"b")),
            (s("l"), Value::Long(-1)),
            (s("r"), Value::Real(1.0)),
            (s("n"), Value::Real(f64::NAN)),
            (s("b"), Value::Bool(true)),
            (s("t"), Value::Datetime(637_134_336_000_000_000)),
            (s("x"), Value::Null(KqlType::Int)),
            (s("d"), d(r#"{"k":[1]}"#)),
            (s("e"), s("")),
        ];
        let args: Vec<Value> = args.into_iter().flat_map(|(name, value)| [name, value]).collect();
        assert_eq!(
            json_of("bag_pack", &args),
            r#"{"s":"a\"b","l":-1,"r":1.0,"n":"NaN","b":true,"t":"2020-01-01T00:00:00.0000000Z","x":null,"d":{"k":[1]},"e":""}"#
        );
        assert_eq!(
            json_of("(bag_pack_nonempty)", &args),
            r#"{"s":"a\"b","l":-1,"r":1.0,"n":"NaN","b":true,"t":"2020-01-01T00:00:00.0000000Z","d":{"k":[1]}}"#
        );
    }

    #[test]
    fn the_last_value_of_a_name_counts() {
        let args = ["a", "1", "b", "2", "a", "3", "b", "4", "a", "5"].map(s);
        assert_eq!(json_of("pack", &args), r#"{"a":"5","b":"4"}"#);
    }
}
