use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_split",
    signatures: &["(array: array, index: integer) -> dynamic", "(array: array, indices: array) -> dynamic"],
    summary: "An array cut before each of the given places into an array of arrays, one more than there are places. A \
              negative place counts from the end; null when the value is no array or a place is no whole number.",
    examples: &[
        ("print array_split(dynamic([1, 2, 3, 4, 5]), 2)", "[[1,2],[3,4,5]]"),
        ("print array_split(dynamic([1, 2, 3, 4, 5]), dynamic([1, 3]))", "[[1],[2,3],[4,5]]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(items) = dynamics::array(&args.args[0], row) else { return false };
        let Some(places) = places(&args.args[1], row) else { return false };
        out.push('[');
        let mut from = 0;
        for place in places {
            let place = if place < 0 { place.saturating_add(items.len() as i64).max(0) } else { place };
            // A place before the last cut gives an empty part and moves nothing back.
            let to = usize::try_from(place).unwrap_or(usize::MAX).clamp(from, items.len());
            dynamics::write_array(out, items[from..to].iter().copied());
            out.push(',');
            from = to;
        }
        dynamics::write_array(out, items[from..].iter().copied());
        out.push(']');
        true
    }))
}

fn places(arg: &Arg, row: usize) -> Option<Vec<i64>> {
    match arg.ktype {
        KqlType::Dynamic => match dynamics::array(arg, row) {
            Some(items) => items.iter().map(|item| item.parse().ok()).collect(),
            None => Some(vec![dynamics::dynamic(arg, row)?.trim().parse().ok()?]),
        },
        _ => Some(vec![arg.longs().get(row)?]),
    }
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};
    use schema::Value;

    #[test]
    fn splits_at_places() {
        for (places, expected) in [
            (Value::Long(2), "[[1,2],[3,4,5]]"),
            (Value::Long(-2), "[[1,2,3],[4,5]]"),
            (Value::Long(0), "[[],[1,2,3,4,5]]"),
            (Value::Long(99), "[[1,2,3,4,5],[]]"),
            (Value::Long(i64::MIN), "[[],[1,2,3,4,5]]"),
            (d("[1,3]"), "[[1],[2,3],[4,5]]"),
            (d("[1,-2]"), "[[1],[2,3],[4,5]]"),
            (d("[3,1]"), "[[1,2,3],[],[4,5]]"),
            (d("[]"), "[[1,2,3,4,5]]"),
            (d(r#"["a"]"#), "null"),
        ] {
            assert_eq!(json_of("array_split", &[d("[1,2,3,4,5]"), places.clone()]), expected, "{places:?}");
        }
        assert_eq!(json_of("array_split", &[d("3"), Value::Long(1)]), "null");
    }
}
