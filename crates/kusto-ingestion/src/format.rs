//! The formats that records are handed in as, and the kinds of mappings that go with them.
//!
//! # Source
//! Kusto reference, "Data formats supported for ingestion" and "Ingestion mappings".

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataFormat {
    /// Cells separated by commas, quoted as in RFC 4180.
    Csv,
    /// Tabs between the cells.
    Tsv,
    /// Tabs between the cells, backslashes before what is meant as it stands.
    Tsve,
    /// Semicolons between the cells.
    Scsv,
    /// The character 1 between the cells.
    Sohsv,
    /// `|` between the cells.
    Psv,
    /// A line is a record of one cell.
    Txt,
    /// The whole body is one record of one cell.
    Raw,
    /// Objects, one a line.
    Json,
    /// One object.
    SingleJson,
    /// An array of objects, or objects one after the other.
    MultiJson,
    Avro,
    ApacheAvro,
    Parquet,
    Orc,
    /// W3C's extended log format.
    W3cLogFile,
}

/// A kind of mapping; a name of a mapping belongs to a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MappingKind {
    Csv,
    Json,
    Avro,
    ApacheAvro,
    Parquet,
    Orc,
    W3cLogFile,
}

/// Formats by the names that clients send, in lower case.
const FORMATS: [(&str, DataFormat); 17] = [
    ("csv", DataFormat::Csv),
    ("tsv", DataFormat::Tsv),
    ("tsve", DataFormat::Tsve),
    ("scsv", DataFormat::Scsv),
    ("sohsv", DataFormat::Sohsv),
    ("psv", DataFormat::Psv),
    ("txt", DataFormat::Txt),
    ("raw", DataFormat::Raw),
    ("json", DataFormat::Json),
    ("singlejson", DataFormat::SingleJson),
    ("multijson", DataFormat::MultiJson),
    ("avro", DataFormat::Avro),
    ("apacheavro", DataFormat::ApacheAvro),
    ("parquet", DataFormat::Parquet),
    ("orc", DataFormat::Orc),
    ("w3clogfile", DataFormat::W3cLogFile),
    ("w3clog", DataFormat::W3cLogFile),
];

impl DataFormat {
    /// Returns the format of a name, in any case.
    pub fn from_name(name: &str) -> Option<DataFormat> {
        FORMATS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim())).map(|(_, format)| format)
    }

    /// Returns the format's name as clients send it.
    pub fn name(self) -> &'static str {
        FORMATS.into_iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Returns the names of all formats.
    pub fn names() -> Vec<&'static str> {
        FORMATS.map(|(_, format)| format.name()).into_iter().take(FORMATS.len() - 1).collect()
    }

    /// Returns whether its records are text.
    pub fn is_text(self) -> bool {
        !matches!(self, DataFormat::Avro | DataFormat::ApacheAvro | DataFormat::Parquet | DataFormat::Orc)
    }

    /// Returns the kind of mapping that goes with the format.
    pub fn mapping_kind(self) -> MappingKind {
        match self {
            DataFormat::Csv
            | DataFormat::Tsv
            | DataFormat::Tsve
            | DataFormat::Scsv
            | DataFormat::Sohsv
            | DataFormat::Psv
            | DataFormat::Txt
            | DataFormat::Raw => MappingKind::Csv,
            DataFormat::Json | DataFormat::SingleJson | DataFormat::MultiJson => MappingKind::Json,
            DataFormat::Avro => MappingKind::Avro,
            DataFormat::ApacheAvro => MappingKind::ApacheAvro,
            DataFormat::Parquet => MappingKind::Parquet,
            DataFormat::Orc => MappingKind::Orc,
            DataFormat::W3cLogFile => MappingKind::W3cLogFile,
        }
    }
}

impl MappingKind {
    /// Every kind.
    pub const ALL: [MappingKind; 7] = [
        MappingKind::Csv,
        MappingKind::Json,
        MappingKind::Avro,
        MappingKind::ApacheAvro,
        MappingKind::Parquet,
        MappingKind::Orc,
        MappingKind::W3cLogFile,
    ];

    /// Returns the kind's name as commands spell it.
    pub fn name(self) -> &'static str {
        match self {
            MappingKind::Csv => "csv",
            MappingKind::Json => "json",
            MappingKind::Avro => "avro",
            MappingKind::ApacheAvro => "apacheavro",
            MappingKind::Parquet => "parquet",
            MappingKind::Orc => "orc",
            MappingKind::W3cLogFile => "w3clogfile",
        }
    }

    /// Returns the kind's name as answers spell it.
    pub fn shown(self) -> &'static str {
        match self {
            MappingKind::Csv => "Csv",
            MappingKind::Json => "Json",
            MappingKind::Avro => "Avro",
            MappingKind::ApacheAvro => "ApacheAvro",
            MappingKind::Parquet => "Parquet",
            MappingKind::Orc => "Orc",
            MappingKind::W3cLogFile => "W3CLogFile",
        }
    }

    /// Returns the kind of a name, in any case.
    pub fn from_name(name: &str) -> Option<MappingKind> {
        MappingKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name_in_any_case() {
        for name in DataFormat::names() {
            let format = DataFormat::from_name(&name.to_uppercase()).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(format.name(), name);
        }
        assert_eq!(DataFormat::names().len(), 16);
        assert_eq!(DataFormat::from_name("sstream"), None);
        for kind in MappingKind::ALL {
            assert_eq!(MappingKind::from_name(kind.name()), Some(kind));
        }
    }
}
