use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "narrow",
    usage: "narrow()",
    summary: "Turns a wide table into a narrow one: a row per cell, with the row's number from 0, the column's name and the \
              value as `tostring()` gives it.",
    examples: &[(
        "datatable(a:long, b:string) [1, 'x'] | evaluate narrow() | where Column == 'b' | project Value",
        "x",
    )],
    arity: (0, 0),
    columns: |_| Ok(Some(columns())),
    run: Ok(run),
    ..Plugin::DEFAULT
};

fn columns() -> Vec<Column> {
    vec![
        Column::new("Row", KqlType::Long),
        Column::new("Column", KqlType::String),
        Column::new("Value", KqlType::String),
    ]
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let table = input(call)?;
    let mut result = RowBuilder::new(columns());
    for row in 0..table.rows {
        for column in visible(&table.columns) {
            let name = column_at(&table.columns, column)?.name.clone();
            let value = table.cell(column, row)?.to_text();
            result.push([Value::Long(row as i64), Value::String(name), Value::String(value)])?;
        }
    }
    Ok(result.finish())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn cells_become_rows() {
        let table = table("a:long b:string c:datetime", &[["1", "x", "2020-01-01"], ["null", "", "null"]]);
        let (heading, found) = result(&PLUGIN, &[table], &[]);
        assert_eq!(heading, "Row:long Column:string Value:string");
        assert_eq!(found, rows("0|a|1 \n 0|b|x \n 0|c|2020-01-01T00:00:00.0000000Z \n 1|a| \n 1|b| \n 1|c|"));
    }
}
