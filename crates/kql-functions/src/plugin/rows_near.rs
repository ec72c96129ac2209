use super::prelude::*;
use arrow::array::{Array, AsArray};

pub static PLUGIN: Plugin = Plugin {
    name: "rows_near",
    usage: "rows_near(Condition, NumRows, [NumRowsAfter])",
    summary: "Keeps the rows for which a condition holds, and the NumRows before and after each of them; NumRowsAfter, when \
              given, says how many after.",
    examples: &[(
        "datatable(v:long, s:string) [1, '', 2, '', 3, 'Error', 4, ''] | evaluate rows_near(s == 'Error', 1) | summarize sum(v)",
        "9",
    )],
    arity: (2, 3),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["Condition", "NumRows", "NumRowsAfter"];

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let input = input_columns(shape)?;
    Ok(visible(input).into_iter().filter_map(|i| input.get(i).cloned()).collect())
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let table = input(call)?;
    let columns = visible(&table.columns);
    let condition = match args.get(0) {
        Some(PluginArg::Value(value)) => vec![*value == Value::Bool(true); table.rows],
        _ => {
            let column = args.column(0)?;
            if column_at(&table.columns, column)?.ktype != KqlType::Bool {
                return Err(EvalError::new("`Condition` of `rows_near` must be a bool"));
            }
            let holds = table.array(column)?.as_boolean();
            (0..table.rows).map(|row| holds.is_valid(row) && holds.value(row)).collect()
        }
    };
    let count = |i: usize| Ok::<Option<usize>, EvalError>(args.opt_long(i)?.map(|n| usize::try_from(n).unwrap_or(0)));
    let before = count(1)?.ok_or_else(|| EvalError::new("`NumRows` of `rows_near` is needed"))?;
    let after = count(2)?.unwrap_or(before);

    let mut rows = Vec::new();
    for at in (0..table.rows).filter(|row| condition.get(*row).copied().unwrap_or(false)) {
        let first = rows.last().map_or(0, |last| last + 1).max(at.saturating_sub(before));
        rows.extend(first..at.saturating_add(after).saturating_add(1).min(table.rows));
    }
    let n = rows.len();
    let arrays = table.pick(&columns, rows.into_iter().map(Some))?;
    Ok(Table { columns: result_columns(call, shape_columns)?, arrays, rows: n })
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn rows_around_the_error() {
        let values = ["1", "4", "3", "11", "15", "2", "19", "12", "7", "9", "4", "1"];
        let records: Vec<[&str; 2]> = values
            .iter()
            .map(|value| [*value, if *value == "19" || *value == "1" { "true" } else { "null" }])
            .collect();
        let mut table = table("Value:long is_error:bool", &records);
        table.columns[1].name = String::new();
        let number = |text| constant(KqlType::Long, text);
        let cases: [(Vec<PluginArg>, &[&str]); 3] = [
            (vec![number("2")], &["1", "4", "3", "15", "2", "19", "12", "7", "9", "4", "1"]),
            (vec![number("0"), number("1")], &["1", "4", "19", "12", "1"]),
            (vec![number("-5")], &["1", "19", "1"]),
        ];
        for (more, expected) in cases {
            let args: Vec<PluginArg> = std::iter::once(PluginArg::Column(1)).chain(more).collect();
            let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &args);
            assert_eq!(heading, "Value:long");
            assert_eq!(found.concat(), expected);
        }
        assert_ne!(failure(&PLUGIN, &[table], &[PluginArg::Column(0), number("1")]), "");
    }
}
