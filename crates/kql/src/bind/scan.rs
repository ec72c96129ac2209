//! `scan`: sequences of rows matched by a state machine.

use super::{Binder, Relation, Row};
use crate::diagnostic::Diagnostic;
use crate::operators::scan::Scan;
use crate::plan::{self, Expr, Field, Node, Plan, ScanOutput};
use crate::syntax::ast::{ParameterType, PipeOperator};
use schema::{KqlType, Value};

impl Binder<'_> {
    /// Binds `scan`. Conditions read the current row's columns by their names, and the state of a step by `step.column`.
    pub fn scan(&mut self, input: Relation, scan: &Scan, at: &PipeOperator) -> Relation {
        let mut input = input;
        if !scan.order_by.is_empty() {
            input = self.sort(input, &scan.order_by, false);
        }
        if !input.serialized && !input.open {
            let diagnostic = Diagnostic::runtime("VQ005", at.keyword, "`scan` needs rows in a fixed order");
            self.report(diagnostic.help("put `| sort by ...` before it"));
        }
        let row = Row::of(&input);
        let partition_by = scan.partition_by.iter().map(|expr| self.bind_scalar(expr, &row)).collect();
        let mut declared: Vec<(Field, Expr)> = Vec::new();
        for parameter in &scan.declared {
            let ParameterType::Scalar(ktype) = parameter.ktype else {
                self.report(Diagnostic::semantic("KS108", parameter.name.span, "a declared column must be scalar"));
                continue;
            };
            let default = match &parameter.default {
                Some(default) => {
                    let value = self.bind_scalar(default, &Row::none());
                    self.convert(value, ktype)
                }
                None => Expr::Literal(Value::null(ktype)),
            };
            declared.push((self.new_field(parameter.name.text.clone(), ktype), default));
        }
        // Every step's state: the input's columns and the declared ones, under ids of their own.
        let shape: Vec<Field> =
            input.columns().iter().chain(declared.iter().map(|(field, _)| field)).cloned().collect();
        let states: Vec<Vec<Field>> = scan
            .steps
            .iter()
            .map(|_| shape.iter().map(|field| self.new_field(field.name.clone(), field.ktype)).collect())
            .collect();
        let nested: Vec<(String, Vec<Field>)> =
            scan.steps.iter().zip(&states).map(|(step, state)| (step.name.text.clone(), state.clone())).collect();
        let n_input = input.columns().len();
        let mut steps = Vec::new();
        for (i, step) in scan.steps.iter().enumerate() {
            // A declared column by its bare name is this step's state of it.
            let mut columns = input.columns().to_vec();
            columns.extend(states[i][n_input..].iter().cloned());
            let row = Row { columns, open: input.open, nested: nested.clone(), ..Row::default() };
            let condition = self.bind_predicate(&step.condition, &row);
            let mut assignments = Vec::new();
            for (name, value) in &step.assignments {
                let value = self.bind_scalar(value, &row);
                match declared.iter().position(|(field, _)| field.name == name.text) {
                    Some(index) => {
                        let ktype = declared[index].0.ktype;
                        assignments.push((index, self.convert(value, ktype)));
                    }
                    None => {
                        let message = format!("the column `{}` is not declared by this `scan`", name.text);
                        self.report(Diagnostic::semantic("KS142", name.span, message));
                    }
                }
            }
            let output = match step.output.as_ref().map(|output| output.text.as_str()) {
                Some("last") => ScanOutput::Last,
                Some("none") => ScanOutput::None,
                _ => ScanOutput::All,
            };
            steps.push(plan::ScanStep {
                name: step.name.text.clone(),
                optional: step.optional,
                output,
                condition,
                assignments,
                state: states[i].iter().map(|field| field.id).collect(),
            });
        }
        let match_id = scan.match_id.as_ref().map(|name| self.new_field(name.text.clone(), KqlType::Long));
        let mut columns = shape;
        columns.extend(match_id.clone());
        let open = input.open;
        let node =
            Node::Scan { input: Box::new(input.plan), declared, steps, partition_by, match_id: match_id.map(|f| f.id) };
        let scanned = Relation { open, serialized: true, ..Relation::new(Plan { node, columns }) };
        self.with_unique_names(scanned)
    }
}
