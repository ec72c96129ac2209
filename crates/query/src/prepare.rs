//! What runs before a plan: subqueries become constants, plans that are shared are computed once, and bodies of partitions
//! that cannot work by key run over one partition at a time.

use crate::error::QueryError;
use crate::kept::{Keeper, KeptTable};
use crate::kernel::keys::{KeyNumbers, rows_by_group};
use crate::lower::partition::{reads_partition, works_by_key};
use crate::session::Work;
use crate::table::TableSource;
use arrow::array::{Array, ArrayRef};
use arrow::compute::{concat, take};
use futures::future::BoxFuture;
use kql::plan::{BoundQuery, ColumnId, Expr, Field, JoinKind, Node, Plan};
use kql_functions::args::value_at;
use schema::{Dynamic, KqlType, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A list longer than this is looked up by a join rather than written into the plan.
const LIST_MAX: usize = 1000;
/// Partitions that a body is run over one by one.
///
/// # Source
/// Kusto reference, "partition operator": the legacy strategy takes up to 64 partitions.
const PARTITIONS_MAX: usize = 64;

/// How often each shared plan is read.
#[derive(Debug, Default)]
pub struct SharedUses(HashMap<u32, usize>);

impl SharedUses {
    /// Counts the uses in a whole query. Nothing is changed.
    pub fn of(query: &mut BoundQuery) -> SharedUses {
        let mut uses = SharedUses::default();
        query.results.iter_mut().for_each(|result| uses.count(&mut result.plan));
        uses
    }

    fn count(&mut self, plan: &mut Plan) {
        if let Node::Shared { id, .. } = &plan.node {
            let uses = self.0.entry(*id).or_default();
            *uses += 1;
            // What the plan itself reads is read once.
            if *uses > 1 {
                return;
            }
        }
        plan.inputs_mut().into_iter().for_each(|input| self.count(input));
        plan.exprs_mut().into_iter().for_each(|expr| self.count_in(expr));
    }

    fn count_in(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Literal(_) | Expr::Column { .. } => {}
            Expr::Call { args, .. } => args.iter_mut().for_each(|arg| self.count_in(arg)),
            Expr::Subquery { plan, .. } => self.count(plan),
            Expr::InTable { value, plan, .. } => {
                self.count_in(value);
                self.count(plan);
            }
        }
    }

    fn is_used_once(&self, id: u32) -> bool {
        self.0.get(&id) == Some(&1)
    }
}

/// Results of subqueries, so that one that is written (or referred to) several times runs once.
#[derive(Default)]
pub struct Answers {
    scalars: Vec<(Plan, Value)>,
    tables: Vec<(Plan, Arc<KeptTable>)>,
}

impl Work {
    /// Runs what must run before the plan, and puts the results into it.
    pub fn prepare<'a>(
        &'a self,
        plan: &'a mut Plan,
        uses: &'a SharedUses,
        answers: &'a mut Answers,
    ) -> BoxFuture<'a, Result<(), QueryError>> {
        Box::pin(async move {
            if let Node::Partition { input, body, .. } = &mut plan.node
                && !reads_partition(body)
            {
                // The body is a query by itself for each key, with parts of its own that must run before it.
                self.prepare(input, uses, answers).await?;
                self.one_by_one(plan).await?;
            }
            for input in plan.inputs_mut() {
                self.prepare(input, uses, answers).await?;
            }
            if let Node::Filter { .. } = plan.node {
                filter_before_innerunique(plan);
                self.long_lists_to_joins(plan, uses, answers).await?;
            }
            for expr in plan.exprs_mut() {
                self.prepare_expr(expr, uses, answers).await?;
            }
            match &plan.node {
                Node::Shared { id, plan: shared } if !uses.is_used_once(*id) && self.kept.shared(*id).is_none() => {
                    let table = self.keep(shared).await?;
                    self.kept.set_shared(*id, Arc::new(table));
                }
                Node::Partition { body, .. } if !works_by_key(body) => self.one_by_one(plan).await?,
                _ => {}
            }
            Ok(())
        })
    }

    fn prepare_expr<'a>(
        &'a self,
        expr: &'a mut Expr,
        uses: &'a SharedUses,
        answers: &'a mut Answers,
    ) -> BoxFuture<'a, Result<(), QueryError>> {
        Box::pin(async move {
            match expr {
                Expr::Literal(_) | Expr::Column { .. } => {}
                Expr::Call { args, .. } => {
                    for arg in args {
                        // Most expressions have no subquery; those need no future each.
                        if has_subquery(arg) {
                            self.prepare_expr(arg, uses, answers).await?;
                        }
                    }
                }
                Expr::Subquery { plan, ktype } => {
                    let value = self.scalar_answer(plan, *ktype, uses, answers).await?;
                    *expr = Expr::Literal(value);
                }
                Expr::InTable { value, plan, negated, ignore_case } => {
                    self.prepare_expr(value, uses, answers).await?;
                    let (ktype, negated, ignore_case) = (value.ktype(), *negated, *ignore_case);
                    let table = self.table_answer(plan, uses, answers).await?;
                    let list = self.list_of(&table, first_type(plan)).await?;
                    let value = std::mem::replace(value.as_mut(), Expr::Literal(Value::Null(ktype)));
                    *expr = in_list(value, list, negated, ignore_case);
                }
            }
            Ok(())
        })
    }

    /// Returns the first column of the plan's first row, null when there is none.
    async fn scalar_answer(
        &self,
        plan: &mut Plan,
        ktype: KqlType,
        uses: &SharedUses,
        answers: &mut Answers,
    ) -> Result<Value, QueryError> {
        if let Some((_, value)) = answers.scalars.iter().find(|(asked, _)| asked == plan) {
            return Ok(value.clone());
        }
        let asked = plan.clone();
        self.prepare(plan, uses, answers).await?;
        let one = Expr::Literal(Value::Long(1));
        let first =
            Plan { columns: plan.columns.clone(), node: Node::Take { input: Box::new(plan.clone()), count: one } };
        let table = self.keep(&first).await?;
        let batches = table.read().await.map_err(|error| self.failed(error))?;
        let cell = batches.iter().find(|batch| batch.num_rows() > 0).and_then(|batch| batch.columns().first().cloned());
        let value = cell.map_or(Value::null(ktype), |column| value_at(&column, ktype, 0));
        answers.scalars.push((asked, value.clone()));
        Ok(value)
    }

    async fn table_answer(
        &self,
        plan: &mut Plan,
        uses: &SharedUses,
        answers: &mut Answers,
    ) -> Result<Arc<KeptTable>, QueryError> {
        if let Some((_, table)) = answers.tables.iter().find(|(asked, _)| asked == plan) {
            return Ok(table.clone());
        }
        let asked = plan.clone();
        self.prepare(plan, uses, answers).await?;
        let table = Arc::new(self.keep(&distinct_first(plan)?).await?);
        answers.tables.push((asked, table.clone()));
        Ok(table)
    }

    /// Returns the values of a table of one column.
    async fn list_of(&self, table: &KeptTable, ktype: KqlType) -> Result<Vec<Value>, QueryError> {
        let batches = table.read().await.map_err(|error| self.failed(error))?;
        let mut list = Vec::new();
        for column in batches.iter().filter_map(|batch| batch.columns().first()) {
            list.extend((0..column.len()).map(|row| value_at(column, ktype, row)));
        }
        Ok(list)
    }

    /// Makes joins of the filter's conditions `value in (table)` whose tables are long.
    async fn long_lists_to_joins(
        &self,
        plan: &mut Plan,
        uses: &SharedUses,
        answers: &mut Answers,
    ) -> Result<(), QueryError> {
        let Node::Filter { input, predicate } = &mut plan.node else { return Ok(()) };
        let mut conditions = Vec::new();
        split_and(predicate, &mut conditions);
        if !conditions.iter().any(|condition| matches!(condition, Expr::InTable { .. })) {
            return Ok(());
        }
        let mut rest: Vec<Expr> = Vec::new();
        let mut joins = Vec::new();
        for condition in conditions {
            let mut condition = condition.clone();
            if let Expr::InTable { value, plan: table_plan, negated, ignore_case: false } = &mut condition
                && value.ktype() == first_type(table_plan)
                && value.ktype() != KqlType::Dynamic
            {
                let table = self.table_answer(table_plan, uses, answers).await?;
                if table.row_count().is_some_and(|rows| rows > LIST_MAX) && !has_subquery(value) {
                    let kind = if *negated { JoinKind::LeftAnti } else { JoinKind::LeftSemi };
                    let field = self.new_field(value.ktype());
                    let handle = self.kept.add(table);
                    let right = Plan { node: Node::Materialised { handle }, columns: vec![field.clone()] };
                    joins.push((right, kind, (value.as_ref().clone(), Expr::column(&field))));
                    continue;
                }
            }
            rest.push(condition);
        }
        if joins.is_empty() {
            return Ok(());
        }
        let columns = plan.columns.clone();
        let mut result = std::mem::replace(input.as_mut(), Plan { node: Node::PartitionInput, columns: vec![] });
        if let Some(predicate) = rest.into_iter().reduce(|a, b| Expr::call("and", vec![a, b], KqlType::Bool)) {
            result = Plan { columns: columns.clone(), node: Node::Filter { input: Box::new(result), predicate } };
        }
        for (right, kind, on) in joins {
            let node = Node::Join { left: Box::new(result), right: Box::new(right), kind, on: vec![on] };
            result = Plan { columns: columns.clone(), node };
        }
        *plan = result;
        if let Node::Join { left, .. } = &mut plan.node {
            // The filter that is left may have lists of its own.
            return self.prepare(left, uses, answers).await;
        }
        Ok(())
    }

    /// Runs a partition's body over each partition by itself, and puts the results in the partition's place.
    async fn one_by_one(&self, plan: &mut Plan) -> Result<(), QueryError> {
        let Node::Partition { input, keys, carry, body } = &plan.node else { return Ok(()) };
        if reads_partition(input) {
            let text =
                "stands inside another partition, which needs a body without joins of the partition's rows".to_string();
            return Err(QueryError::Limit { operator: "partition", text });
        }
        let table = self.keep(input).await?;
        let batches = table.read().await.map_err(|error| self.failed(error))?;
        let column = |i: usize| -> Result<ArrayRef, QueryError> {
            let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(i).as_ref()).collect();
            if parts.is_empty() {
                return Ok(arrow::array::new_empty_array(&input.columns[i].ktype.arrow()));
            }
            concat(&parts).map_err(|error| self.failed(error.into()))
        };
        let whole = (0..input.columns.len()).map(column).collect::<Result<Vec<ArrayRef>, _>>()?;
        let position = |id| input.columns.iter().position(|field| field.id == id);
        let key_columns: Vec<ArrayRef> = keys.iter().filter_map(|id| Some(whole[position(*id)?].clone())).collect();
        let numbered = KeyNumbers::new(&key_columns).and_then(|mut numbering| {
            let numbers = numbering.number(&key_columns)?;
            Ok(rows_by_group(&numbers, numbering.len()))
        });
        let groups = numbered.map_err(|error| self.failed(error))?;
        if groups.len() > PARTITIONS_MAX {
            let text = format!(
                "has {} partitions, and a body that is run for each of them can run over {PARTITIONS_MAX} at most",
                groups.len()
            );
            return Err(QueryError::Limit { operator: "partition", text });
        }
        let types: Vec<KqlType> = input.columns.iter().map(|field| field.ktype).collect();
        let by_key = !reads_partition(body);
        let (mut inputs, mut exprs) = (Vec::new(), Vec::new());
        for group in groups.iter().filter(|group| !group.is_empty()) {
            let rows = whole.iter().map(|column| take(column, group, None)).collect::<Result<Vec<ArrayRef>, _>>();
            let rows = rows.map_err(|error| self.failed(error.into()))?;
            let carried = |field: &Field| match position(field.id).filter(|_| carry.contains(&field.id)) {
                Some(i) => Expr::Literal(value_at(&rows[i], field.ktype, 0)),
                None => Expr::column(field),
            };
            exprs.push(plan.columns.iter().map(carried).collect());
            let mut keeper = Keeper::new(&types, &self.task());
            keeper.add(rows.clone(), group.len()).map_err(|error| self.failed(error))?;
            let handle = self.kept.add(Arc::new(keeper.finish().map_err(|error| self.failed(error))?));
            let mut body = body.as_ref().clone();
            replace_partition_input(&mut body, handle);
            if by_key {
                for (id, values) in keys.iter().zip(&key_columns) {
                    let Some(field) = input.columns.iter().find(|field| field.id == *id) else { continue };
                    let row = group.values().first().map_or(0, |row| *row as usize);
                    set_key(&mut body, *id, &value_at(values, field.ktype, row));
                }
            }
            inputs.push(body);
        }
        plan.node = if inputs.is_empty() { Node::Values { rows: vec![] } } else { Node::Union { inputs, exprs } };
        Ok(())
    }
}

/// Moves the filter's conditions on the left side of an `innerunique` join to before the choice of one row per key: of the
/// rows of a key, one that passes the filter is taken.
///
/// # Source
/// Kusto reference, "innerunique join": filters that follow the join are propagated to its left side.
fn filter_before_innerunique(plan: &mut Plan) {
    let Node::Filter { input, predicate } = &mut plan.node else { return };
    let Node::Join { left, .. } = &mut input.node else { return };
    let Some(rows) = rows_of_first_of_each(left) else { return };
    let mut conditions = Vec::new();
    split_and(predicate, &mut conditions);
    let reads_left = |condition: &Expr| {
        let mut left_only = !condition.is_constant() && !has_subquery(condition);
        condition.walk(&mut |expr| {
            if let Expr::Column { id, .. } = expr {
                left_only &= rows.columns.iter().any(|field| field.id == *id);
            }
        });
        left_only
    };
    for condition in conditions.into_iter().filter(|condition| reads_left(condition)).cloned().collect::<Vec<_>>() {
        let columns = rows.columns.clone();
        let input = std::mem::replace(rows, Plan { node: Node::PartitionInput, columns: vec![] });
        *rows = Plan { columns, node: Node::Filter { input: Box::new(input), predicate: condition } };
    }
}

/// Returns the rows of which a plan takes one per key under the same columns, as the binder lowers `innerunique`.
fn rows_of_first_of_each(plan: &mut Plan) -> Option<&mut Plan> {
    let Node::Project { input, .. } = &mut plan.node else { return None };
    let Node::Aggregate { input: rows, aggregates, .. } = &mut input.node else { return None };
    let any = aggregates.iter().all(|aggregate| aggregate.function == "take_any" && aggregate.filter.is_none());
    (any && rows.columns == plan.columns).then_some(rows)
}

fn replace_partition_input(plan: &mut Plan, handle: u64) {
    match &mut plan.node {
        Node::PartitionInput => plan.node = Node::Materialised { handle },
        // The rows of a partition inside are those of its own input.
        Node::Partition { input, .. } => replace_partition_input(input, handle),
        _ => plan.inputs_mut().into_iter().for_each(|input| replace_partition_input(input, handle)),
    }
}

/// Puts a partition's key into a body that is a query by itself; returns whether the body names it.
fn set_key(plan: &mut Plan, key: ColumnId, value: &Value) -> bool {
    let mut names_it = false;
    for expr in plan.exprs_mut() {
        names_it |= set_key_in(expr, key, value);
    }
    for input in plan.inputs_mut() {
        names_it |= set_key(input, key, value);
    }
    // What depends on the key is another table for each.
    if let Node::Shared { plan: shared, .. } = &mut plan.node
        && names_it
    {
        let columns = std::mem::take(&mut shared.columns);
        let exprs = columns.iter().map(Expr::column).collect();
        let inner = std::mem::replace(shared.as_mut(), Plan { node: Node::PartitionInput, columns: vec![] });
        plan.node = Node::Project { input: Box::new(Plan { columns, ..inner }), exprs };
    }
    names_it
}

fn set_key_in(expr: &mut Expr, key: ColumnId, value: &Value) -> bool {
    match expr {
        Expr::Literal(_) => false,
        Expr::Column { id, .. } => {
            let is_key = *id == key;
            if is_key {
                *expr = Expr::Literal(value.clone());
            }
            is_key
        }
        Expr::Call { args, .. } => {
            let mut names_it = false;
            for arg in args {
                names_it |= set_key_in(arg, key, value);
            }
            names_it
        }
        Expr::Subquery { plan, .. } => set_key(plan, key, value),
        Expr::InTable { value: left, plan, .. } => {
            let found = set_key_in(left, key, value);
            set_key(plan, key, value) || found
        }
    }
}

/// Returns a plan of the different values of the plan's first column.
fn distinct_first(plan: &Plan) -> Result<Plan, QueryError> {
    let Some(first) = plan.columns.first() else {
        return Err(QueryError::internal("planning the query", "a list from a table without columns"));
    };
    let node = Node::Aggregate { input: Box::new(plan.clone()), keys: vec![Expr::column(first)], aggregates: vec![] };
    Ok(Plan { node, columns: vec![first.clone()] })
}

fn first_type(plan: &Plan) -> KqlType {
    plan.columns.first().map_or(KqlType::Dynamic, |field| field.ktype)
}

/// Makes `value in (list)` over constants.
fn in_list(value: Expr, list: Vec<Value>, negated: bool, ignore_case: bool) -> Expr {
    let function = match (negated, ignore_case) {
        (false, false) => "in",
        (true, false) => "!in",
        (false, true) => "in~",
        (true, true) => "!in~",
    };
    let list = match value.ktype() {
        KqlType::String if list.iter().all(|item| matches!(item, Value::String(_))) => {
            vec![Expr::Literal(Value::Dynamic(Dynamic::Array(list.iter().map(Value::to_dynamic).collect())))]
        }
        _ => list.into_iter().map(Expr::Literal).collect(),
    };
    Expr::call(function, std::iter::once(value).chain(list).collect(), KqlType::Bool)
}

fn split_and<'e>(expr: &'e Expr, out: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Call { function: "and", args, .. } => args.iter().for_each(|arg| split_and(arg, out)),
        other => out.push(other),
    }
}

fn has_subquery(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| found |= matches!(expr, Expr::Subquery { .. } | Expr::InTable { .. }));
    found
}
