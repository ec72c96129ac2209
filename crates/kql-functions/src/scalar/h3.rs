//! Cells of the H3 system.

use super::prelude::*;
use h3o::{CellIndex, LatLng, Resolution};

/// The smallest cells' resolution.
pub const RESOLUTION_MAX: u8 = 15;

/// Reads a cell's token, 15 or 16 hexadecimal digits.
pub fn cell(token: &str) -> Option<CellIndex> {
    token.parse().ok()
}

/// Returns the cell of a resolution that holds a point.
pub fn cell_of(longitude: f64, latitude: f64, resolution: u8) -> Option<CellIndex> {
    super::geo::point(longitude, latitude)?;
    Some(LatLng::new(latitude, longitude).ok()?.to_cell(Resolution::try_from(resolution).ok()?))
}

/// Returns longitude and latitude in degrees.
pub fn degrees(place: LatLng) -> (f64, f64) {
    (place.lng(), place.lat())
}

/// Returns tokens as an array.
pub fn tokens(cells: impl IntoIterator<Item = CellIndex>) -> Dynamic {
    super::geojson::strings(cells.into_iter().map(|cell| cell.to_string()))
}

/// Returns the cells at each distance from a cell, up to one.
pub fn rings(cell: CellIndex, distance: u32) -> Vec<Vec<CellIndex>> {
    let mut rings = vec![Vec::new(); distance as usize + 1];
    for (cell, distance) in cell.grid_disk_distances::<Vec<_>>(distance) {
        if let Some(ring) = rings.get_mut(distance as usize) {
            ring.push(cell);
        }
    }
    rings
}
