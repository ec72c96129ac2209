use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "identity",
    usage: "identity()",
    summary: "Gives the input as it is.",
    examples: &[("print x=1 | evaluate identity()", "1")],
    arity: (0, 0),
    columns: |shape| input_columns(shape).map(|columns| Some(columns.to_vec())),
    run: Ok(|call| input(call).cloned()),
    ..Plugin::DEFAULT
};
