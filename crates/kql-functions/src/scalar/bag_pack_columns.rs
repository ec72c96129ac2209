use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_pack_columns",
    signatures: &["(value+: column scalar) -> dynamic"],
    summary: "A bag of the given columns: their names and values.",
    examples: &[(
        "datatable(Id: string, Value: string) ['A', 'val_a'] | project bag_pack_columns(Id, Value)",
        "{\"Id\":\"A\",\"Value\":\"val_a\"}",
    )],
    body: Body::Binder,
    ..ScalarFunction::DEFAULT
};
