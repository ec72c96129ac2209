//! Runs bound queries: plan → the engine's plan → stream of batches, within limits.
//!
//! ```text
//! BoundQuery ─ lower/ ─► LogicalPlan ─ optimizer ─► ExecutionPlan ─ stream.rs ─► batches
//!                │ native/   scalar.rs   aggregate.rs        │ planner.rs
//! ```
//!
//! Inside the engine a column is named after its id (`c17`) and has the type that [`schema::KqlType::arrow`] gives; KQL
//! names appear only in results.

mod aggregate;
mod engine;
mod error;
mod file_table;
mod kept;
mod kernel;
mod lower;
mod native;
mod order;
mod others;
mod parquet;
mod planner;
mod prepare;
mod scalar;
mod scoped_table;
mod session;
mod store_scan;
mod store_table;
mod stream;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod value;

pub use datafusion::catalog::TableProvider;
pub use engine::{Engine, EngineOptions};
pub use error::QueryError;
pub use file_table::file_table;
pub use others::{OtherDatabases, split_name};
pub use scoped_table::TimeRange;
pub use session::{Explanation, Request, ResultTable, Session};
pub use store_table::{LOG_ENTRY_COLUMN, LOG_POSITION_COLUMN, SeenColumn, StoreTable};
pub use stream::{Progress, ResultStream};
pub use table::{FileAccess, MemoryTable, TableSource, Tables, arrow_schema};
