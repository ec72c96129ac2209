//! Tables of other databases: `workspace("w").T`, `database("d").T`, where the catalog tells databases apart.

use super::tabular::wildcard_matches;
use super::{Binder, Entity, Relation};
use crate::catalog::OtherTable;
use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast;

impl Binder<'_> {
    /// Returns the tables of a database; `None` where it is the catalog itself, or another cluster's.
    pub(super) fn others_of(&mut self, entity: &Entity, span: Span) -> Option<Vec<OtherTable>> {
        let database = entity.database.as_ref().filter(|_| entity.cluster.is_none())?;
        match self.env.catalog.other_database(database)? {
            Ok(tables) => Some(tables),
            Err(why) => {
                self.report(Diagnostic::semantic("VQ016", span, why));
                Some(Vec::new())
            }
        }
    }

    /// Returns a table of another database by its name there.
    pub(super) fn other_table(&mut self, others: &[OtherTable], name: &ast::Name) -> Relation {
        let found = others.iter().find(|other| other.name == name.text);
        if let Some(relation) = found.and_then(|other| self.stored(&other.known_as)) {
            return Relation { name: Some(name.text.clone()), ..relation };
        }
        if !self.has_errors() {
            let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
            self.report_unknown_name(name, &names, "table");
        }
        self.open_relation()
    }

    /// Returns the tables of another database that a pattern with `*` names.
    pub(super) fn other_tables(&mut self, others: &[OtherTable], pattern: &str, span: Span) -> Relation {
        let named = others.iter().filter(|other| wildcard_matches(pattern, &other.name));
        let tables: Vec<Relation> = named.filter_map(|other| self.stored(&other.known_as)).collect();
        if tables.is_empty() {
            self.report(Diagnostic::semantic("KS181", span, format!("no table matches `{pattern}`")));
            return self.open_relation();
        }
        self.union(tables, false)
    }
}
