use super::geo_lookup::{self, Lookup};
use super::prelude::*;
use crate::scalar::geo::Polygons;

pub static PLUGIN: Plugin = Plugin {
    name: "geo_polygon_lookup",
    usage: "geo_polygon_lookup(LookupTable, LookupPolygonKey, SourceLongitude, SourceLatitude, [radius], [return_unmatched], [lookup_area_radius], [return_lookup_key])",
    summary: "Joins each row with the rows of a table whose polygon holds the row's point or, when a radius is given, is \
              within that many metres of it. Rows without a match are left out, or kept with nulls when return_unmatched. \
              The column of the polygons is part of the result when return_lookup_key.",
    examples: &[(
        "let areas = datatable(area:string, polygon:dynamic) ['A', dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]})]; datatable(x:real, y:real) [5, 5, 15, 5] | evaluate geo_polygon_lookup(areas, polygon, x, y) | project area",
        "A",
    )],
    arity: (4, 8),
    columns: |shape| geo_lookup::columns(&LOOKUP, shape.inputs, shape.args).map(Some),
    run: Ok(|call| geo_lookup::run(&LOOKUP, call)),
    ..Plugin::DEFAULT
};

static LOOKUP: Lookup<Polygons> = Lookup {
    plugin: "geo_polygon_lookup",
    parameters: &[
        "LookupTable",
        "LookupPolygonKey",
        "SourceLongitude",
        "SourceLatitude",
        "radius",
        "return_unmatched",
        "lookup_area_radius",
        "return_lookup_key",
    ],
    needs_radius: false,
    parse: Polygons::parse,
    cap: Polygons::cap,
    is_match: |polygons, point, radius| match radius {
        None => polygons.contains(point),
        Some(radius) => polygons.distance(point) <= radius,
    },
};
