//! Writes rows of comma-separated text.

/// Appends a row. A cell with a comma, a quote or a line break is quoted.
pub fn write_row(out: &mut String, cells: &[&str]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_where_needed() {
        let mut out = String::new();
        super::write_row(&mut out, &["a", "b,c", "say \"x\"", ""]);
        assert_eq!(out, "a,\"b,c\",\"say \"\"x\"\"\",\r\n");
    }
}
