//! What the `series_*` functions share: reading numbers out of a JSON array, writing them back, and the algorithms.
//!
//! ```text
//! JSON text -> elements() -> Vec<Option<Number>> -> algorithm -> JsonArray -> JSON text
//! ```
//!
//! A series is read once per row, straight from the text. `None` is an element that is null or no number. The functions
//! with several result columns return one JSON array with the components in order; see [`Tuple`].

mod elements;
mod elementwise;
mod fill;
mod fourier;

pub mod decompose;
pub mod fit;
pub mod outliers;
pub mod periods;
pub mod stats;

pub use elements::{JsonArray, Number, push_real, reals};
pub use elementwise::{BINARY, UNARY, compare, map, map_reals, reduce, reduce_pairs, zip, zip_reals};
pub use fill::{fill, fill_linear, fill_text};
pub use fourier::transform;

use crate::args::Args;
use arrow::array::ArrayRef;

/// A result of several columns, as the body of a function with a `tuple` returns it.
#[derive(Default)]
pub struct Tuple(JsonArray);

impl Tuple {
    /// Adds a component of type real.
    pub fn real(mut self, value: f64) -> Tuple {
        self.0.real(Some(value));
        self
    }

    /// Adds a component of type long.
    pub fn long(mut self, value: i64) -> Tuple {
        self.0.number(Number::Long(value));
        self
    }

    /// Adds a component of type dynamic from its JSON text.
    pub fn json(mut self, json: &str) -> Tuple {
        self.0.raw(json);
        self
    }

    /// Adds an array of reals.
    pub fn reals(self, values: &[f64]) -> Tuple {
        self.json(&JsonArray::of_reals(values.iter().map(|value| Some(*value))))
    }

    /// Returns the JSON array of the components.
    pub fn finish(self) -> String {
        self.0.finish()
    }
}

/// Builds a dynamic column from a series per row; null where the argument holds no array or `body` gives nothing.
pub fn per_series(args: &Args, mut body: impl FnMut(usize, Vec<Option<f64>>) -> Option<String>) -> ArrayRef {
    let series = args.str(0);
    args.texts(|row| body(row, reals(series.opt(row)?)?))
}
