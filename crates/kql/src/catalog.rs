//! What the binder must know of the world: tables, functions, and a host that can run parts of a query early.

use crate::plan::Plan;
use crate::signature::Signature;
use schema::{Column, KqlType, Value};

/// How an unnamed result column is named.
///
/// # Source
/// Kusto reference, "Entity names" and the pages of the operators; settled against Microsoft's binder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// No name of its own: `Column1`, `print_0`, or for an aggregation `{name}_`.
    None,
    /// The name of the first argument's column: `bin(TimeGenerated, 1h)` gives `TimeGenerated`.
    FirstArgument,
    /// As `FirstArgument` when there is one argument only.
    OnlyArgument,
    /// The text of the first argument, a literal: `column_ifexists("x", 0)` gives `x`.
    FirstArgumentValue,
    /// `{name}_{first argument}`: `sum(x)` gives `sum_x`.
    NameAndFirstArgument,
    /// As `NameAndFirstArgument` when there is at most one argument.
    NameAndOnlyArgument,
    /// `{prefix}_{first argument}`, or `{prefix}_` when it has no name: `countif` gives `countif_`.
    PrefixAndFirstArgument(&'static str),
    /// Always this name.
    Fixed(&'static str),
}

/// What kind of thing a scalar function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarClass {
    /// Each row by itself.
    Row,
    /// Each row by itself, never folded or shared.
    Volatile,
    /// Needs a serialized row set.
    Window,
    /// Replaced by the binder.
    Binder,
    /// Refused, with the reason.
    Refused(&'static str),
}

/// A scalar function, operator or window function as the binder sees it.
#[derive(Clone, Copy)]
pub struct ScalarInfo<'a> {
    pub name: &'static str,
    pub signatures: &'a [Signature],
    /// For signatures that return `custom`.
    pub returns: Option<fn(&[KqlType]) -> KqlType>,
    pub naming: Naming,
    pub class: ScalarClass,
    /// Names and types of the columns of a function that gives several (`series_fit_line`); empty for others.
    pub tuple: &'static [(&'static str, KqlType)],
}

/// An argument of an aggregation call, as far as names of result columns are made of it.
#[derive(Debug, Clone, Copy)]
pub struct NamedArg<'a> {
    /// The name that the expression has as a column, `None` when it has none.
    pub name: Option<&'a str>,
    /// Its value when it is a literal.
    pub value: Option<&'a Value>,
}

/// Gives the types of an aggregation's results from the types of its arguments.
pub type TypesOf = fn(&[KqlType]) -> Vec<KqlType>;
/// Gives the names of an aggregation's results from its arguments.
pub type NamesOf = fn(&[NamedArg]) -> Vec<String>;

/// An aggregation function as the binder sees it.
#[derive(Clone, Copy)]
pub struct AggregateInfo<'a> {
    pub name: &'static str,
    pub signatures: &'a [Signature],
    /// For signatures that return `custom`: a type per result column.
    pub returns: Option<TypesOf>,
    pub naming: Naming,
    /// For functions whose columns are named by a rule of their own: a name per result column. `*` among the arguments
    /// stands for the columns of the row by then.
    pub names: Option<NamesOf>,
    /// Set for `sumif` and its kin: the function whose filtered form this is, and which argument is the predicate.
    pub filter_of: Option<(&'static str, usize)>,
}

/// A plugin's columns: known now, or only when there are rows.
pub enum PluginColumns {
    Known(Vec<Column>),
    /// They depend on the rows.
    FromRows,
}

/// The functions that exist.
pub trait FunctionCatalog: Send + Sync {
    fn scalar(&self, name: &str) -> Option<ScalarInfo<'_>>;
    fn aggregate(&self, name: &str) -> Option<AggregateInfo<'_>>;
    /// Returns the plugin's canonical name, its usage line, and the reason when it is refused.
    fn plugin(&self, name: &str) -> Option<(&'static str, &'static str, Option<&'static str>)>;
    /// Returns the columns of a plugin call.
    ///
    /// # Errors
    /// A text that says what is wrong with the arguments.
    fn plugin_columns(
        &self,
        name: &str,
        inputs: &[Vec<Column>],
        args: &[crate::plan::PluginArgument],
    ) -> Result<PluginColumns, String>;
    /// Evaluates a scalar function over constants; `None` when it has no body that can run alone.
    fn fold(&self, name: &str, args: &[Value], returns: KqlType) -> Option<Result<Value, String>>;
    /// Every name, for suggestions: scalar functions, aggregates, plugins.
    fn names(&self) -> Vec<&'static str>;
}

/// A stored function: `.create function Name(params) { body }`, a saved query or a watchlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFunction {
    pub name: String,
    /// `(a:long, T:(x:string))`, as written in a `let`.
    pub parameters: String,
    /// The text between the braces.
    pub body: String,
}

/// Which rows of all tables a query sees: those outside are not there for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowScope {
    /// The first and the last moment, in ticks, of `TimeGenerated`. Tables without that column are seen whole.
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Only rows about this resource and those below it, by `_ResourceId`. Of tables without that column nothing is seen.
    pub resource: Option<String>,
}

/// A table of another database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTable {
    /// Its name there.
    pub name: String,
    /// The name by which this catalog has it.
    pub known_as: String,
}

/// The column of Log Analytics' tables that says when a record was received.
pub const RECEIVED_COLUMN: &str = "_TimeReceived";

/// The tables and stored functions of the scope that a query runs in.
pub trait Catalog: Send + Sync {
    /// Returns the columns of a table by its exact name.
    fn table(&self, name: &str) -> Option<Vec<Column>>;
    /// Every table's name, in order: for wildcards, `search`, `find` and suggestions.
    fn table_names(&self) -> Vec<String>;
    /// Returns a stored function.
    fn function(&self, _name: &str) -> Option<StoredFunction> {
        None
    }
    /// The database's name.
    fn database(&self) -> String {
        "NetDefaultDB".to_string()
    }
    /// Returns which rows of the tables are seen; `None` for all.
    fn row_scope(&self) -> Option<&RowScope> {
        None
    }
    /// Returns what else belongs to the table of a name: the names by which this catalog has the further tables that the query reads
    /// together with it, as over several workspaces.
    fn parts(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }
    /// Returns the tables of another database, by its name, or why it cannot be read. `None` where no databases are told apart: each
    /// is this catalog then.
    fn other_database(&self, _name: &str) -> Option<Result<Vec<OtherTable>, String>> {
        None
    }
    /// Returns the column of a table that has what `ingestion_time()` gives. It need not be among those that [`Catalog::table`] gives.
    fn ingestion_time(&self, table: &str) -> Option<String> {
        let received = Column::new(RECEIVED_COLUMN, KqlType::Datetime);
        self.table(table)?.contains(&received).then_some(received.name)
    }
    /// Returns whether queries may name files (`externaldata`).
    fn reads_files(&self) -> bool {
        false
    }
}

/// The built-in tables, and nothing else.
pub struct BuiltInTables;

impl Catalog for BuiltInTables {
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        schema::tables::builtin(name).map(|table| table.columns.clone())
    }

    fn table_names(&self) -> Vec<String> {
        schema::tables::names().map(String::from).collect()
    }
}

/// Runs parts of a query while the rest is still being bound, for columns that depend on rows (`pivot`, `bag_unpack`).
pub trait Host {
    /// Runs a plan and keeps its result; returns a handle and the result's columns. `None` when only checking: the
    /// columns then stay open.
    ///
    /// # Errors
    /// The text of the failure.
    fn materialise(&self, plan: &Plan) -> Option<Result<(u64, Vec<Column>), String>>;
}
