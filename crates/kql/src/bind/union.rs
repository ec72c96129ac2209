//! Rows of several tables under each other, columns brought together by name and type.

use super::{Binder, Relation};
use crate::plan::{Expr, Field, Node, Plan};
use schema::{KqlType, Value};

impl Binder<'_> {
    /// Puts the rows of tables under each other. Columns of one name and type become one column; columns of one name and
    /// several types become `name_type` each. With `inner`, only columns that every table has are kept.
    ///
    /// # Source
    /// Kusto reference, "union operator".
    pub fn union(&mut self, inputs: Vec<Relation>, inner: bool) -> Relation {
        let open = inputs.iter().any(|input| input.open);
        if inputs.len() == 1 {
            return inputs.into_iter().next().unwrap_or_else(|| self.open_relation());
        }
        // (name, type) in order of first appearance, the types of one name together.
        let mut wanted: Vec<(String, Vec<KqlType>)> = Vec::new();
        for field in inputs.iter().flat_map(|input| input.columns()) {
            match wanted.iter_mut().find(|(name, _)| *name == field.name) {
                Some((_, types)) if types.contains(&field.ktype) => {}
                Some((_, types)) => types.push(field.ktype),
                None => wanted.push((field.name.to_string(), vec![field.ktype])),
            }
        }
        let has = |input: &Relation, name: &str, ktype: KqlType| input.column(name).is_some_and(|f| f.ktype == ktype);
        let mut columns: Vec<Field> = Vec::new();
        let mut sources: Vec<(String, KqlType)> = Vec::new();
        for (name, types) in wanted {
            for ktype in &types {
                if inner && !inputs.iter().all(|input| has(input, &name, *ktype)) {
                    continue;
                }
                let shown = if types.len() == 1 || inner { name.clone() } else { format!("{name}_{ktype}") };
                columns.push(self.new_field(shown, *ktype));
                sources.push((name.clone(), *ktype));
            }
        }
        let exprs = inputs
            .iter()
            .map(|input| {
                let pick = |(name, ktype): &(String, KqlType)| match input.column(name) {
                    Some(field) if field.ktype == *ktype => Expr::column(field),
                    _ => Expr::Literal(Value::null(*ktype)),
                };
                sources.iter().map(pick).collect()
            })
            .collect();
        let inputs = inputs.into_iter().map(|input| input.plan).collect();
        let united = Relation { open, ..Relation::new(Plan { node: Node::Union { inputs, exprs }, columns }) };
        // `x_long` may also be the name of a column of its own.
        self.with_unique_names(united)
    }

    /// Puts a column in front that says where the rows come from.
    pub fn with_source(&mut self, relation: Relation, column: &str, source: &str) -> Relation {
        let mut projection = super::Projection::new();
        projection.add(column, Expr::Literal(Value::String(source.to_string())));
        for field in relation.columns() {
            if field.name != column {
                projection.add(&field.name, Expr::column(field));
            }
        }
        projection.finish(self, relation)
    }
}
