use super::geo::{Polygons, ShapeArg};
use super::geojson;
use super::h3;
use super::prelude::*;
use h3o::{CellIndex, LatLng, Resolution};
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "geo_polygon_to_h3cells",
    signatures: &["(polygon: bag, resolution?: number, radius?: number) -> dynamic"],
    summary: "The tokens of the H3 cells of a resolution (0 to 15, 6 when left out) whose middle is in a GeoJSON polygon, whose edges are straight in longitude and latitude here, or within a radius of it in metres; ordered by token. Null when an argument is invalid or there are more than 61680 cells.",
    examples: &[
        (
            "print array_length(geo_polygon_to_h3cells(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[-3.659,40.553],[-3.913,40.409],[-3.729,40.273],[-3.524,40.440],[-3.659,40.553]]]})))",
            "13",
        ),
        (
            "print isnull(geo_polygon_to_h3cells(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1]]]})))",
            "true",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let mut polygons = ShapeArg::new(&args.args[0], Shape::parse);
    Ok(args.dynamics(|row| {
        let resolution = geojson::level(args, 1, row, 6, h3::RESOLUTION_MAX)?;
        let radius = geojson::number(args, 2, row, 0.0).filter(|radius| *radius >= 0.0)?;
        Some(h3::tokens(polygons.get(row)?.cells(resolution, radius)?))
    }))
}

/// Cells that a polygon is represented by at most.
///
/// # Source
/// Kusto reference, "geo_polygon_to_h3cells()".
const CELLS_MAX: usize = 61_680;

/// Steps along the edges past which a polygon would have too many cells, or none for as much work.
const STEPS_MAX: f64 = 4_000_000.0;

/// A polygon on the plane of longitudes and latitudes, and on the sphere for the radius.
struct Shape {
    /// The ends of all edges; where one spans more than half the Earth, longitudes go on past 180.
    edges: Vec<[(f64, f64); 2]>,
    is_shifted: bool,
    sphere: Polygons,
}

impl Shape {
    fn parse(json: &str) -> Option<Shape> {
        let sphere = Polygons::parse(json)?;
        let coordinates = raw::member(json, "coordinates")?;
        let mut edges = Vec::new();
        super::densify::lists_of_positions(coordinates, &mut |points| {
            edges.extend(points.windows(2).map(|pair| [pair[0], pair[1]]));
        })?;
        let is_shifted = edges.iter().any(|[from, to]| (from.0 - to.0).abs() > 180.0);
        if is_shifted {
            edges.iter_mut().flatten().for_each(|point| point.0 = shifted(point.0));
        }
        Some(Shape { edges, is_shifted, sphere })
    }

    fn contains(&self, (longitude, latitude): (f64, f64)) -> bool {
        let x = if self.is_shifted { shifted(longitude) } else { longitude };
        self.edges.iter().fold(false, |inside, [(x1, y1), (x2, y2)]| {
            inside != ((*y1 > latitude) != (*y2 > latitude) && x < (x2 - x1) * (latitude - y1) / (y2 - y1) + x1)
        })
    }

    /// Returns the cells of a resolution in order; `None` when there are too many.
    fn cells(&self, resolution: u8, radius: f64) -> Option<Vec<CellIndex>> {
        let resolution = Resolution::try_from(resolution).ok()?;
        let is_part = |cell: &CellIndex| {
            let place = h3::degrees(LatLng::from(*cell));
            let is_near = || {
                radius > 0.0
                    && super::geo::point(place.0, place.1).is_some_and(|point| self.sphere.distance(point) <= radius)
            };
            self.contains(place) || is_near()
        };
        // Cells are found from those along the edges inward: each of them has a way of neighbours to an edge.
        let step = resolution.edge_length_km() / 4.0 / 111.2;
        let steps = |[from, to]: &[(f64, f64); 2]| ((to.0 - from.0).hypot(to.1 - from.1) / step).ceil().max(1.0);
        if self.edges.iter().map(steps).sum::<f64>() > STEPS_MAX {
            return None;
        }
        let mut seen: HashSet<CellIndex> = HashSet::new();
        let mut found: Vec<CellIndex> = Vec::new();
        let mut add = |cell: CellIndex, found: &mut Vec<CellIndex>| {
            if seen.insert(cell) && is_part(&cell) {
                found.push(cell);
            }
        };
        let mut last = None;
        for edge in &self.edges {
            let [from, to] = edge;
            let steps = steps(edge);
            for i in 0..steps as u32 {
                let part = f64::from(i) / steps;
                let place = LatLng::new(from.1 + (to.1 - from.1) * part, from.0 + (to.0 - from.0) * part).ok()?;
                let cell = place.to_cell(resolution);
                if last.replace(cell) != Some(cell) {
                    cell.grid_disk::<Vec<_>>(1).into_iter().for_each(|near| add(near, &mut found));
                }
            }
        }
        let mut next = 0;
        while let Some(cell) = found.get(next).copied() {
            if found.len() > CELLS_MAX {
                return None;
            }
            cell.grid_disk::<Vec<_>>(1).into_iter().for_each(|near| add(near, &mut found));
            next += 1;
        }
        found.sort_unstable();
        Some(found)
    }
}

fn shifted(longitude: f64) -> f64 {
    if longitude < 0.0 { longitude + 360.0 } else { longitude }
}
