use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "infer_storage_schema_with_suggestions",
    usage: "infer_storage_schema_with_suggestions(Options)",
    summary: "Infers the schema of files in a storage account and suggests types. Refused: it would read files in a storage account outside the vault.",
    arity: (1, 1),
    columns: |_| Ok(Some(vec![Column::new("SuggestedTableSchema", KqlType::String)])),
    run: Err(
        "`infer_storage_schema_with_suggestions` is refused: it would read files in a storage account outside the vault",
    ),
    ..Plugin::DEFAULT
};
