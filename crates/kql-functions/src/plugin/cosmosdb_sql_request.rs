use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "cosmosdb_sql_request",
    usage: "cosmosdb_sql_request(ConnectionString, SqlQuery, [SqlParameters], [Options])",
    summary: "Queries a Cosmos DB database. Refused: it would send the query to a database outside the vault.",
    arity: (2, 4),
    run: Err("`cosmosdb_sql_request` is refused: it would send the query to a database outside the vault"),
    ..Plugin::DEFAULT
};
