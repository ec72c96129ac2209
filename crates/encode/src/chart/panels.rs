//! Lines, dots and areas in panels over one x axis.
//!
//! ```text
//! 172 ┤      ⢀⡠⠤⠒⠊
//!     │   ⡠⠊⠁
//!   0 ┤⣀⠔⠉
//!     └──────────────
//!      10:00   12:00
//! ```

use super::axis::{ends, short};
use super::data::{Lines, Series};
use crate::Visualization;
use crate::table::{shown, truncate};
use unicode_width::UnicodeWidthStr;

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Joined by lines.
    Line,
    Dots,
    /// Filled down to zero.
    Area,
}

/// Panels drawn at most, the series of the greatest values first.
const PANELS_MAX: usize = 8;
/// Rows of characters of a single panel, and of one of several.
const ROWS_ALONE: usize = 12;
const ROWS_AMONG: usize = 5;
/// Parts of a block character, from one eighth of its height to all of it.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws a panel for each series; all have the same x axis, each its own y axis.
pub(crate) fn draw(lines: &Option<Lines>, v: &Visualization, style: Style, width: usize) -> Option<String> {
    let lines = lines.as_ref()?;
    let mut series: Vec<&Series> = lines.series.iter().collect();
    let greatest = |s: &Series| s.points.iter().map(|p| p.1.abs()).fold(0.0, f64::max);
    let left_out = series.len().saturating_sub(PANELS_MAX);
    if left_out > 0 {
        series.sort_by(|a, b| greatest(b).total_cmp(&greatest(a)));
        series.truncate(PANELS_MAX);
    }
    let xs = || series.iter().flat_map(|s| &s.points).map(|p| p.0);
    let (x_min, x_max) = (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max));
    let is_log = v.y_axis.as_deref() == Some("log");
    let rows = if series.len() == 1 { ROWS_ALONE } else { ROWS_AMONG };
    let ranges: Vec<(f64, f64)> = series.iter().map(|s| range(s, v, is_log)).collect();
    let labels: Vec<(String, String)> = ranges.iter().map(|r| (label(r.0, is_log), label(r.1, is_log))).collect();
    let label_width = labels.iter().flat_map(|(a, b)| [a.width(), b.width()]).max()?;
    let columns = width.saturating_sub(label_width + 2).max(10);

    let mut out = String::new();
    for ((series, range), (low, high)) in series.iter().zip(&ranges).zip(&labels) {
        let points: Vec<(f64, f64)> = series
            .points
            .iter()
            .filter(|p| !is_log || p.1 > 0.0)
            .map(|(x, y)| (part(*x, x_min, x_max), part(if is_log { y.log10() } else { *y }, range.0, range.1)))
            .collect();
        let grid = match style {
            Style::Area => area(&points, columns, rows),
            Style::Line => braille(&points, columns, rows, true),
            Style::Dots => braille(&points, columns, rows, false),
        };
        out.push_str(&truncate(&shown(&series.name), width));
        out.push('\n');
        for (i, row) in grid.iter().enumerate() {
            let (label, tick) = match i {
                0 => (high.as_str(), '┤'),
                i if i + 1 == rows => (low.as_str(), '┤'),
                _ => ("", '│'),
            };
            out.push_str(&format!("{label:>label_width$} {tick}{}\n", row.trim_end()));
        }
    }
    let (from, to) = ends(lines.scale, x_min, x_max);
    out.push_str(&format!("{:label_width$} └{}\n", "", "─".repeat(columns)));
    let gap = columns.saturating_sub(from.width() + to.width());
    let axis = if x_min < x_max { format!("{from}{}{to}", " ".repeat(gap)) } else { from };
    out.push_str(&format!("{:label_width$}  {axis}\n", ""));
    if left_out > 0 {
        out.push_str(&format!("… {left_out} more series\n"));
    }
    Some(out)
}

/// Returns the y axis's ends: from zero where no value is below it.
fn range(series: &Series, v: &Visualization, is_log: bool) -> (f64, f64) {
    let ys = || {
        series.points.iter().map(|p| p.1).filter(|y| !is_log || *y > 0.0).map(|y| if is_log { y.log10() } else { y })
    };
    let scaled = |bound: Option<f64>| {
        bound.filter(|b| b.is_finite() && (!is_log || *b > 0.0)).map(|b| if is_log { b.log10() } else { b })
    };
    let low = ys().fold(f64::INFINITY, f64::min);
    let high = ys().fold(f64::NEG_INFINITY, f64::max);
    let low = scaled(v.y_min).unwrap_or(if is_log { low.floor() } else { low.min(0.0) });
    let high = scaled(v.y_max).unwrap_or(high);
    if high > low { (low, high) } else { (low, low + 1.0) }
}

fn label(value: f64, is_log: bool) -> String {
    short(if is_log { 10f64.powf(value) } else { value })
}

/// Returns where a value lies between two ends, from 0 to 1.
fn part(value: f64, from: f64, to: f64) -> f64 {
    if to > from { ((value - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 }
}

/// Draws points, perhaps joined, as dots of braille: two by four to a character.
fn braille(points: &[(f64, f64)], columns: usize, rows: usize, joined: bool) -> Vec<String> {
    let (wide, high) = (columns * 2, rows * 4);
    let mut dots = vec![false; wide * high];
    let place =
        |(x, y): (f64, f64)| ((x * (wide - 1) as f64).round() as i64, ((1.0 - y) * (high - 1) as f64).round() as i64);
    let mut before: Option<(i64, i64)> = None;
    for point in points {
        let (x, y) = place(*point);
        let (from_x, from_y) = before.filter(|_| joined).unwrap_or((x, y));
        let steps = (x - from_x).abs().max((y - from_y).abs()).max(1);
        for step in 0..=steps {
            let at = |from: i64, to: i64| from + ((to - from) as f64 * step as f64 / steps as f64).round() as i64;
            let idx = at(from_y, y) as usize * wide + at(from_x, x) as usize;
            if let Some(dot) = dots.get_mut(idx) {
                *dot = true;
            }
        }
        before = Some((x, y));
    }
    // The bits of a character's dots, by row and column.
    const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let cell = |row: usize, column: usize| -> char {
        let mut bits = 0;
        for (dy, line) in BITS.iter().enumerate() {
            for (dx, bit) in line.iter().enumerate() {
                if dots[(row * 4 + dy) * wide + column * 2 + dx] {
                    bits |= bit;
                }
            }
        }
        if bits == 0 { ' ' } else { char::from_u32(0x2800 + bits).unwrap_or(' ') }
    };
    (0..rows).map(|row| (0..columns).map(|column| cell(row, column)).collect()).collect()
}

/// Fills the area below the points with blocks.
fn area(points: &[(f64, f64)], columns: usize, rows: usize) -> Vec<String> {
    let heights: Vec<usize> = (0..columns)
        .map(|column| {
            let x = if columns > 1 { column as f64 / (columns - 1) as f64 } else { 0.0 };
            (height_at(points, x) * (rows * 8) as f64).round() as usize
        })
        .collect();
    let cell = |row: usize, height: &usize| BLOCKS[height.saturating_sub((rows - 1 - row) * 8).min(8)];
    (0..rows).map(|row| heights.iter().map(|height| cell(row, height)).collect()).collect()
}

/// Returns the height at a place between points, on the line that joins them.
fn height_at(points: &[(f64, f64)], x: f64) -> f64 {
    let after = points.partition_point(|p| p.0 < x);
    match (after.checked_sub(1).and_then(|i| points.get(i)), points.get(after)) {
        (Some(a), Some(b)) if b.0 > a.0 => a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0),
        (_, Some(b)) if b.0 <= x => b.1,
        (None, Some(b)) if points.len() == 1 => b.1,
        (Some(a), None) if a.0 >= x => a.1,
        _ => 0.0,
    }
}
