//! The interactive prompt: what is a whole input, what can follow, what is coloured how. All of it decides on texts
//! alone; `editor` hands it to the line editor.
//!
//! ```text
//! keys ─editor─► input ─statement─► whole? ─commands/shell─► dot command, `let`, or query
//!         ├─complete─► choices
//!         └─paint────► colours
//! ```

pub mod complete;
pub mod editor;
pub mod paint;
pub mod statement;
pub mod vocabulary;
