//! Runs KQL written as data: `.kqltest` files, the examples of the functions, the blocks of the documentation.
//!
//! A `.kqltest` file is a list of cases, apart by blank lines; a query holds no blank line:
//!
//! ```text
//! # what the case is about
//! query [unordered]
//! print x = 1 + 1
//! ----
//! x:long
//! 2
//!
//! error KS142 at `y`
//! print y
//! ```
//!
//! The result's first line names the columns with their types, each further line is a row as CSV. An error names the
//! code and the text that is underlined. `UPDATE=1` writes what came out in place of what was expected.

mod run;
mod script;

pub use run::{Outcome, cell_text, run};
pub use script::{Case, Expectation, check_file};
