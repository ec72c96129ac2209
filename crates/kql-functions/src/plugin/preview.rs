use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "preview",
    usage: "preview(NumberOfRows)",
    summary: "Gives two tables: up to NumberOfRows rows of the input, and the number of all its rows.",
    examples: &[("range x from 1 to 5 step 1 | evaluate preview(1)", "1")],
    arity: (1, 1),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    further: Some(further),
    ..Plugin::DEFAULT
};

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let input = input_columns(shape)?;
    Ok(visible(input).into_iter().filter_map(|i| input.get(i).cloned()).collect())
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, &["NumberOfRows"], call.args)?;
    let table = input(call)?;
    let n = args.opt_long(0)?.ok_or_else(|| EvalError::new("`NumberOfRows` of `preview` is needed"))?;
    let rows = usize::try_from(n).unwrap_or(0).min(table.rows);
    let arrays = table.pick(&visible(&table.columns), (0..rows).map(Some))?;
    Ok(Table { columns: result_columns(call, shape_columns)?, arrays, rows })
}

fn further(call: &PluginCall) -> Result<Vec<Table>, EvalError> {
    let mut count = RowBuilder::new(vec![Column::new("Count", KqlType::Long)]);
    count.push([Value::Long(input(call)?.rows as i64)])?;
    Ok(vec![count.finish()])
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;
    use crate::args::CallContext;

    #[test]
    fn some_rows_and_their_number() {
        let table = table("a:long b:string", &[["1", "x"], ["2", "y"], ["3", "z"]]);
        let (args, ctx) = ([constant(KqlType::Long, "2")], CallContext::default());
        assert_eq!(
            result(&PLUGIN, std::slice::from_ref(&table), &args),
            ("a:long b:string".into(), rows("1|x \n 2|y"))
        );
        let more = further(&PluginCall { inputs: &[table], args: &args, ctx: &ctx }).unwrap_or_default();
        assert_eq!(more.first().map(texts), Some(("Count:long".into(), rows("3"))));
    }
}
