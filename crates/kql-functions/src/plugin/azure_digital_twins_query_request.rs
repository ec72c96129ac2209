use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "azure_digital_twins_query_request",
    usage: "azure_digital_twins_query_request(Endpoint, Query)",
    summary: "Queries an Azure Digital Twins service. Refused: it would send the query to a service outside the vault.",
    arity: (2, 2),
    run: Err("`azure_digital_twins_query_request` is refused: it would send the query to a service outside the vault"),
    ..Plugin::DEFAULT
};
