use super::geo_lookup::{self, Lookup};
use super::prelude::*;
use crate::scalar::geo::Line;

pub static PLUGIN: Plugin = Plugin {
    name: "geo_line_lookup",
    usage: "geo_line_lookup(LookupTable, LookupLineKey, SourceLongitude, SourceLatitude, Radius, [return_unmatched], [lookup_area_radius], [return_lookup_key])",
    summary: "Joins each row with the rows of a table whose line is within a radius of the row's point, in metres. Rows \
              without a match are left out, or kept with nulls when return_unmatched. The column of the lines is part of the \
              result when return_lookup_key.",
    examples: &[(
        "let roads = datatable(road:string, line:dynamic) ['A', dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[1,0]]})]; datatable(x:real, y:real) [0.5, 0.001, 0.5, 1] | evaluate geo_line_lookup(roads, line, x, y, 200) | project road",
        "A",
    )],
    arity: (5, 8),
    columns: |shape| geo_lookup::columns(&LOOKUP, shape.inputs, shape.args).map(Some),
    run: Ok(|call| geo_lookup::run(&LOOKUP, call)),
    ..Plugin::DEFAULT
};

static LOOKUP: Lookup<Line> = Lookup {
    plugin: "geo_line_lookup",
    parameters: &[
        "LookupTable",
        "LookupLineKey",
        "SourceLongitude",
        "SourceLatitude",
        "radius",
        "return_unmatched",
        "lookup_area_radius",
        "return_lookup_key",
    ],
    needs_radius: true,
    parse: Line::parse,
    cap: Line::cap,
    is_match: |line, point, radius| radius.is_some_and(|radius| line.distance(point) <= radius),
};

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn lines_within_the_radius() {
        let line = r#"{"type":"LineString","coordinates":[[0,0],[1,0]]}"#;
        let roads = table(
            "name:string line:dynamic x:long",
            &[
                ["A", line, "1"],
                ["B", r#"{"type":"LineString","coordinates":[[0,0.001],[1,0.001]]}"#, "2"],
                ["C", "{}", "3"],
            ],
        );
        let places = table("x:real y:real", &[["0.5", "0.0001"], ["0.5", "1"], ["400", "0"]]);
        let inputs = [places, roads];
        let (table, key, x, y) =
            (PluginArg::Table(1), PluginArg::Column(1), PluginArg::Column(0), PluginArg::Column(1));
        let radius = constant(KqlType::Real, "105");
        let named = |name: &str, value: &str| PluginArg::Named(name.into(), Box::new(constant(KqlType::Bool, value)));
        let args = [table.clone(), key.clone(), x.clone(), y.clone(), radius.clone()];
        let (heading, found) = result(&PLUGIN, &inputs, &args);
        assert_eq!(heading, "x:real y:real name:string x1:long");
        assert_eq!(found, rows("0.5|0.0001|A|1 \n 0.5|0.0001|B|2"));
        let args =
            [table.clone(), key.clone(), x.clone(), y.clone(), radius.clone(), named("return_unmatched", "true")];
        let (_, found) = result(&PLUGIN, &inputs, &args);
        assert_eq!(found, rows("0.5|0.0001|A|1 \n 0.5|0.0001|B|2 \n 0.5|1.0||null \n 400.0|0.0||null"));
        let small = constant(KqlType::Real, "20");
        let args = [table.clone(), key.clone(), x.clone(), y.clone(), small, named("return_lookup_key", "true")];
        let (heading, found) = result(&PLUGIN, &inputs, &args);
        assert_eq!(heading, "x:real y:real name:string line:dynamic x1:long");
        assert_eq!(found, rows(&format!("0.5|0.0001|A|{line}|1")));
        let texts = [self::table("x:string y:real", &[["0", "0"]]), inputs[1].clone()];
        assert_ne!(failure(&PLUGIN, &texts, &args), "");
        let negative = constant(KqlType::Real, "-1");
        assert_ne!(failure(&PLUGIN, &inputs, &[table.clone(), key.clone(), x.clone(), y.clone(), negative]), "");
        assert_ne!(failure(&PLUGIN, &inputs, &[table.clone(), key.clone(), x.clone(), y.clone()]), "");
        assert_ne!(failure(&PLUGIN, &inputs, &[table, PluginArg::Column(0), x, y, radius]), "");
    }
}
