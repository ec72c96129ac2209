use super::prelude::*;
use crate::kernels::bins;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bin_auto",
    signatures: &["(value: summable) -> custom"],
    returns: Some(bins::returns),
    naming: Naming::FirstArgument,
    summary: "Rounds down to multiples of the size that `set query_bin_auto_size` gives, counted from `query_bin_auto_at`.",
    examples: &[("set query_bin_auto_size=10; print bin_auto(17)", "10")],
    body: Body::Binder,
    ..ScalarFunction::DEFAULT
};
