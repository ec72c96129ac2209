use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "geo_polygon_lookup",
    usage: "geo_polygon_lookup(LookupTable, LookupPolygonKey, SourceLongitude, SourceLatitude, [radius], [return_unmatched], [lookup_area_radius], [return_lookup_key])",
    summary: "Looks points up among polygons in a table. Refused: the geometry that it needs is not there yet.",
    arity: (4, 8),
    run: Err("`geo_polygon_lookup` is not supported yet: join with the distance or containment functions instead"),
    ..Plugin::DEFAULT
};
