use super::bag_pack::pack;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    // A name that no query can write: the binder makes `pack_all(true)` of it.
    name: "(bag_pack_nonempty)",
    signatures: &["(key+: string, value+: scalar) -> dynamic"],
    summary: "As `bag_pack()`, without the members whose value is null or an empty string.",
    body: Body::Eval(|args| pack(args, is_present)),
    ..ScalarFunction::DEFAULT
};

fn is_present(value: &Arg, row: usize) -> bool {
    match value.ktype {
        KqlType::String => !value.strs().get(row).is_empty(),
        KqlType::Dynamic => !raw::text(value.strs().get(row)).is_empty(),
        _ => !value.is_null(row),
    }
}
