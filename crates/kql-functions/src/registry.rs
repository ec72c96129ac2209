//! What a function is, and the list of all of them.

use crate::args::{Args, CallContext, EvalError};
use arrow::array::ArrayRef;
pub use kql::catalog::{NamedArg, NamesOf, Naming, TypesOf};
use kql::signature::Signature;
use schema::{Column, KqlType, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The body of a scalar function or operator.
#[derive(Clone, Copy)]
pub enum Body {
    /// Evaluates rows independently of each other; the same arguments give the same values.
    Eval(fn(&Args) -> Result<ArrayRef, EvalError>),
    /// As `Eval`, but each row may differ though its arguments do not (`rand()`, `new_guid()`).
    Volatile(fn(&Args) -> Result<ArrayRef, EvalError>),
    /// Sees the whole serialized row set at once, rows in order (`row_number()`, `prev()`).
    Window(fn(&Args) -> Result<ArrayRef, EvalError>),
    /// The engine has an expression of its own for it (`+`, `and`, `case`); see the crate `query`.
    Engine,
    /// The binder replaces the call (`now()`, `column_ifexists()`, `toscalar()`).
    Binder,
    /// The function reaches out of the vault or runs foreign code; the text says what is refused and why.
    Refused(&'static str),
}

/// A scalar function, operator or window function.
pub struct ScalarFunction {
    pub name: &'static str,
    /// Old spellings that real rules use.
    pub aliases: &'static [&'static str],
    /// Tried in order; the first that takes the arguments is taken. See [`Signature`].
    pub signatures: &'static [&'static str],
    /// For signatures that return `custom`: the type from the types of the arguments.
    pub returns: Option<fn(&[KqlType]) -> KqlType>,
    pub naming: Naming,
    /// What it gives, in a sentence or a few, with its rule for nulls and bad input.
    pub summary: &'static str,
    /// (query, the first cell of its result as `--format csv` prints it); executed by the tests and shown in the docs.
    pub examples: &'static [(&'static str, &'static str)],
    /// For a function with several result columns (`series_fit_line`): their names and types, in order; `{0}` in a name
    /// stands for the first argument's name, empty when it has none. The signatures return dynamic, and the body gives
    /// one dynamic column: a JSON array of the components, or null when all of them are.
    pub tuple: &'static [(&'static str, KqlType)],
    pub body: Body,
}

impl ScalarFunction {
    /// Fields that most functions leave as they are.
    pub const DEFAULT: ScalarFunction = ScalarFunction {
        name: "",
        aliases: &[],
        signatures: &[],
        returns: None,
        naming: Naming::None,
        summary: "",
        examples: &[],
        tuple: &[],
        body: Body::Binder,
    };
}

/// What an aggregation call is made for.
pub struct AggregateCall<'a> {
    /// Type of each argument, and its value when it is a constant.
    pub args: Vec<(KqlType, Option<Value>)>,
    /// Types of the results, as [`AggregateFunction::returns`] or the signature gave them.
    pub returns: Vec<KqlType>,
    pub ctx: &'a CallContext,
}

/// Accumulates one aggregation for many groups at once. Groups are numbered from 0; `n_groups` never shrinks but by
/// `state` and `evaluate`, which take out the first groups and renumber the others from 0.
pub trait Accumulator: Send {
    /// Adds rows: row `i` belongs to group `groups[i]`. Constant arguments come as arrays too.
    fn update(&mut self, args: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError>;
    /// Adds partial results made by `state`.
    fn merge(&mut self, state: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError>;
    /// Takes out the partial results of the first `n` groups (all when `None`), one array per state type.
    fn state(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError>;
    /// Takes out the results of the first `n` groups (all when `None`), one array per result column.
    fn evaluate(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError>;
    /// Returns the bytes held, roughly.
    fn size(&self) -> usize;
}

/// How accumulators of an aggregation are made.
#[derive(Clone, Copy)]
pub struct Accumulate {
    /// Made anew for each `summarize` and partition. An `Err` is the user's: a percentile that is no constant, say.
    pub make: fn(&AggregateCall) -> Result<Box<dyn Accumulator>, EvalError>,
    /// The Arrow types of the partial results.
    pub state_types: fn(&AggregateCall) -> Vec<arrow::datatypes::DataType>,
}

/// An aggregation that engines have themselves, and what it must do to stand in for an accumulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineAggregate {
    /// Counts rows, whatever the argument, nulls included. 0 for no rows.
    Count,
    /// Adds as i64 with wrapping (int is widened first) or as f64; nulls are skipped; 0, not null, for no values.
    Sum,
    /// The smallest value that is not null; null for no values.
    Min,
    /// The largest value that is not null; null for no values.
    Max,
}

/// The body of an aggregation function.
#[derive(Clone, Copy)]
pub enum AggregateBody {
    /// Accumulates.
    Accumulate(Accumulate),
    /// Accumulates; but where the first argument has one of these types (or there is none), the engine's own aggregation
    /// gives the same results and may be taken instead, for what the engine does better with it (answers from
    /// statistics, say).
    EngineFor { engine: EngineAggregate, types: &'static [KqlType], accumulate: Accumulate },
    /// That aggregation over the rows for which argument `predicate` is true (`sumif` of `sum`). It is given the other
    /// arguments, in order.
    FilterOf { name: &'static str, predicate: usize },
}

/// An aggregation function.
pub struct AggregateFunction {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub signatures: &'static [&'static str],
    /// For signatures that return `custom`: the types of the results from the types of the arguments (`arg_max` gives
    /// one per argument, `percentiles` one per percentile). The binder has replaced `*` by the columns it stands for.
    pub returns: Option<TypesOf>,
    pub naming: Naming,
    /// For functions with columns named by a rule of their own: the names from the arguments, one per result.
    pub names: Option<NamesOf>,
    /// Whether the result follows the order of the rows (`make_list`), so that rows of a sorted input must stay in order.
    pub ordered: bool,
    pub summary: &'static str,
    /// (query, the first cell of its result as `--format csv` prints it).
    pub examples: &'static [(&'static str, &'static str)],
    pub body: AggregateBody,
}

impl AggregateFunction {
    /// Fields that most functions leave as they are. There is no default body; the one here is refused by a test.
    pub const DEFAULT: AggregateFunction = AggregateFunction {
        name: "",
        aliases: &[],
        signatures: &[],
        returns: None,
        naming: Naming::NameAndFirstArgument,
        names: None,
        ordered: false,
        summary: "",
        examples: &[],
        body: AggregateBody::FilterOf { name: "", predicate: 0 },
    };
}

/// An argument of a plugin call.
#[derive(Debug, Clone, PartialEq)]
pub enum PluginArg {
    /// A column of the input, by index. An expression that is not a column's name is projected as a further column first;
    /// such a column follows the input's own, has an empty name, and is no part of what the user sees as the input.
    Column(usize),
    /// A constant.
    Value(Value),
    /// A second tabular input, by its index in [`PluginCall::inputs`].
    Table(usize),
    /// `*`, all columns.
    Star,
    /// A named argument (`name = value`).
    Named(String, Box<PluginArg>),
}

/// A whole table in memory.
#[derive(Debug, Clone)]
pub struct Table {
    pub columns: Vec<Column>,
    /// One array per column, all of `rows` values.
    pub arrays: Vec<ArrayRef>,
    pub rows: usize,
}

/// What a plugin is given.
pub struct PluginCall<'a> {
    /// The table before the pipe, then tables given as arguments. Columns are whole: a plugin sees all rows.
    pub inputs: &'a [Table],
    pub args: &'a [PluginArg],
    pub ctx: &'a CallContext,
}

/// The shape of a plugin call, known before there are rows.
pub struct PluginShape<'a> {
    pub inputs: &'a [Vec<Column>],
    pub args: &'a [PluginArg],
}

/// The body of a plugin.
pub type PluginBody = fn(&PluginCall) -> Result<Table, EvalError>;
/// Gives the result tables after the first.
pub type FurtherTables = fn(&PluginCall) -> Result<Vec<Table>, EvalError>;

/// A plugin, called by `evaluate`.
pub struct Plugin {
    pub name: &'static str,
    /// How a call is written, for messages: `bag_unpack(column, [prefix], ...)`.
    pub usage: &'static str,
    pub summary: &'static str,
    pub examples: &'static [(&'static str, &'static str)],
    /// Number of arguments: at least, at most.
    pub arity: (usize, usize),
    /// The result's columns from the shape of the call; `Ok(None)` when they depend on the rows (`bag_unpack`, `pivot`).
    pub columns: fn(&PluginShape) -> Result<Option<Vec<Column>>, EvalError>,
    /// `Err` text for a plugin that is refused (`python`, `sql_request`).
    pub run: Result<PluginBody, &'static str>,
    /// For a plugin with several result tables (`preview`): those after the first.
    pub further: Option<FurtherTables>,
}

impl Plugin {
    /// Fields that most plugins leave as they are.
    pub const DEFAULT: Plugin = Plugin {
        name: "",
        usage: "",
        summary: "",
        examples: &[],
        arity: (0, 0),
        columns: |_| Ok(None),
        run: Err("this plugin has no body"),
        further: None,
    };
}

/// All functions by name, with their signatures read.
pub struct Functions {
    scalars: HashMap<&'static str, (&'static ScalarFunction, Vec<Signature>)>,
    aggregates: HashMap<&'static str, (&'static AggregateFunction, Vec<Signature>)>,
    plugins: HashMap<&'static str, &'static Plugin>,
}

/// Every function of the product.
pub static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| {
    let signatures =
        |texts: &[&'static str]| texts.iter().filter_map(|text| Signature::parse(text).ok()).collect::<Vec<_>>();
    let mut functions = Functions { scalars: HashMap::new(), aggregates: HashMap::new(), plugins: HashMap::new() };
    for function in crate::scalar::ALL.iter().chain(crate::window::ALL) {
        for name in std::iter::once(&function.name).chain(function.aliases) {
            functions.scalars.insert(name, (function, signatures(function.signatures)));
        }
    }
    for function in crate::aggregate::ALL {
        for name in std::iter::once(&function.name).chain(function.aliases) {
            functions.aggregates.insert(name, (function, signatures(function.signatures)));
        }
    }
    for plugin in crate::plugin::ALL {
        functions.plugins.insert(plugin.name, plugin);
    }
    functions
});

impl Functions {
    /// Returns a scalar function, operator or window function and its signatures.
    pub fn scalar(&self, name: &str) -> Option<(&'static ScalarFunction, &[Signature])> {
        self.scalars.get(name).map(|(function, signatures)| (*function, signatures.as_slice()))
    }

    /// Returns an aggregation function and its signatures.
    pub fn aggregate(&self, name: &str) -> Option<(&'static AggregateFunction, &[Signature])> {
        self.aggregates.get(name).map(|(function, signatures)| (*function, signatures.as_slice()))
    }

    /// Returns a plugin.
    pub fn plugin(&self, name: &str) -> Option<&'static Plugin> {
        self.plugins.get(name).copied()
    }

    /// Returns every name of a scalar function, aliases included.
    pub fn scalar_names(&self) -> impl Iterator<Item = &'static str> {
        self.scalars.keys().copied()
    }

    /// Returns every name of an aggregation function, aliases included.
    pub fn aggregate_names(&self) -> impl Iterator<Item = &'static str> {
        self.aggregates.keys().copied()
    }

    /// Returns every plugin's name.
    pub fn plugin_names(&self) -> impl Iterator<Item = &'static str> {
        self.plugins.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_reads_and_names_are_unique() {
        let mut seen = std::collections::HashSet::new();
        for function in crate::scalar::ALL.iter().chain(crate::window::ALL) {
            assert!(!function.signatures.is_empty(), "{} has no signature", function.name);
            assert!(!function.summary.is_empty(), "{} has no summary", function.name);
            for text in function.signatures {
                Signature::parse(text).unwrap_or_else(|e| panic!("{}: {e}", function.name));
            }
            for name in std::iter::once(&function.name).chain(function.aliases) {
                assert!(seen.insert(*name), "{name} is defined twice");
            }
        }
        for function in crate::scalar::ALL {
            let is_dynamic = |text: &&'static str| {
                Signature::parse(text).is_ok_and(|s| s.returns == kql::signature::Returns::Type(KqlType::Dynamic))
            };
            assert!(
                function.tuple.is_empty() || function.signatures.iter().all(is_dynamic),
                "{} must return dynamic",
                function.name
            );
            let prefix = format!("{}_{{0}}_", function.name);
            assert!(
                function.tuple.iter().all(|(name, _)| name.starts_with(&prefix)),
                "{} names a column otherwise",
                function.name
            );
        }
        seen.clear();
        for plugin in crate::plugin::ALL {
            assert!(seen.insert(plugin.name), "{} is defined twice", plugin.name);
            assert!(
                !plugin.summary.is_empty() && plugin.usage.starts_with(plugin.name),
                "{} lacks its summary or usage",
                plugin.name
            );
        }
        seen.clear();
        for function in crate::aggregate::ALL {
            assert!(!function.signatures.is_empty(), "{} has no signature", function.name);
            assert!(!function.summary.is_empty(), "{} has no summary", function.name);
            for text in function.signatures {
                let signature = Signature::parse(text).unwrap_or_else(|e| panic!("{}: {e}", function.name));
                let is_custom = signature.returns == kql::signature::Returns::Custom;
                assert!(!is_custom || function.returns.is_some(), "{} says no types for `custom`", function.name);
            }
            if let AggregateBody::FilterOf { name, predicate } = function.body {
                let of = crate::aggregate::ALL.iter().find(|of| of.name == name);
                assert!(of.is_some(), "{} filters `{name}`, which there is not", function.name);
                for text in function.signatures {
                    let signature = Signature::parse(text).unwrap_or_else(|e| panic!("{}: {e}", function.name));
                    let bool_type = kql::signature::ParamKind::Type(KqlType::Bool);
                    assert_eq!(signature.params[predicate].kind, bool_type, "{}", function.name);
                }
            }
            for name in std::iter::once(&function.name).chain(function.aliases) {
                assert!(seen.insert(*name), "{name} is defined twice");
            }
        }
    }
}
