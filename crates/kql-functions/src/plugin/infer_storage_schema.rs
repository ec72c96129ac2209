use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "infer_storage_schema",
    usage: "infer_storage_schema(Options)",
    summary: "Infers the schema of files in a storage account. Refused: it would read files in a storage account outside the vault.",
    arity: (1, 1),
    columns: |_| Ok(Some(vec![Column::new("CslSchema", KqlType::String)])),
    run: Err("`infer_storage_schema` is refused: it would read files in a storage account outside the vault"),
    ..Plugin::DEFAULT
};
