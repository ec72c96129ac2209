use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "postgresql_request",
    usage: "postgresql_request(ConnectionString, SqlQuery, [SqlParameters], [Options])",
    summary: "Queries a PostgreSQL database. Refused: it would send the query to a database outside the vault.",
    arity: (2, 4),
    run: Err("`postgresql_request` is refused: it would send the query to a database outside the vault"),
    ..Plugin::DEFAULT
};
