use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "mysql_request",
    usage: "mysql_request(ConnectionString, SqlQuery, [SqlParameters], [Options])",
    summary: "Queries a MySQL database. Refused: it would send the query to a database outside the vault.",
    arity: (2, 4),
    run: Err("`mysql_request` is refused: it would send the query to a database outside the vault"),
    ..Plugin::DEFAULT
};
