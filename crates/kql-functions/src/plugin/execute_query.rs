use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "execute_query",
    usage: "execute_query(ConnectionString, Query)",
    summary: "Runs a query on another cluster. Refused: it would send the query to a cluster outside the vault.",
    arity: (2, 2),
    run: Err("`execute_query` is refused: it would send the query to a cluster outside the vault"),
    ..Plugin::DEFAULT
};
