use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "dax_request",
    usage: "dax_request(ConnectionString, DaxQuery, [DaxParameters], [Options])",
    summary: "Queries a semantic model. Refused: it would send the query to a model outside the vault.",
    arity: (2, 4),
    run: Err("`dax_request` is refused: it would send the query to a model outside the vault"),
    ..Plugin::DEFAULT
};
