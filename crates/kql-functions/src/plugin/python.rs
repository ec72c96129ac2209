use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "python",
    usage: "python(OutputSchema, Script, [Arguments], [Artifacts])",
    summary: "Runs a Python script over the input. Refused: it runs a Python script, and no foreign code runs inside the vault.",
    arity: (2, 5),
    run: Err("`python` is refused: it runs a Python script, and no foreign code runs inside the vault"),
    ..Plugin::DEFAULT
};
