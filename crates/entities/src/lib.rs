//! What the names of a workspace stand for: tables over sealed records, functions, mappings, views.
//!
//! Records are sealed under a name that never changes. What people call a table, which of its columns they see and under which names, and
//! whether they see it at all, follows from changes, each of which is the document of an act in the workspace's log. This crate is the
//! changes, and what follows from them; nothing here touches a record.
//!
//! ```text
//! act in the log ─ hash ─► Change ─► Entities ─► which stored table a name stands for, its columns, functions, mappings
//! ```

mod change;
mod entities;
mod entity;
mod error;
mod names;

pub use change::{Change, MappingKey, Rename, Step};
pub use entities::{Dropped, Entities, JournalEntry};
pub use entity::{ColumnEntity, FunctionEntity, MappingEntity, TableEntity, ViewEntity};
pub use error::EntityError;
pub use names::{free_column, free_name, is_entity_name, is_stored_name};
