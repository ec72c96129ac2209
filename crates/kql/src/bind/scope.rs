//! Names that statements give: `let` variables, functions, parameters, patterns.

use super::{Bound, Entity, Relation};
use crate::plan::Expr;
use crate::syntax::ast::Statement;
use std::sync::Arc;

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Binding {
    Scalar(Expr),
    /// Bound once; every reference takes a copy with column ids of its own.
    Table(Relation),
    /// A `let` function with the scope that it was written in.
    Function {
        statement: Arc<Statement>,
        scope: Scope,
    },
    /// A declared pattern.
    Pattern {
        statement: Arc<Statement>,
        scope: Scope,
    },
    /// An alias of a database, or what `macro-expand` calls it.
    Database(Entity),
    /// An entity group.
    Entities(Vec<Bound>),
    /// Not what a name stands for: the stored function of this name is being called.
    Calling,
}

/// The names in effect at a place, innermost first. Cheap to copy.
#[derive(Debug, Clone, Default)]
pub struct Scope(Option<Arc<Entry>>);

#[derive(Debug)]
struct Entry {
    name: String,
    binding: Binding,
    outer: Scope,
}

impl Scope {
    /// Returns this scope with one name more.
    #[must_use]
    pub fn with(&self, name: impl Into<String>, binding: Binding) -> Scope {
        Scope(Some(Arc::new(Entry { name: name.into(), binding, outer: self.clone() })))
    }

    /// Returns what a name stands for.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        let mut scope = self;
        while let Some(entry) = &scope.0 {
            if entry.name == name && !matches!(entry.binding, Binding::Calling) {
                return Some(&entry.binding);
            }
            scope = &entry.outer;
        }
        None
    }

    /// Returns the stored functions that are being called at this place, innermost first.
    pub fn calling(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut scope = self;
        while let Some(entry) = &scope.0 {
            if matches!(entry.binding, Binding::Calling) {
                names.push(entry.name.as_str());
            }
            scope = &entry.outer;
        }
        names
    }

    /// Returns every name, innermost first.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut scope = self;
        while let Some(entry) = &scope.0 {
            if !matches!(entry.binding, Binding::Calling) {
                names.push(entry.name.as_str());
            }
            scope = &entry.outer;
        }
        names
    }

    /// Returns the name and relation of every tabular `let` whose name a pattern accepts.
    pub fn tables(&self) -> Vec<(&str, &Relation)> {
        let mut tables: Vec<(&str, &Relation)> = Vec::new();
        let mut scope = self;
        while let Some(entry) = &scope.0 {
            if let Binding::Table(relation) = &entry.binding
                && !tables.iter().any(|(name, _)| *name == entry.name)
            {
                tables.push((&entry.name, relation));
            }
            scope = &entry.outer;
        }
        tables
    }
}

impl Drop for Entry {
    /// Unlinks the chain step by step, so that thousands of `let` statements do not overflow the stack.
    fn drop(&mut self) {
        let mut next = self.outer.0.take();
        while let Some(entry) = next {
            match Arc::try_unwrap(entry) {
                Ok(mut entry) => next = entry.outer.0.take(),
                Err(_) => break,
            }
        }
    }
}
