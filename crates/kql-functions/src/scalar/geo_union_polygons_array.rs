use super::geo::Polygons;
use super::overlay::{Common, union};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_union_polygons_array",
    signatures: &["(polygons: array) -> dynamic"],
    summary: "The union of an array of GeoJSON polygons and multipolygons. Null when the array is null or empty, one of them is invalid, or the union is more than half of the sphere.",
    examples: &[
        (
            "print array_length(geo_union_polygons_array(pack_array(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[10,0],[20,0],[20,10],[10,10],[10,0]]]}))).coordinates[0])",
            "7",
        ),
        (
            "print isnull(geo_union_polygons_array(pack_array(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}), dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,10],[0,0]]]}))))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.dynamics(|row| {
        let shapes = super::dynamics::array(&args.args[0], row)?;
        let shapes: Vec<Polygons> = shapes.into_iter().map(Polygons::parse).collect::<Option<_>>()?;
        let polygons: Vec<_> = shapes.into_iter().flat_map(|shape| shape.polygons).collect();
        let polygons = union(&polygons).filter(|polygons| !polygons.is_empty())?;
        Some(Common { polygons, ..Common::default() }.to_geojson())
    }))
}
