use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "csharp",
    usage: "csharp(OutputSchema, Script, [Arguments])",
    summary: "Runs a C# script over the input. Refused: it runs a C# script, and no foreign code runs inside the vault.",
    arity: (2, 3),
    run: Err("`csharp` is refused: it runs a C# script, and no foreign code runs inside the vault"),
    ..Plugin::DEFAULT
};
