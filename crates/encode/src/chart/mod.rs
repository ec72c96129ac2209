//! Charts as plain text, for what `render` asks for: results in, lines of text out, no colours and no cursor movement.
//!
//! | `render` | drawn as |
//! |---|---|
//! | timechart, linechart, anomalychart, scatterchart | dots of braille, a panel for each series |
//! | areachart, stackedareachart | filled blocks, a panel for each series |
//! | barchart, columnchart | bars from left to right |
//! | piechart | bars with their shares |
//! | card | the first row's values |
//!
//! Other kinds, and results that lack the columns a chart needs, are not drawn: the caller shows the table.

mod axis;
mod bars;
mod data;
mod panels;

use crate::{EncodeError, ResultTable, Visualization};

/// Draws a result within `width` columns of a terminal; `None` when it is better shown as a table.
///
/// # Errors
/// `Batch` when an array is not of its column's type.
pub fn draw(table: &ResultTable, visualization: &Visualization, width: usize) -> Result<Option<String>, EncodeError> {
    let width = width.clamp(40, 400);
    let body = match visualization.chart.as_str() {
        "timechart" | "linechart" | "anomalychart" => {
            panels::draw(&data::series(table, visualization)?, visualization, panels::Style::Line, width)
        }
        "scatterchart" => panels::draw(&data::series(table, visualization)?, visualization, panels::Style::Dots, width),
        "areachart" | "stackedareachart" => {
            panels::draw(&data::series(table, visualization)?, visualization, panels::Style::Area, width)
        }
        "barchart" | "columnchart" => bars::draw(&data::categories(table, visualization)?, width),
        "piechart" => bars::draw_shares(&data::categories(table, visualization)?, width),
        "card" => card(table)?,
        _ => None,
    };
    Ok(body.map(|body| match &visualization.title {
        Some(title) if !title.is_empty() => {
            format!("{}\n\n{body}", crate::table::truncate(&crate::table::shown(title), width))
        }
        _ => body,
    }))
}

/// Shows the first row's values under the names of their columns.
fn card(table: &ResultTable) -> Result<Option<String>, EncodeError> {
    let Some(batch) = table.batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
    let mut out = String::new();
    for (values, column) in crate::value::Values::of_batch(batch, &table.columns)?.iter().zip(&table.columns) {
        let mut value = String::new();
        values.write_shown(0, &mut value);
        out.push_str(&format!("{}\n  {}\n", crate::table::shown(&column.name), crate::table::shown(&value)));
    }
    Ok(Some(out))
}
