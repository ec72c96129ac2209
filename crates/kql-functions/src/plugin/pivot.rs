//! `pivot` turns rows into columns. The aggregation is not done here: the binder summarizes the input by the columns to
//! keep and the pivot column first, so that `evaluate pivot(State, sum(Deaths), Source)` comes as the result of
//! `summarize sum(Deaths) by Source, State`.
//!
//! ```text
//! input      the pivot column and the columns to keep, in any order; the aggregated value last
//! arguments  Column(pivot column), [Value(the aggregation of no rows)]
//! result     the columns to keep, then a column per pivot value, in order of their names
//! ```
//!
//! The second argument fills the cells of combinations that do not occur: 0 for `count()` and `sum()`, an empty array for
//! `make_list()`. Without it they hold 0 where the value is a whole number, as counts and most sums are, and null where
//! it is not.

use super::prelude::*;
use std::collections::BTreeMap;

pub static PLUGIN: Plugin = Plugin {
    name: "pivot",
    usage: "pivot(pivotColumn, [aggregationFunction], [column, ...])",
    summary: "Rotates a table: each value of a column becomes a column, which holds the aggregation of the rows with that \
              value, per combination of the other columns. Without an aggregation rows are counted. Columns come in the \
              order of their names.",
    examples: &[("datatable(k:string, p:string) ['a', 'x', 'a', 'y', 'a', 'y'] | evaluate pivot(p) | project y", "2")],
    arity: (1, usize::MAX),
    run: Ok(run),
    ..Plugin::DEFAULT
};

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, &["pivotColumn", "empty"], call.args)?;
    let table = input(call)?;
    let (pivot, value) = (args.column(0)?, table.columns.len().saturating_sub(1));
    let keys: Vec<usize> = visible(&table.columns).into_iter().filter(|i| *i != pivot && *i != value).collect();
    let value_column = column_at(&table.columns, value)?;
    let empty = args.opt_value(1)?.cloned().unwrap_or(match value_column.ktype {
        KqlType::Long => Value::Long(0),
        KqlType::Int => Value::Int(0),
        ktype => Value::null(ktype),
    });

    // The cells by pivot value and group.
    let groups = Groups::by(table, &keys)?;
    let mut cells: BTreeMap<String, BTreeMap<usize, Value>> = BTreeMap::new();
    for (row, group) in groups.of_row.iter().enumerate() {
        let name = table.cell(pivot, row)?.to_text();
        cells.entry(name).or_default().insert(*group, table.cell(value, row)?);
    }
    let mut columns: Vec<Column> = keys.iter().filter_map(|i| table.columns.get(*i).cloned()).collect();
    let mut arrays = table.pick(&keys, groups.first_row.iter().map(|row| Some(*row)))?;
    for (name, mut cells) in cells {
        // A column must have a name; that of a null or an empty value is made up.
        let name = if name.is_empty() { "Column1" } else { &name };
        let name = unique_name(name, |name| columns.iter().any(|column| column.name == name));
        columns.push(Column::new(name, value_column.ktype));
        let values = (0..groups.first_row.len()).map(|group| cells.remove(&group).unwrap_or_else(|| empty.clone()));
        arrays.push(crate::args::array_of(value_column.ktype, values));
    }
    Ok(Table { columns, arrays, rows: groups.first_row.len() })
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn values_become_columns() {
        let table = table(
            "EventType:string State:string count_:long",
            &[
                ["Thunderstorm Wind", "ALASKA", "1"],
                ["Thunderstorm Wind", "ALABAMA", "352"],
                ["High Wind", "ALASKA", "95"],
                ["Strong Wind", "", "22"],
                ["Strong Wind", "EventType", "7"],
            ],
        );
        let mut args = vec![PluginArg::Column(1)];
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
        assert_eq!(heading, "EventType:string Column1:long ALABAMA:long ALASKA:long EventType1:long");
        let expected = "Thunderstorm Wind|0|352|1|0 \n High Wind|0|0|95|0 \n Strong Wind|22|0|0|7";
        assert_eq!(found, rows(expected));
        args.push(PluginArg::Value(Value::Null(KqlType::Long)));
        assert_eq!(result(&PLUGIN, &[table], &args).1[1], ["High Wind", "null", "null", "95", "null"]);
    }
}
