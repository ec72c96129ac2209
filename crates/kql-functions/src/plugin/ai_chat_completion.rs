use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "ai_chat_completion",
    usage: "ai_chat_completion(Chat, ConnectionString, [Options], [IncludeErrorMessages])",
    summary: "Completes a chat by a language model. Refused: it would send texts to a language model outside the vault.",
    arity: (2, 4),
    run: Err("`ai_chat_completion` is refused: it would send texts to a language model outside the vault"),
    ..Plugin::DEFAULT
};
