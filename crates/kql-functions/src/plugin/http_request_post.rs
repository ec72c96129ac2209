use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "http_request_post",
    usage: "http_request_post(Uri, [RequestHeaders], [Options], [Content])",
    summary: "Sends a POST request. Refused: it would send a request, and with it data, to an address outside the vault.",
    arity: (1, 4),
    columns: |_| Ok(Some(["ResponseHeaders", "ResponseBody"].map(|name| Column::new(name, KqlType::Dynamic)).to_vec())),
    run: Err(
        "`http_request_post` is refused: it would send a request, and with it data, to an address outside the vault",
    ),
    ..Plugin::DEFAULT
};
