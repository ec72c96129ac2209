use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "http_request",
    usage: "http_request(Uri, [RequestHeaders], [Options])",
    summary: "Sends a GET request. Refused: it would send a request, and with it data, to an address outside the vault.",
    arity: (1, 3),
    columns: |_| Ok(Some(["ResponseHeaders", "ResponseBody"].map(|name| Column::new(name, KqlType::Dynamic)).to_vec())),
    run: Err("`http_request` is refused: it would send a request, and with it data, to an address outside the vault"),
    ..Plugin::DEFAULT
};
