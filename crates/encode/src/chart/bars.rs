//! Bars from left to right, plain and with shares.

use super::axis::full;
use super::data::Categories;
use crate::table::{shown, truncate};
use unicode_width::UnicodeWidthStr;

/// Bars drawn at most; what is left out is counted.
const BARS_MAX: usize = 60;
/// Slices of a pie drawn by themselves; smaller ones are drawn together.
const SLICES_MAX: usize = 12;
/// Parts of a block character, from one eighth to seven.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// Draws bars; where a category has several, under its label.
pub(crate) fn draw(categories: &Option<Categories>, width: usize) -> Option<String> {
    let categories = categories.as_ref()?;
    let is_grouped = categories.names.len() > 1;
    let longest = categories.rows.iter().flat_map(|(_, values)| values).flatten().map(|v| v.abs()).fold(0.0, f64::max);
    let mut lines: Vec<(String, Option<Option<f64>>)> = Vec::new();
    let mut left_out = 0;
    for (label, values) in &categories.rows {
        if lines.len() + values.len() > BARS_MAX && !lines.is_empty() {
            left_out += 1;
            continue;
        }
        if !is_grouped {
            lines.push((shown(label).into_owned(), Some(values.first().copied().flatten())));
            continue;
        }
        lines.push((shown(label).into_owned(), None));
        for (name, value) in categories.names.iter().zip(values).filter(|(_, value)| value.is_some()) {
            lines.push((format!("  {}", shown(name)), Some(*value)));
        }
    }
    let label_width = lines.iter().map(|(label, _)| label.width()).max().unwrap_or(0).min(width / 3);
    let texts = lines.iter().filter_map(|(_, value)| value.as_ref());
    let text_width = texts.map(|value| value.map_or(4, |v| full(v).width())).max().unwrap_or(0);
    let room = width.saturating_sub(label_width + text_width + 3).max(1);
    let mut out = String::new();
    for (label, value) in lines {
        let Some(value) = value else {
            out.push_str(&truncate(&label, width));
            out.push('\n');
            continue;
        };
        out.push_str(&padded(&label, label_width));
        out.push_str("  ");
        if let Some(value) = value {
            let bar = bar(value.abs() / longest, room);
            // A bar to the other side is drawn lighter.
            out.push_str(&if value < 0.0 { bar.replace('█', "░") } else { bar.clone() });
            if !bar.is_empty() {
                out.push(' ');
            }
            out.push_str(&full(value));
        } else {
            out.push_str("null");
        }
        out.push('\n');
    }
    if left_out > 0 {
        out.push_str(&format!("… {left_out} more\n"));
    }
    Some(out)
}

/// Draws the shares of a whole, the greatest first.
pub(crate) fn draw_shares(categories: &Option<Categories>, width: usize) -> Option<String> {
    let categories = categories.as_ref()?;
    let mut slices: Vec<(String, f64)> = Vec::new();
    for (label, values) in &categories.rows {
        let value = values.iter().flatten().filter(|v| v.is_finite() && **v > 0.0).fold(0.0, |sum, v| sum + v);
        match slices.iter_mut().find(|(l, _)| l == label) {
            Some(slice) => slice.1 += value,
            None => slices.push((label.clone(), value)),
        }
    }
    slices.sort_by(|a, b| b.1.total_cmp(&a.1));
    let total: f64 = slices.iter().map(|(_, value)| value).sum();
    if slices.len() > SLICES_MAX {
        let rest = slices.split_off(SLICES_MAX - 1);
        slices.push((format!("{} others", rest.len()), rest.iter().map(|(_, value)| value).sum()));
    }
    let label_width = slices.iter().map(|(label, _)| shown(label).width()).max()?.min(width / 3);
    let text_width = slices.iter().map(|(_, value)| full(*value).width()).max()?;
    let room = width.saturating_sub(label_width + text_width + 13).max(1);
    let mut out = String::new();
    for (label, value) in slices {
        let share = if total > 0.0 { value / total } else { 0.0 };
        let bar = bar(share, room);
        let blanks = " ".repeat(room.saturating_sub(bar.chars().count()));
        let text = full(value);
        out.push_str(&format!(
            "{}  {bar}{blanks}  {:>5.1} %  {text:>text_width$}\n",
            padded(&shown(&label), label_width),
            share * 100.0
        ));
    }
    Some(out)
}

/// Returns a bar that fills a part of the room, to an eighth of a character.
fn bar(part: f64, room: usize) -> String {
    if !part.is_finite() || part <= 0.0 {
        return String::new();
    }
    let eighths = ((part.min(1.0) * room as f64 * 8.0).round() as usize).max(1);
    let mut bar = "█".repeat(eighths / 8);
    if let Some(last) = (eighths % 8).checked_sub(1) {
        bar.push(EIGHTHS[last]);
    }
    bar
}

fn padded(label: &str, width: usize) -> String {
    let label = truncate(label, width);
    let blanks = " ".repeat(width.saturating_sub(label.width()));
    format!("{label}{blanks}")
}
