use super::geo::{EARTH_RADIUS, point_argument};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_point_in_circle",
    signatures: &[
        "(p_longitude: number, p_latitude: number, pc_longitude: number, pc_latitude: number, c_radius: number) -> bool",
    ],
    summary: "Whether a point is in a circle on the Earth, given by its centre and its radius in metres along the surface. \
              Null when a coordinate is null or out of range or the radius is negative.",
    examples: &[
        ("print geo_point_in_circle(-122.143564, 47.535677, -122.100896, 47.527351, 3500)", "true"),
        ("print geo_point_in_circle(-122.137575, 47.630683, -122.100896, 47.527351, 3500)", "false"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let radius = args.real(4);
    Ok(args.bools(|row| {
        let (point, center) = (point_argument(args, 0, row)?, point_argument(args, 2, row)?);
        let radius = radius.get(row).filter(|radius| *radius >= 0.0)?;
        Some(point.angle(center) * EARTH_RADIUS <= radius)
    }))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn measures_along_the_surface() {
        let null = Value::Null(KqlType::Bool);
        for (args, expected) in [
            ([-122.317404, 47.609119, -122.317404, 47.609119, 0.0], Value::Bool(true)),
            ([-123.497688, 47.458098, -122.317404, 47.609119, 18_000.0], Value::Bool(false)),
            ([-122.201741, 47.677084, -122.317404, 47.609119, 18_000.0], Value::Bool(true)),
            ([-122.443663, 47.247092, -122.317404, 47.609119, 18_000.0], Value::Bool(false)),
            ([-122.121975, 47.671345, -122.317404, 47.609119, 18_000.0], Value::Bool(true)),
            ([200.0, 1.0, 1.0, 1.0, 1.0], null.clone()),
            ([1.0, 1.0, 1.0, 1.0, -1.0], null.clone()),
            ([1.0, 1.0, 1.0, 1.0, f64::NAN], null.clone()),
        ] {
            let values = args.map(Value::Real);
            assert_eq!(crate::call("geo_point_in_circle", KqlType::Bool, &values), Ok(expected), "{args:?}");
        }
    }
}
