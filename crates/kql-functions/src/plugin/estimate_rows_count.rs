use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "estimate_rows_count",
    usage: "estimate_rows_count()",
    summary: "The number of rows of the input; exact, though a number near it would do.",
    examples: &[("range x from 1 to 5 step 1 | evaluate estimate_rows_count()", "5")],
    arity: (0, 0),
    columns: |_| Ok(Some(columns())),
    run: Ok(run),
    ..Plugin::DEFAULT
};

fn columns() -> Vec<Column> {
    vec![Column::new("EstimatedRowsCount", KqlType::Long)]
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let mut result = RowBuilder::new(columns());
    result.push([Value::Long(input(call)?.rows as i64)])?;
    Ok(result.finish())
}
