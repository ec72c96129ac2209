use super::prelude::*;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

/// What `mv-apply` tells the rows of its input apart by. Its name cannot be written in a query.
pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "(row_id)",
    signatures: &["() -> long"],
    summary: "A number that no other row has; later rows of a batch have greater ones.",
    body: Body::Volatile(eval),
    ..ScalarFunction::DEFAULT
};

/// The next number. It starts at a random place, so that numbers made by several nodes for one query differ too.
static NEXT: LazyLock<AtomicI64> = LazyLock::new(|| AtomicI64::new((stdx::Rng::from_entropy().next_u64() >> 2) as i64));

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let first = NEXT.fetch_add(args.rows as i64, Ordering::Relaxed);
    Ok(args.longs(|row| Some(first + row as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_repeat() {
        let ctx = crate::CallContext::default();
        let numbers = || {
            eval(&Args { args: &[], rows: 3, returns: KqlType::Long, ctx: &ctx })
                .map(|column| value_at(&column, KqlType::Long, 2))
        };
        assert_ne!(numbers(), numbers());
    }
}
