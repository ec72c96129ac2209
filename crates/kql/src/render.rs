//! What `render` asks a client to draw.

/// A visualization and its properties, carried to the client unchanged.
///
/// # Source
/// Kusto reference, "render operator".
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Render {
    /// `timechart`, `barchart`, `table`, ...
    pub visualization: String,
    /// Properties of `with (...)` as written: name and value (lists joined by commas).
    pub properties: Vec<(String, String)>,
}
