//! What is planted in the logs, for the queries that look for it.

use crate::json::Object;
use schema::dynamic::write_json_string;
use std::path::Path;

/// An incident that is planted in one of the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// The name by which the tour refers to it.
    pub name: &'static str,
    pub table: &'static str,
    pub description: String,
    /// A row that a query must find: columns with their values as text. Counts are those of what was written.
    pub finding: Vec<(&'static str, String)>,
}

impl Planted {
    /// Makes an incident from the text form of its finding's values.
    pub fn new(
        name: &'static str,
        table: &'static str,
        description: String,
        finding: &[(&'static str, &str)],
    ) -> Planted {
        let finding = finding.iter().map(|(column, value)| (*column, (*value).to_string())).collect();
        Planted { name, table, description, finding }
    }
}

/// Writes the incidents as a JSON array, one a line.
pub fn write(path: &Path, planted: &[Planted]) -> std::io::Result<()> {
    let mut out = String::from("[\n");
    for (i, incident) in planted.iter().enumerate() {
        if i > 0 {
            out.push_str(",\n");
        }
        let mut finding = String::new();
        let mut members = Object::open(&mut finding);
        for (column, value) in &incident.finding {
            members.text(column, value);
        }
        members.close();
        out.push_str("{\"name\":");
        write_json_string(&mut out, incident.name);
        out.push_str(",\"table\":");
        write_json_string(&mut out, incident.table);
        out.push_str(",\"description\":");
        write_json_string(&mut out, &incident.description);
        out.push_str(",\"finding\":");
        out.push_str(&finding);
        out.push('}');
    }
    out.push_str("\n]\n");
    std::fs::write(path, out)
}
