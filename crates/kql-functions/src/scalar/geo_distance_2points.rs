use super::geo::EARTH_RADIUS;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_distance_2points",
    signatures: &[
        "(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number, use_spheroid?: number|bool) -> real",
    ],
    summary: "The shortest distance between two points in metres, on a sphere, or on the WGS-84 spheroid when \
              `use_spheroid` is true. Null when a coordinate is null or out of range.",
    examples: &[
        ("print round(geo_distance_2points(-122.407628, 47.578557, -118.275287, 34.019056), 3)", "1546754.352"),
        ("print isnull(geo_distance_2points(300, 1, 1, 1))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let on_spheroid = |row: usize| match args.opt(4) {
        None => Some(false),
        Some(arg) if arg.ktype == KqlType::Bool => arg.bools().get(row),
        Some(arg) => arg.reals().get(row).map(|value| value != 0.0),
    };
    Ok(args.reals(|row| {
        let coordinate = |i: usize, most: f64| args.real(i).get(row).filter(|degrees| degrees.abs() <= most);
        let (lng1, lat1) = (coordinate(0, 180.0)?, coordinate(1, 90.0)?);
        let (lng2, lat2) = (coordinate(2, 180.0)?, coordinate(3, 90.0)?);
        Some(if on_spheroid(row)? { spheroid(lng1, lat1, lng2, lat2) } else { sphere(lng1, lat1, lng2, lat2) })
    }))
}

/// The haversine formula.
fn sphere(lng1: f64, lat1: f64, lng2: f64, lat2: f64) -> f64 {
    let (lat1, lat2) = (lat1.to_radians(), lat2.to_radians());
    let by_lat = ((lat2 - lat1) / 2.0).sin();
    let by_lng = ((lng2 - lng1).to_radians() / 2.0).sin();
    let h = by_lat * by_lat + by_lng * by_lng * lat1.cos() * lat2.cos();
    2.0 * h.min(1.0).sqrt().asin() * EARTH_RADIUS
}

/// WGS-84's greater radius in metres and its flattening.
const RADIUS: f64 = 6_378_137.0;
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Sines of latitudes below this, a ten-millionth of a nanometre from the equator, count as 0.
const EQUATOR: f64 = 1e-20;

/// The length of the geodesic on the spheroid. The difference in longitude that a geodesic reaches between two parallels
/// grows with the azimuth at which it leaves the first, so the azimuth is found by halving. It always converges, opposite
/// points included, where the usual iteration does not.
///
/// # Source
/// C. F. F. Karney, "Algorithms for geodesics", 2013: the integrals for distance and longitude (7, 8) and the order of the
/// points (44), with the integrals taken numerically.
fn spheroid(lng1: f64, lat1: f64, lng2: f64, lat2: f64) -> f64 {
    let apart = (lng2 - lng1).abs();
    let longitude = apart.min(360.0 - apart).to_radians();
    // The first point is the one further from the equator, and south of it.
    let (first, second) = if lat1.abs() < lat2.abs() { (lat2, lat1) } else { (lat1, lat2) };
    let (first, second) = if first > 0.0 { (-first, -second) } else { (first, second) };
    let (mut sin1, cos1) = reduced(first);
    let (mut sin2, cos2) = reduced(second);
    if sin1.abs() < EQUATOR {
        if longitude <= (1.0 - FLATTENING) * std::f64::consts::PI {
            return RADIUS * longitude;
        }
        (sin1, sin2) = (-EQUATOR, 0.0);
    }
    let path = |delta: f64| Path::new(delta, (sin1, cos1), (sin2, cos2));
    // The azimuth counts from east, where the longitude changes fastest and needs the most digits.
    let (mut north, mut south) = (std::f64::consts::FRAC_PI_2, -std::f64::consts::FRAC_PI_2);
    for _ in 0..100 {
        let middle = (north + south) / 2.0;
        if path(middle).longitude() < longitude { north = middle } else { south = middle }
    }
    path((north + south) / 2.0).length()
}

/// Returns sine and cosine of the latitude on the sphere that the spheroid is mapped to.
fn reduced(latitude: f64) -> (f64, f64) {
    let (sin, cos) = latitude.to_radians().sin_cos();
    let sin = (1.0 - FLATTENING) * sin;
    let length = sin.hypot(cos);
    (sin / length, (cos / length).max(1e-300))
}

/// A geodesic from one parallel to another.
struct Path {
    /// Places of both ends along it, counted from where it crosses the equator northward.
    sigma: (f64, f64),
    /// Longitudes of both ends on the mapped sphere.
    omega: (f64, f64),
    /// Sine of the azimuth at the equator.
    sin0: f64,
    k2: f64,
}

impl Path {
    fn new(delta: f64, (sin1, cos1): (f64, f64), (sin2, cos2): (f64, f64)) -> Path {
        let (cos_azimuth, sin_azimuth) = delta.sin_cos();
        let sin0 = sin_azimuth * cos1;
        let cos0 = cos_azimuth.hypot(sin_azimuth * sin1);
        let north1 = cos_azimuth * cos1;
        let north2 = (north1 * north1 + (cos2 - cos1) * (cos2 + cos1)).max(0.0).sqrt();
        let second_eccentricity2 = FLATTENING * (2.0 - FLATTENING) / (1.0 - FLATTENING).powi(2);
        Path {
            sigma: (sin1.atan2(north1), sin2.atan2(north2)),
            omega: ((sin0 * sin1).atan2(north1), (sin0 * sin2).atan2(north2)),
            sin0,
            k2: second_eccentricity2 * cos0 * cos0,
        }
    }

    fn longitude(&self) -> f64 {
        let behind = self.integrate(|root| (2.0 - FLATTENING) / (1.0 + (1.0 - FLATTENING) * root));
        self.omega.1 - self.omega.0 - FLATTENING * self.sin0 * behind
    }

    fn length(&self) -> f64 {
        RADIUS * (1.0 - FLATTENING) * self.integrate(|root| root)
    }

    /// Integrates a function of `sqrt(1 + k² sin² σ)` along the path, by Gauss and Legendre's rule of eight points on
    /// four parts; these functions change by less than 1 % over the path, so that the rule is exact to rounding.
    fn integrate(&self, f: impl Fn(f64) -> f64) -> f64 {
        const NODES: [(f64, f64); 4] = [
            (0.183_434_642_495_649_8, 0.362_683_783_378_362),
            (0.525_532_409_916_329, 0.313_706_645_877_887_3),
            (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
            (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
        ];
        const PARTS: u32 = 4;
        let half = (self.sigma.1 - self.sigma.0) / f64::from(2 * PARTS);
        let at = |sigma: f64| f((1.0 + self.k2 * sigma.sin().powi(2)).sqrt());
        let mut sum = 0.0;
        for part in 0..PARTS {
            let middle = self.sigma.0 + half * f64::from(2 * part + 1);
            for (node, weight) in NODES {
                sum += weight * (at(middle - half * node) + at(middle + half * node));
            }
        }
        sum * half
    }
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    fn distance(args: &[f64], spheroid: Option<Value>) -> Option<f64> {
        let args: Vec<Value> = args.iter().map(|x| Value::Real(*x)).chain(spheroid).collect();
        match crate::call("geo_distance_2points", KqlType::Real, &args) {
            Ok(Value::Real(distance)) => Some(distance),
            Ok(Value::Null(_)) => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn distances_on_the_sphere() {
        let seattle_to_los_angeles = [-122.407628, 47.578557, -118.275287, 34.019056];
        let found = distance(&seattle_to_los_angeles, None).unwrap_or(0.0);
        assert!((found - 1_546_754.351_973_81).abs() < 1e-7, "{found}");
        assert_eq!(distance(&[10.0, 20.0, 10.0, 20.0], None), Some(0.0));
        assert_eq!(distance(&[300.0, 1.0, 1.0, 1.0], None), None);
        assert_eq!(distance(&[1.0, f64::NAN, 1.0, 1.0], None), None);
        assert_eq!(distance(&[0.0, 0.0, 1.0, 1.0], Some(Value::Null(KqlType::Bool))), None);
    }

    #[test]
    fn distances_on_the_spheroid() {
        // From Karney's paper and tests, and arcs whose length is known.
        for (points, expected) in [
            ([0.0, -30.0, 179.8, 29.9], 19_989_832.827_610),
            ([-73.8, 40.6, -0.5, 51.6], 5_551_759.400_319),
            ([0.0, 0.0, 90.0, 0.0], 10_018_754.171_395),
            ([0.0, 0.0, 179.5, 0.5], 19_936_288.578_965),
            ([0.0, 0.0, 179.5, 0.0], 19_980_861.908_891),
            ([0.0, 0.0, 180.0, 0.0], 20_003_931.458_625),
            ([0.0, 90.0, 0.0, -90.0], 20_003_931.458_625),
            ([-160.0, -10.0, 20.0, 10.0], 20_003_931.458_625),
            ([0.0, 1e-12, 90.0, -1e-12], 10_018_754.171_395),
            ([179.0, 0.0, -179.0, 0.0], 222_638.981_587),
            ([10.0, 20.0, 10.0, 20.0], 0.0),
        ] {
            let found = distance(&points, Some(Value::Bool(true))).unwrap_or(f64::NAN);
            assert!((found - expected).abs() < 1e-5, "{points:?}: {found} is not {expected}");
        }
    }
}
