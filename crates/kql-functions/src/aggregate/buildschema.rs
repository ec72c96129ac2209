use super::prelude::*;
use super::support::schemas::BUILDSCHEMA;

pub static FUNCTION: AggregateFunction = AggregateFunction {
    name: "buildschema",
    signatures: &["(expr: bag) -> dynamic"],
    naming: Naming::PrefixAndFirstArgument("schema"),
    summary: "The smallest schema that admits all values of the group: the name of a type, an array of such alternatives, a property bag of schemas, or a property bag with the one member `indexer` in backticks for the elements of an array. Null for no values.",
    examples: &[
        (
            r#"print d = dynamic({"x": 1, "y": [1.5, "a"]}) | summarize buildschema(d)"#,
            r#"{"x":"long","y":{"`indexer`":["double","string"]}}"#,
        ),
        ("datatable(d:dynamic)[] | summarize buildschema(d)", ""),
    ],
    body: AggregateBody::Accumulate(BUILDSCHEMA),
    ..AggregateFunction::DEFAULT
};
