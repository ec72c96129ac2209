use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "geo_line_lookup",
    usage: "geo_line_lookup(LookupTable, LookupLineKey, SourceLongitude, SourceLatitude, Radius, [return_unmatched], [lookup_area_radius], [return_lookup_key])",
    summary: "Looks points up among lines in a table. Refused: the geometry that it needs is not there yet.",
    arity: (5, 8),
    run: Err("`geo_line_lookup` is not supported yet: join with the distance or containment functions instead"),
    ..Plugin::DEFAULT
};
