use super::prelude::*;
use stdx::Rng;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "rand",
    signatures: &["(number?: integer) -> real"],
    naming: Naming::FirstArgument,
    summary: "A random real, at least 0 and below 1; with a number N above 1, one of 0, 1, ... N - 1. Drawn anew for every row.",
    examples: &[("print rand() < 1", "true"), ("print rand(1000) between (0 .. 999)", "true")],
    body: Body::Volatile(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut rng = Rng::from_entropy();
    let bound = args.opt(0).map(Arg::longs);
    Ok(args.reals(|row| {
        let Some(bound) = &bound else {
            return Some(rng.next_f64());
        };
        match u64::try_from(bound.get(row)?) {
            Ok(bound @ 2..) => Some(rng.below(bound) as f64),
            _ => Some(rng.next_f64()),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_drawn_from_the_set() {
        for _ in 0..100 {
            let found = crate::call("rand", KqlType::Real, &[Value::Long(3)]);
            assert!([0.0, 1.0, 2.0].map(|x| Ok(Value::Real(x))).contains(&found), "{found:?}");
            let found = crate::call("rand", KqlType::Real, &[]);
            assert!(matches!(found, Ok(Value::Real(x)) if (0.0..1.0).contains(&x)), "{found:?}");
        }
    }
}
