use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "ai_embed_text",
    usage: "ai_embed_text(Text, ConnectionString, [Options], [IncludeErrorMessages])",
    summary: "The old spelling of `ai_embeddings`. Refused: it would send texts to a language model outside the vault.",
    arity: (2, 4),
    run: Err("`ai_embed_text` is refused: it would send texts to a language model outside the vault"),
    ..Plugin::DEFAULT
};
