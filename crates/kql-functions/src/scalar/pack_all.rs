use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "pack_all",
    signatures: &["(ignore_null_empty?: literal scalar) -> dynamic"],
    summary: "A bag of all columns of the row: their names and values. With `true`, null and empty values are left out.",
    examples: &[
        ("datatable(a: string, b: long) ['', 42] | project pack_all()", "{\"a\":\"\",\"b\":42}"),
        ("datatable(a: string, b: long) ['', 42] | project pack_all(true)", "{\"b\":42}"),
    ],
    body: Body::Binder,
    ..ScalarFunction::DEFAULT
};
