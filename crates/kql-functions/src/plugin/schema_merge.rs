use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "schema_merge",
    usage: "schema_merge([PreserveOrder])",
    summary: "Merges schemas, given one after the other as `getschema` prints them, into one: each column once, in an order \
              that keeps that of all schemas as far as they agree. A whole number widens to a long or a real; types that do \
              not meet are an error in the column's row. With PreserveOrder (the default) so is a column that stands at \
              different places.",
    examples: &[(
        "union (datatable(a:int) [] | getschema), (datatable(a:long) [] | getschema) | evaluate schema_merge() | project ColumnType",
        "long",
    )],
    arity: (0, 1),
    columns: |_| Ok(Some(columns())),
    run: Ok(run),
    ..Plugin::DEFAULT
};

fn columns() -> Vec<Column> {
    vec![
        Column::new("ColumnName", KqlType::String),
        Column::new("ColumnOrdinal", KqlType::Int),
        Column::new("DataType", KqlType::String),
        Column::new("ColumnType", KqlType::String),
    ]
}

/// A column of the merged schema.
struct Merged {
    name: String,
    /// Where the first schema that has it puts it, and the furthest place that any puts it.
    first: i64,
    furthest: i64,
    data_type: String,
    column_type: Result<String, &'static str>,
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, &["PreserveOrder"], call.args)?;
    let preserve = args.opt_bool(0)?.unwrap_or(true);
    let table = input(call)?;
    let place = |column: &Column| {
        let found = table.columns.iter().position(|known| known.name == column.name);
        found.ok_or_else(|| {
            EvalError::new(format!("the input has no column `{}`: give it as `getschema` prints it", column.name))
        })
    };
    let places = columns().iter().map(place).collect::<Result<Vec<usize>, EvalError>>()?;
    let [name, ordinal, data_type, column_type] = places.as_slice() else {
        return Ok(RowBuilder::new(columns()).finish());
    };

    let mut merged: Vec<Merged> = Vec::new();
    for row in 0..table.rows {
        let text = |column: usize| table.cell(column, row).map(|value| value.to_text());
        let (name, data_type, column_type) = (text(*name)?, text(*data_type)?, text(*column_type)?);
        let ordinal = match table.cell(*ordinal, row)? {
            Value::Int(ordinal) => i64::from(ordinal),
            Value::Long(ordinal) => ordinal,
            _ => return Err(EvalError::new("`ColumnOrdinal` must be a whole number")),
        };
        let Some(known) = merged.iter_mut().find(|known| known.name == name) else {
            merged.push(Merged { name, first: ordinal, furthest: ordinal, data_type, column_type: Ok(column_type) });
            continue;
        };
        known.furthest = known.furthest.max(ordinal);
        if preserve && known.first != ordinal {
            known.column_type = Err("columns are out of order");
        } else if let Ok(known_type) = &known.column_type
            && *known_type != column_type
        {
            known.column_type = match wider(known_type, &column_type) {
                Some(false) => continue,
                Some(true) => {
                    known.data_type = data_type;
                    Ok(column_type)
                }
                None => Err("column types do not meet"),
            };
        }
    }
    merged.sort_by_key(|column| column.furthest);
    let mut result = RowBuilder::new(columns());
    for (i, column) in merged.into_iter().enumerate() {
        let (ordinal, data_type, column_type) = match column.column_type {
            Ok(column_type) => (i32::try_from(i).unwrap_or(i32::MAX), column.data_type, column_type),
            Err(why) => (-1, format!("ERROR(unknown CSL type:ERROR({why}))"), format!("ERROR({why})")),
        };
        result.push([
            Value::String(column.name),
            Value::Int(ordinal),
            Value::String(data_type),
            Value::String(column_type),
        ])?;
    }
    Ok(result.finish())
}

/// Returns whether the second type is the wider of the two, or `None` when neither holds the other's values.
fn wider(first: &str, second: &str) -> Option<bool> {
    let width = |name: &str| match KqlType::from_name(name)? {
        KqlType::Int => Some(0),
        KqlType::Long => Some(1),
        KqlType::Real => Some(2),
        _ => None,
    };
    Some(width(second)? > width(first)?)
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    const HEADING: &str = "ColumnName:string ColumnOrdinal:int DataType:string ColumnType:string";
    const URI: [&str; 4] = ["Uri", "0", "System.String", "string"];
    const STATUS: [&str; 4] = ["HttpStatus", "1", "System.Int32", "int"];

    #[test]
    fn schemas_of_the_reference() {
        let (status, referrer) =
            (["HttpStatus", "2", "System.Int32", "int"], ["Referrer", "1", "System.String", "string"]);
        let last = ["Referrer", "2", "System.String", "string"];
        let appended = table(HEADING, &[URI, STATUS, URI, STATUS, last]);
        let expected = "Uri|0|System.String|string \n HttpStatus|1|System.Int32|int \n Referrer|2|System.String|string";
        assert_eq!(result(&PLUGIN, &[appended], &[]), (HEADING.to_string(), rows(expected)));
        let reordered = table(HEADING, &[URI, STATUS, URI, referrer, status]);
        let expected = "Uri|0|System.String|string \n Referrer|1|System.String|string \n \
                        HttpStatus|-1|ERROR(unknown CSL type:ERROR(columns are out of order))|ERROR(columns are out of order)";
        assert_eq!(result(&PLUGIN, std::slice::from_ref(&reordered), &[]).1, rows(expected));
        let expected = "Uri|0|System.String|string \n Referrer|1|System.String|string \n HttpStatus|2|System.Int32|int";
        assert_eq!(result(&PLUGIN, &[reordered], &[constant(KqlType::Bool, "false")]).1, rows(expected));
    }

    #[test]
    fn types_widen_or_clash() {
        let long = ["HttpStatus", "1", "System.Int64", "long"];
        let found = result(&PLUGIN, &[table(HEADING, &[URI, STATUS, long, STATUS])], &[]).1;
        assert_eq!(found[1], ["HttpStatus", "1", "System.Int64", "long"]);
        let clash = ["Uri", "0", "System.Int64", "long"];
        let found = result(&PLUGIN, &[table(HEADING, &[URI, clash])], &[]).1;
        assert_eq!(found[0][3], "ERROR(column types do not meet)");
        assert_ne!(failure(&PLUGIN, &[table("a:long", &[["1"]])], &[]), "");
    }
}
