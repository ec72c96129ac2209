use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "r",
    usage: "r(OutputSchema, Script, [Arguments])",
    summary: "Runs an R script over the input. Refused: it runs an R script, and no foreign code runs inside the vault.",
    arity: (2, 5),
    run: Err("`r` is refused: it runs an R script, and no foreign code runs inside the vault"),
    ..Plugin::DEFAULT
};
