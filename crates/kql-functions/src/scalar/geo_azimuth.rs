use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_azimuth",
    signatures: &["(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number) -> real"],
    summary: "Geometry beyond distances and points in shapes; refused for now.",
    body: Body::Refused(
        "`geo_azimuth` is not supported yet: of the geometry functions, distances and points in shapes are",
    ),
    ..ScalarFunction::DEFAULT
};
