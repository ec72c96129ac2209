use crate::registry::Plugin;

pub static PLUGIN: Plugin = Plugin {
    name: "geo_polygon_lookup",
    usage: "geo_polygon_lookup(LookupTable, LookupPolygonKey, SourceLongitude, SourceLatitude, [radius], [return_unmatched], [lookup_area_radius], [return_lookup_key])",
    summary: "Looks points up in a table of polygons. Refused: it needs geometry that is not there yet.",
    arity: (4, 8),
    run: Err("`geo_polygon_lookup` is not supported yet: it needs geometry that is not there"),
    ..Plugin::DEFAULT
};
