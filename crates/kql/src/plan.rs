//! The bound, typed plan: what a query means, in a small number of nodes.
//!
//! ```text
//! text → tokens → syntax tree → Plan (here) → engine's plan (crate `query`)
//! ```
//!
//! Columns are told apart by [`ColumnId`], not by name: a name may be renamed, repeated on both sides of a join or used
//! for two things in turn, an id never is. Names matter only in the columns of the whole query.

use crate::render::Render;
use schema::{Column, KqlType, Value};
use smol_str::SmolStr;

/// Identifies a column within one bound query. A column that an operator passes on unchanged keeps its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u32);

/// A column of a plan's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub id: ColumnId,
    pub name: SmolStr,
    pub ktype: KqlType,
}

/// A whole query: what `vidimus query` runs.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundQuery {
    /// One per result table, in order; most queries have one. `fork`, `facet` and several statements give more.
    pub results: Vec<BoundResult>,
    /// `set` options in effect, lower-case names.
    pub options: Vec<(String, Value)>,
}

/// One result table of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundResult {
    pub name: String,
    pub plan: Plan,
    pub render: Option<Render>,
}

/// A scalar expression. Every expression has a type; the binder has inserted the conversions.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Literal(Value),
    Column {
        id: ColumnId,
        ktype: KqlType,
    },
    /// A call of a scalar function or operator by its canonical name (`strlen`, `+`, `has`, `and`, `[]`).
    Call {
        function: &'static str,
        args: Vec<Expr>,
        ktype: KqlType,
    },
    /// `toscalar(...)`: the first column of the first row, null when there is none. Evaluated once, before the query.
    Subquery {
        plan: Box<Plan>,
        ktype: KqlType,
    },
    /// `value in (table)`: whether the value occurs in the table's first column. The table is evaluated once.
    InTable {
        value: Box<Expr>,
        plan: Box<Plan>,
        negated: bool,
        ignore_case: bool,
    },
}

impl Expr {
    /// Returns the expression's type.
    pub fn ktype(&self) -> KqlType {
        match self {
            Expr::Literal(value) => value.ktype(),
            Expr::Column { ktype, .. } | Expr::Call { ktype, .. } | Expr::Subquery { ktype, .. } => *ktype,
            Expr::InTable { .. } => KqlType::Bool,
        }
    }

    /// Makes a reference to a field.
    pub fn column(field: &Field) -> Expr {
        Expr::Column { id: field.id, ktype: field.ktype }
    }

    /// Makes a call.
    pub fn call(function: &'static str, args: Vec<Expr>, ktype: KqlType) -> Expr {
        Expr::Call { function, args, ktype }
    }

    /// Returns the value when the expression is a literal.
    pub fn as_literal(&self) -> Option<&Value> {
        match self {
            Expr::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` with this expression and every one below it, outermost first. Does not enter subqueries.
    pub fn walk(&self, visit: &mut dyn FnMut(&Expr)) {
        visit(self);
        match self {
            Expr::Call { args, .. } => args.iter().for_each(|arg| arg.walk(visit)),
            Expr::InTable { value, .. } => value.walk(visit),
            _ => {}
        }
    }

    /// Returns whether the expression reads no column.
    pub fn is_constant(&self) -> bool {
        let mut constant = true;
        self.walk(&mut |expr| constant &= !matches!(expr, Expr::Column { .. }));
        constant
    }
}

/// A tabular expression: a node and its columns, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub node: Node,
    pub columns: Vec<Field>,
}

/// How rows of a join are matched and what is kept. `innerunique` has become an inner join over a left side with one row
/// per key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    LeftAnti,
    RightSemi,
    RightAnti,
}

/// A key of `sort`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    pub expr: Expr,
    pub descending: bool,
    pub nulls_first: bool,
}

/// One call of an aggregation function.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Canonical name, never one of the `*if` forms: those have `filter`.
    pub function: &'static str,
    pub args: Vec<Expr>,
    /// Only rows for which this is true count.
    pub filter: Option<Expr>,
    /// Result columns: one for most functions, several for `arg_max` and `percentiles`.
    pub outputs: Vec<Field>,
}

/// One column that `mv-expand` expands.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpandItem {
    pub expr: Expr,
    /// The result column; its type is that of `to typeof(...)`, or dynamic.
    pub output: Field,
}

/// A part of a `parse` pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum ParsePart {
    /// `*`: skips text up to the next part.
    Skip,
    /// Text to find; a regular expression when the mode is regex.
    Text(String),
    /// A column to fill; its type says what text it takes.
    Capture(Field),
}

/// How `parse` reads.
#[derive(Debug, Clone, PartialEq)]
pub enum ParseMode {
    Simple,
    Relaxed,
    /// With the given flags (`i`, `m`, `s`, `U`).
    Regex(String),
}

/// How `parse-kv` reads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParseKv {
    /// Between pairs.
    pub pair_delimiter: Option<String>,
    /// Between a key and its value. Without it, whatever is no letter or digit is a delimiter.
    pub kv_delimiter: Option<String>,
    /// Opening and closing quote characters, in pairs.
    pub quotes: Vec<(char, char)>,
    /// Within quotes, takes the next character as it is.
    pub escape: Option<char>,
    /// Whether a value reaches to the next key rather than to the next pair delimiter.
    pub greedy: bool,
    /// With `regex`, the pattern of one pair, whose groups 1 and 2 are key and value.
    pub regex: Option<String>,
}

/// What a `scan` step gives out for the rows that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutput {
    All,
    Last,
    None,
}

/// A step of `scan`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanStep {
    pub name: String,
    pub optional: bool,
    pub output: ScanOutput,
    /// Reads the current row by the input's ids, the declared columns of this step by `state` ids of this step, and any
    /// step's state by its `state` ids.
    pub condition: Expr,
    /// (index of the declared column, value).
    pub assignments: Vec<(usize, Expr)>,
    /// The ids by which expressions read this step's state: the input's columns in order, then the declared columns.
    pub state: Vec<ColumnId>,
}

/// An argument of a plugin call.
#[derive(Debug, Clone, PartialEq)]
pub enum PluginArgument {
    /// A column of the first input, by index.
    Column(usize),
    Value(Value),
    /// One of the further inputs, by its index among all inputs.
    Table(usize),
    Star,
    Named(String, Box<PluginArgument>),
}

/// How the rows of files that a query names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExternalFormat {
    /// Cells between delimiters.
    Delimited(u8),
    Json,
    Parquet,
    /// Each line is a row.
    Lines,
    /// Each file is a row.
    Raw,
}

impl ExternalFormat {
    /// Returns the format of a name.
    ///
    /// # Source
    /// Kusto reference, "Data formats supported for ingestion".
    pub fn from_name(name: &str) -> Option<ExternalFormat> {
        Some(match name.to_ascii_lowercase().as_str() {
            "csv" => ExternalFormat::Delimited(b','),
            "tsv" => ExternalFormat::Delimited(b'\t'),
            "psv" => ExternalFormat::Delimited(b'|'),
            "scsv" => ExternalFormat::Delimited(b';'),
            "json" | "multijson" | "singlejson" => ExternalFormat::Json,
            "parquet" => ExternalFormat::Parquet,
            "txt" => ExternalFormat::Lines,
            "raw" => ExternalFormat::Raw,
            _ => return None,
        })
    }
}

/// Files that a query names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExternalFiles {
    /// Files, folders and patterns.
    pub paths: Vec<String>,
    pub columns: Vec<Column>,
    /// By default what each file's extension says.
    pub format: Option<ExternalFormat>,
    /// Whether the first record of each file of text is no row.
    pub skip_first: bool,
    /// How the names of the files begin and end.
    pub prefix: String,
    pub suffix: String,
}

/// The kinds of node. `columns` of the [`Plan`] around a node names its result columns in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// All rows of a stored table. `columns[i]` of the plan is the table's column `source[i]`.
    Table { table: String, source: Vec<String> },
    /// Rows of files that the query names; `columns` are those of `files`.
    External { files: ExternalFiles },
    /// Rows given in the query.
    Values { rows: Vec<Vec<Value>> },
    /// `range`: one column.
    Range { from: Expr, to: Expr, step: Expr },
    /// Rows for which the predicate is true (not false, not null).
    Filter { input: Box<Plan>, predicate: Expr },
    /// `columns[i]` is `exprs[i]`. Keeps the order of the rows.
    Project { input: Box<Plan>, exprs: Vec<Expr> },
    /// The input's columns, then one column per call of a window function. Sees the rows in the input's order.
    Window { input: Box<Plan>, calls: Vec<Expr> },
    /// `columns` are the keys in order, then the outputs of each aggregate. Without keys there is exactly one row.
    Aggregate { input: Box<Plan>, keys: Vec<Expr>, aggregates: Vec<Aggregate> },
    /// A total order of the rows; equal keys keep no particular order.
    Sort { input: Box<Plan>, keys: Vec<SortKey> },
    /// The first rows of an ordered input, any rows of another.
    Take { input: Box<Plan>, count: Expr },
    /// `columns` are the left's then the right's; for semi and anti joins those of the side that is kept. A side that
    /// has no match gives nulls (empty for string). `on` are pairs of equal expressions over left and right; null equals
    /// nothing.
    Join { left: Box<Plan>, right: Box<Plan>, kind: JoinKind, on: Vec<(Expr, Expr)> },
    /// `columns[i]` is `exprs[k][i]` for the rows of input `k`.
    Union { inputs: Vec<Plan>, exprs: Vec<Vec<Expr>> },
    /// A row per element of the items' arrays, side by side. `columns` are columns of the input, the items' outputs and
    /// the index, in any order.
    MvExpand {
        input: Box<Plan>,
        items: Vec<ExpandItem>,
        bag_as_array: bool,
        index: Option<ColumnId>,
        limit: Option<u64>,
    },
    /// The input's columns that are not captured anew, and the captures. With `only_matching`, rows that do not match
    /// are dropped; else their captures are null.
    Parse { input: Box<Plan>, subject: Expr, mode: ParseMode, parts: Vec<ParsePart>, only_matching: bool },
    /// The input's columns, then `keys`: the values of these keys in the subject's text.
    ParseKv { input: Box<Plan>, subject: Expr, keys: Vec<Field>, how: ParseKv },
    /// `columns` are the keys, the aggregates' arrays, the axis' array. `aggregates[i].1` fills empty bins. Bins run from
    /// `from` (or the least value) in steps up to, not including, `to` (or past the greatest value).
    MakeSeries {
        input: Box<Plan>,
        keys: Vec<Expr>,
        aggregates: Vec<(Aggregate, Expr)>,
        axis: Expr,
        from: Option<Expr>,
        to: Option<Expr>,
        step: Expr,
        /// Whether a bin that starts at `to` is included.
        to_included: bool,
        /// `kind=nonempty`: an empty input without keys gives one row of defaults.
        nonempty: bool,
    },
    /// `scan`: the input's columns, the declared columns, then the match id.
    Scan {
        input: Box<Plan>,
        declared: Vec<(Field, Expr)>,
        steps: Vec<ScanStep>,
        /// Rows of each value of these are scanned by themselves.
        partition_by: Vec<Expr>,
        match_id: Option<ColumnId>,
    },
    /// `evaluate`, with further tabular arguments after the first input.
    Plugin { name: &'static str, inputs: Vec<Plan>, args: Vec<PluginArgument> },
    /// `reduce by`: columns Pattern, Count, Representative, with a row per group; with `of_rows` (`kind=source`) the input's
    /// columns and those of the row's group.
    Reduce { input: Box<Plan>, subject: Expr, threshold: f64, characters: String, of_rows: bool },
    /// Any `count` rows.
    Sample { input: Box<Plan>, count: Expr },
    /// Up to `count` distinct values of the expression.
    SampleDistinct { input: Box<Plan>, subject: Expr, count: Expr },
    /// `materialize()`, `as`: evaluated once, read by every [`Node::Shared`] of the same id.
    Shared { id: u32, plan: Box<Plan> },
    /// A result that the host has already computed (see [`crate::catalog::Host::materialise`]).
    Materialised { handle: u64 },
    /// The body is run for each distinct value of the keys over the rows that have it, and the results are put together.
    /// `carry` are columns of the input that every result row keeps (for `mv-apply`): their values are those of the
    /// partition, which all its rows share. `columns` are the carried ones then the body's.
    Partition { input: Box<Plan>, keys: Vec<ColumnId>, carry: Vec<ColumnId>, body: Box<Plan> },
    /// Inside a [`Node::Partition`]'s body: the partition's rows. `columns` are the input's.
    PartitionInput,
}

impl Plan {
    /// Returns the number of nodes and of their columns.
    pub fn size(&self) -> usize {
        1 + self.columns.len() + self.inputs().into_iter().map(Plan::size).sum::<usize>()
    }

    /// Returns the plans directly below, in order.
    pub fn inputs(&self) -> Vec<&Plan> {
        match &self.node {
            Node::Table { .. }
            | Node::External { .. }
            | Node::Values { .. }
            | Node::Range { .. }
            | Node::Materialised { .. }
            | Node::PartitionInput => vec![],
            Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Window { input, .. }
            | Node::Aggregate { input, .. }
            | Node::Sort { input, .. }
            | Node::Take { input, .. }
            | Node::MvExpand { input, .. }
            | Node::Parse { input, .. }
            | Node::ParseKv { input, .. }
            | Node::MakeSeries { input, .. }
            | Node::Scan { input, .. }
            | Node::Reduce { input, .. }
            | Node::Sample { input, .. }
            | Node::SampleDistinct { input, .. } => vec![input],
            Node::Join { left, right, .. } => vec![left, right],
            Node::Union { inputs, .. } | Node::Plugin { inputs, .. } => inputs.iter().collect(),
            Node::Shared { plan, .. } => vec![plan],
            Node::Partition { input, body, .. } => vec![input, body],
        }
    }

    /// Returns the plans directly below, in order.
    pub fn inputs_mut(&mut self) -> Vec<&mut Plan> {
        match &mut self.node {
            Node::Table { .. }
            | Node::External { .. }
            | Node::Values { .. }
            | Node::Range { .. }
            | Node::Materialised { .. }
            | Node::PartitionInput => {
                vec![]
            }
            Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Window { input, .. }
            | Node::Aggregate { input, .. }
            | Node::Sort { input, .. }
            | Node::Take { input, .. }
            | Node::MvExpand { input, .. }
            | Node::Parse { input, .. }
            | Node::ParseKv { input, .. }
            | Node::MakeSeries { input, .. }
            | Node::Scan { input, .. }
            | Node::Reduce { input, .. }
            | Node::Sample { input, .. }
            | Node::SampleDistinct { input, .. } => vec![input],
            Node::Join { left, right, .. } => vec![left, right],
            Node::Union { inputs, .. } | Node::Plugin { inputs, .. } => inputs.iter_mut().collect(),
            Node::Shared { plan, .. } => vec![plan],
            Node::Partition { input, body, .. } => vec![input, body],
        }
    }

    /// Returns the expressions of the node itself.
    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.node {
            Node::Table { .. }
            | Node::External { .. }
            | Node::Values { .. }
            | Node::Materialised { .. }
            | Node::PartitionInput
            | Node::Plugin { .. }
            | Node::Shared { .. }
            | Node::Partition { .. } => vec![],
            Node::Range { from, to, step } => vec![from, to, step],
            Node::Filter { predicate, .. } => vec![predicate],
            Node::Project { exprs, .. } | Node::Window { calls: exprs, .. } => exprs.iter_mut().collect(),
            Node::Aggregate { keys, aggregates, .. } => {
                let calls = aggregates.iter_mut().flat_map(|call| call.args.iter_mut().chain(&mut call.filter));
                keys.iter_mut().chain(calls).collect()
            }
            Node::Sort { keys, .. } => keys.iter_mut().map(|key| &mut key.expr).collect(),
            Node::Take { count, .. } | Node::Sample { count, .. } => vec![count],
            Node::Join { on, .. } => on.iter_mut().flat_map(|(left, right)| [left, right]).collect(),
            Node::Union { exprs, .. } => exprs.iter_mut().flatten().collect(),
            Node::MvExpand { items, .. } => items.iter_mut().map(|item| &mut item.expr).collect(),
            Node::Parse { subject, .. } | Node::ParseKv { subject, .. } | Node::Reduce { subject, .. } => vec![subject],
            Node::MakeSeries { keys, aggregates, axis, from, to, step, .. } => {
                let calls = aggregates
                    .iter_mut()
                    .flat_map(|(call, fill)| call.args.iter_mut().chain(&mut call.filter).chain(std::iter::once(fill)));
                keys.iter_mut().chain(calls).chain([axis]).chain(from).chain(to).chain([step]).collect()
            }
            Node::Scan { declared, steps, partition_by, .. } => {
                let of_steps = steps.iter_mut().flat_map(|step| {
                    std::iter::once(&mut step.condition).chain(step.assignments.iter_mut().map(|(_, expr)| expr))
                });
                declared.iter_mut().map(|(_, expr)| expr).chain(of_steps).chain(partition_by).collect()
            }
            Node::SampleDistinct { subject, count, .. } => vec![subject, count],
        }
    }
}
