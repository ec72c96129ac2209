use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "sql_request",
    usage: "sql_request(ConnectionString, SqlQuery, [SqlParameters], [Options])",
    summary: "Queries an SQL Server database. Refused: it would send the query to a database outside the vault.",
    arity: (2, 4),
    run: Err("`sql_request` is refused: it would send the query to a database outside the vault"),
    ..Plugin::DEFAULT
};
