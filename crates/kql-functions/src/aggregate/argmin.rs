use super::prelude::*;
use super::support::best_row::{self, ARG_MIN};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "argmin",
    signatures: &["(minimized: orderable, returned*: star scalar) -> custom"],
    returns: Some(best_row::returns),
    names: Some(|args| best_row::old_names(args, "min")),
    ordered: true,
    summary: "The row with the smallest first argument. An old spelling of `arg_min`, which names its results otherwise: `min_x`, and after it `min_x_y` for each column returned.",
    body: AggregateBody::Accumulate(ARG_MIN),
    ..AggregateFunction::DEFAULT
};
