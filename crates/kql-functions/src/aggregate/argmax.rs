use super::prelude::*;
use super::support::best_row::{self, ARG_MAX};

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "argmax",
    signatures: &["(maximized: orderable, returned*: star scalar) -> custom"],
    returns: Some(best_row::returns),
    names: Some(|args| best_row::old_names(args, "max")),
    ordered: true,
    summary: "The row with the largest first argument. An old spelling of `arg_max`, which names its results otherwise: `max_x`, and after it `max_x_y` for each column returned.",
    body: AggregateBody::Accumulate(ARG_MAX),
    ..AggregateFunction::DEFAULT
};
