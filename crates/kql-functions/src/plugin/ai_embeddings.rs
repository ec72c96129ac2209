use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "ai_embeddings",
    usage: "ai_embeddings(Text, ConnectionString, [Options], [IncludeErrorMessages])",
    summary: "Embeds texts by a language model. Refused: it would send texts to a language model outside the vault.",
    arity: (2, 4),
    run: Err("`ai_embeddings` is refused: it would send texts to a language model outside the vault"),
    ..Plugin::DEFAULT
};
