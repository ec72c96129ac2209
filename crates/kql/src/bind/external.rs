//! Files that the query names: `externaldata`, `inline_external_table`.

use super::{Binder, Relation, Row};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::operators::externaldata::Externaldata;
use crate::operators::inline_external_table::InlineExternalTable;
use crate::plan::{Expr, ExternalFiles, ExternalFormat, Field, Node, Plan};
use crate::syntax::ast::{self, ExprKind, OperatorOption};
use schema::{Column, Dynamic, KqlType, Value};

/// Formats of Kusto that are not read.
const OTHER_FORMATS: [&str; 6] = ["avro", "apacheavro", "orc", "tsve", "sohsv", "w3clogfile"];
/// What `inline_external_table` calls its formats, all of them.
const INLINE_FORMATS: [&str; 7] = ["parquet", "avro", "csv", "tsv", "json", "orc", "txt"];
/// Functions that may give a partition column.
const PARTITION_FUNCTIONS: [&str; 6] = ["hash", "bin", "startofday", "startofweek", "startofmonth", "startofyear"];
/// Columns of delimited text that a mapping may reach.
const ORDINAL_MAX: usize = 4096;

impl Binder<'_> {
    /// Rows of files that the query names.
    pub fn external_data(&mut self, operator: &Externaldata, span: Span) -> Relation {
        let columns = self.declared_columns(&operator.schema);
        let uris = self.uris(&operator.uris);
        let mut files = ExternalFiles::default();
        let mut mapping = None;
        for property in &operator.properties {
            let Some(value) = self.property_value(property) else { continue };
            match (property.name.text.to_ascii_lowercase().as_str(), &value) {
                ("format", Value::String(text)) => {
                    files.format = self.external_format(text, property.value.span);
                }
                ("ignorefirstrecord", value) => files.skip_first = is_true(value),
                ("ingestionmapping", Value::String(text)) => mapping = Some((text.clone(), property.value.span)),
                ("ingestionmappingreference", _) => {
                    let message = "`ingestionMappingReference` names what a cluster keeps: write the mapping itself";
                    self.report(Diagnostic::unsupported("VQ012", property.name.span, message));
                }
                // Kusto disregards properties that it does not know.
                _ => {}
            }
        }
        let Some(uris) = uris else { return self.no_files(columns) };
        if !self.may_read(&uris, span) {
            return self.no_files(columns);
        }
        files.paths = uris.into_iter().map(|uri| local_path(&uri)).collect();
        match mapping {
            Some((text, span)) => self.mapped(columns, files, &text, span),
            None => self.read_files(columns, files),
        }
    }

    /// A table over files that the query declares.
    pub fn inline_external_table(&mut self, table: &InlineExternalTable, span: Span) -> Relation {
        let mut columns = table.schema.as_ref().map(|schema| self.declared_columns(schema)).unwrap_or_default();
        let is_open = table.schema.is_none();
        let mut virtual_columns = false;
        if table.delta {
            self.check_delta(table);
        } else {
            virtual_columns = self.check_partitions(table, &mut columns);
            if let Some((format, span)) = &table.format
                && !INLINE_FORMATS.contains(&format.text.as_str())
            {
                let message = format!("`{}` is no format of an external table", format.text);
                let diagnostic = Diagnostic::semantic("KS267", *span, message);
                self.report(match nearest(&format.text, INLINE_FORMATS) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("the formats are {}", INLINE_FORMATS.join(", "))),
                });
            }
        }
        let mut files = ExternalFiles::default();
        for property in &table.properties {
            let Some(value) = self.property_value(property) else { continue };
            match (property.name.text.to_ascii_lowercase().as_str(), value) {
                ("includeheaders", Value::String(text)) if text.eq_ignore_ascii_case("all") => files.skip_first = true,
                ("includeheaders", Value::String(text)) if text.eq_ignore_ascii_case("firstfile") => {
                    let message = "headers in the first file only are not supported";
                    self.report(Diagnostic::unsupported("VQ012", property.value.span, message));
                }
                ("nameprefix", Value::String(text)) => files.prefix = text,
                ("fileextension", Value::String(text)) => files.suffix = text,
                _ => {}
            }
        }
        let uris = self.uris(&table.uris);
        let open = |relation: Relation| Relation { open: is_open, ..relation };
        let Some(uris) = uris else { return open(self.no_files(columns)) };
        if !self.may_read(&uris, span) {
            return open(self.no_files(columns));
        }
        if table.delta || virtual_columns {
            let what = if table.delta { "Delta tables are" } else { "columns that only paths tell are" };
            if !self.has_errors() {
                self.report(Diagnostic::unsupported("VQ001", span, format!("{what} not supported yet")));
            }
            return open(self.no_files(columns));
        }
        if let Some((format, span)) = &table.format {
            files.format = self.external_format(&format.text, *span);
        }
        files.paths = uris.into_iter().map(|uri| local_path(&uri)).collect();
        self.read_files(columns, files)
    }

    fn check_delta(&mut self, table: &InlineExternalTable) {
        let mut refuse = |code, span: Option<Span>, what: &str| {
            if let Some(span) = span {
                self.report(Diagnostic::semantic(code, span, format!("a Delta table {what}")));
            }
        };
        refuse("KS270", table.partitions.as_ref().map(|(_, span)| *span), "says by itself how it is partitioned");
        refuse("KS271", table.path_format.as_ref().map(|(_, span)| *span), "says by itself where its files are");
        refuse("KS269", table.format.as_ref().map(|(_, span)| *span), "says by itself how its files are written");
        let many = (table.uris.len() > 1).then_some(table.uris_span);
        refuse("KS272", many, "has exactly one root");
    }

    /// Checks the partition columns and the path format; adds the columns that only paths tell, and returns whether
    /// there are any.
    fn check_partitions(&mut self, table: &InlineExternalTable, columns: &mut Vec<Field>) -> bool {
        let row = Row { columns: columns.clone(), ..Row::default() };
        let mut names: Vec<&str> = Vec::new();
        let mut virtual_columns = false;
        for column in table.partitions.iter().flat_map(|(columns, _)| columns) {
            let name = column.name.text.as_str();
            if names.contains(&name) || (column.value.is_none() && columns.iter().any(|field| field.name == name)) {
                let message = format!("the column `{name}` is declared twice");
                self.report(Diagnostic::semantic("KS171", column.name.span, message));
                break;
            }
            names.push(name);
            if !matches!(column.ktype, KqlType::String | KqlType::Datetime | KqlType::Long) {
                let message = format!("files cannot be partitioned by the type {}", column.ktype);
                let help = "the types are string, datetime and long";
                self.report(Diagnostic::semantic("KS258", column.span, message).help(help));
                break;
            }
            let Some(value) = &column.value else {
                if column.ktype == KqlType::Long {
                    let message = "a column that only paths tell must be a string or a datetime";
                    self.report(Diagnostic::semantic("KS266", column.span, message));
                    break;
                }
                virtual_columns = true;
                columns.push(self.new_field(name, column.ktype));
                continue;
            };
            let bound = self.bind_scalar(value, &row);
            if bound.ktype() != column.ktype && !self.is_unknown(&bound) {
                let message = format!("the expression must have the type {}", column.ktype);
                self.report(Diagnostic::semantic("KS141", value.span, message));
            }
            if let ExprKind::Call { name, .. } = &value.kind
                && !PARTITION_FUNCTIONS.contains(&name.text.as_str())
            {
                let message = format!("files cannot be partitioned by `{}`", name.text);
                let help = format!("the functions are {}", PARTITION_FUNCTIONS.join(", "));
                self.report(Diagnostic::semantic("KS259", column.span, message).help(help));
            }
        }
        if let Some((parts, span)) = &table.path_format {
            for name in names {
                let mut used = parts.iter().filter(|part| part.name.text == name);
                if parts.iter().all(|part| part.name.text != name) {
                    let message = format!("the partition column `{name}` is missing in the path format");
                    self.report(Diagnostic::semantic("KS264", *span, message));
                } else if used.clone().any(|part| part.pattern) && used.any(|part| !part.pattern) {
                    let message = format!("the partition column `{name}` is written in two ways");
                    self.report(Diagnostic::semantic("KS265", *span, message));
                }
            }
        }
        virtual_columns
    }

    fn declared_columns(&mut self, schema: &ast::SchemaType) -> Vec<Field> {
        let mut columns: Vec<Field> = Vec::new();
        for column in &schema.columns {
            if columns.iter().any(|field| field.name == column.name.text) {
                let message = format!("the column `{}` is declared twice", column.name.text);
                self.report(Diagnostic::semantic("KS171", column.name.span, message));
                continue;
            }
            columns.push(self.new_field(column.name.text.clone(), column.ktype));
        }
        columns
    }

    /// Returns the texts of connection strings; `None` when one is not known.
    fn uris(&mut self, uris: &[ast::Expr]) -> Option<Vec<String>> {
        let mut texts = Vec::with_capacity(uris.len());
        for uri in uris {
            match self.bind_literal(uri) {
                Some(Value::String(text)) => texts.push(text),
                Some(other) => texts.push(other.to_text()),
                None => {}
            }
        }
        (texts.len() == uris.len()).then_some(texts)
    }

    /// A property's value; a bare word stands for its text.
    fn property_value(&mut self, property: &OperatorOption) -> Option<Value> {
        match &property.value.kind {
            ExprKind::Name(name) => Some(Value::String(name.text.clone())),
            _ => self.bind_literal(&property.value),
        }
    }

    fn external_format(&mut self, name: &str, span: Span) -> Option<ExternalFormat> {
        let format = ExternalFormat::from_name(name);
        if format.is_none() {
            let what = if OTHER_FORMATS.contains(&name.to_ascii_lowercase().as_str()) {
                format!("the format `{name}` is not supported")
            } else {
                format!("there is no format `{name}`")
            };
            let help = "formats that are read: csv, tsv, psv, scsv, json, multijson, parquet, txt, raw";
            self.report(Diagnostic::unsupported("VQ012", span, what).help(help));
        }
        format
    }

    /// Returns whether these files may be read; reports it when they may not.
    fn may_read(&mut self, uris: &[String], span: Span) -> bool {
        if let Some(uri) = uris.iter().find(|uri| is_remote(uri)) {
            let message = format!("`{}` is not on this machine, and queries send no requests", shown(uri));
            let help = "download it and name the file";
            self.report(Diagnostic::unsupported("VQ012", span, message).help(help));
            return false;
        }
        if !self.env.catalog.reads_files() {
            // What is wrong with the text says more.
            if !self.has_errors() {
                self.report(Diagnostic::unsupported("VQ012", span, "queries may not name files here"));
            }
            return false;
        }
        true
    }

    fn no_files(&self, columns: Vec<Field>) -> Relation {
        Relation::new(Plan { node: Node::Values { rows: vec![] }, columns })
    }

    fn read_files(&self, columns: Vec<Field>, mut files: ExternalFiles) -> Relation {
        files.columns = columns.iter().map(|field| Column::new(field.name.clone(), field.ktype)).collect();
        Relation::new(Plan { node: Node::External { files }, columns })
    }

    /// Reads what a mapping names, and makes the declared columns of it.
    ///
    /// # Source
    /// Kusto reference, "Ingestion mappings".
    fn mapped(&mut self, columns: Vec<Field>, files: ExternalFiles, mapping: &str, span: Span) -> Relation {
        let sources = match sources(&columns, mapping) {
            Ok(sources) => sources,
            Err(message) => {
                self.report(Diagnostic::semantic("VQ014", span, message));
                return self.no_files(columns);
            }
        };
        let width = sources.iter().map(|source| if let Source::Cell(i) = source { i + 1 } else { 0 }).max();
        let mut read: Vec<Field> =
            (1..=width.unwrap_or(0)).map(|i| self.new_field(format!("Column{i}"), KqlType::String)).collect();
        for (column, source) in columns.iter().zip(&sources) {
            let Source::Member(name, path) = source else { continue };
            // A member that one column takes whole has that column's type right away.
            let ktype = if path.is_empty() { column.ktype } else { KqlType::Dynamic };
            match read.iter_mut().find(|field| field.name == *name) {
                Some(field) if field.ktype != ktype => field.ktype = KqlType::Dynamic,
                Some(_) => {}
                None => read.push(self.new_field(name.clone(), ktype)),
            }
        }
        let mut exprs = Vec::with_capacity(columns.len());
        for (column, source) in columns.iter().zip(sources) {
            let (field, path) = match source {
                Source::Constant(text) => (Err(Value::String(text)), Vec::new()),
                Source::Cell(i) => (read.get(i).ok_or(Value::null(column.ktype)), Vec::new()),
                Source::Member(name, path) => {
                    (read.iter().find(|field| field.name == name).ok_or(Value::null(column.ktype)), path)
                }
                Source::Nothing => (Err(Value::null(column.ktype)), Vec::new()),
            };
            let value = field.map_or_else(Expr::Literal, Expr::column);
            let value = path
                .into_iter()
                .fold(value, |value, key| Expr::call("[]", vec![value, Expr::Literal(key)], KqlType::Dynamic));
            exprs.push(self.convert(value, column.ktype));
        }
        let input = self.read_files(read, files);
        Relation::new(Plan { node: Node::Project { input: Box::new(input.plan), exprs }, columns })
    }
}

/// Where a mapping takes a column from.
#[derive(Debug, PartialEq)]
enum Source {
    /// The mapping does not name the column.
    Nothing,
    Constant(String),
    /// A cell of delimited text.
    Cell(usize),
    /// A member of the object, and the keys below it.
    Member(String, Vec<Value>),
}

/// Reads a mapping: for each column, where it comes from.
fn sources(columns: &[Field], mapping: &str) -> Result<Vec<Source>, String> {
    let Some(Dynamic::Array(entries)) = Dynamic::parse(mapping) else {
        return Err("the mapping is no JSON array".to_string());
    };
    let sources: Vec<Source> =
        columns.iter().map(|column| source_of(&entries, &column.name)).collect::<Result<_, _>>()?;
    let has_cells = sources.iter().any(|source| matches!(source, Source::Cell(_)));
    if has_cells && sources.iter().any(|source| matches!(source, Source::Member(..))) {
        return Err("the mapping names both cells by `Ordinal` and members by `Path`".to_string());
    }
    Ok(sources)
}

/// Finds a column's entry in a mapping. Entries have their properties in a bag of their own, or, in the older form,
/// beside the column's name.
fn source_of(entries: &[Dynamic], column: &str) -> Result<Source, String> {
    let named = |entry: &&Dynamic| text(entry, "column").or_else(|| text(entry, "name")).as_deref() == Some(column);
    let Some(entry) = entries.iter().find(named) else { return Ok(Source::Nothing) };
    let properties = member(entry, "properties").unwrap_or(entry);
    if text(properties, "transform").is_some_and(|transform| transform != "None") {
        return Err(format!("the mapping of `{column}` has a transformation, which is not supported"));
    }
    if let Some(constant) = text(properties, "constvalue").or_else(|| text(properties, "constantvalue")) {
        return Ok(Source::Constant(constant));
    }
    if let Some(ordinal) = text(properties, "ordinal") {
        let ordinal = ordinal.trim().parse().ok().filter(|ordinal| *ordinal < ORDINAL_MAX);
        return ordinal.map(Source::Cell).ok_or_else(|| format!("the mapping of `{column}` has no right `Ordinal`"));
    }
    let path = text(properties, "path").or_else(|| text(properties, "field"));
    let Some(path) = path else { return Err(format!("the mapping of `{column}` has neither `Path` nor `Ordinal`")) };
    let mut keys = json_path(&path).into_iter().flatten();
    match keys.next() {
        Some(Value::String(name)) => Ok(Source::Member(name, keys.collect())),
        _ => Err(format!("the mapping of `{column}` has a path that is not understood: `{path}`")),
    }
}

/// Returns a member of a bag, whatever the case of its name.
fn member<'d>(bag: &'d Dynamic, name: &str) -> Option<&'d Dynamic> {
    let Dynamic::Bag(members) = bag else { return None };
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text(bag: &Dynamic, name: &str) -> Option<String> {
    match member(bag, name)? {
        Dynamic::String(text) | Dynamic::Number(text) => Some(text.clone()),
        _ => None,
    }
}

/// Splits `$.a.b[0]['c d']` into its keys; a path that does not start with `$` is one name.
fn json_path(path: &str) -> Option<Vec<Value>> {
    let Some(mut rest) = path.trim().strip_prefix('$') else { return Some(vec![Value::String(path.to_string())]) };
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            if name.is_empty() || name == "*" {
                return None;
            }
            keys.push(Value::String(name.to_string()));
            rest = after;
        } else {
            let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = ['\'', '"'].iter().find_map(|q| inside.strip_prefix(*q)?.strip_suffix(*q));
            keys.push(match quoted {
                Some(name) => Value::String(name.to_string()),
                None => Value::Long(inside.trim().parse().ok()?),
            });
            rest = after;
        }
    }
    Some(keys)
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        Value::Long(n) => *n != 0,
        _ => false,
    }
}

/// Returns whether an address names something that is not a file of this machine.
fn is_remote(uri: &str) -> bool {
    match uri.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
            !(rest.starts_with('/') || rest.starts_with("localhost/"))
        }
        Some((scheme, _)) => scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')),
        None => false,
    }
}

/// Returns the path that an address names.
fn local_path(uri: &str) -> String {
    let Some((_, rest)) = uri.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("file")) else {
        return uri.to_string();
    };
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes().iter();
    while let Some(byte) = left.next() {
        let code = (*byte == b'%')
            .then(|| {
                left.as_slice().get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
            })
            .flatten();
        match code {
            Some(code) => {
                bytes.push(code);
                left.nth(1);
            }
            None => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_string())
}

/// Returns an address without what may be secret: the query and the options behind it.
fn shown(uri: &str) -> &str {
    uri.split(['?', ';']).next().unwrap_or(uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ColumnId;

    #[test]
    fn mappings() {
        let field = |name: &str| Field { id: ColumnId(1), name: name.into(), ktype: KqlType::Long };
        let columns = [field("a"), field("b")];
        let read = |mapping: &str| sources(&columns, mapping).map(|sources| format!("{sources:?}"));
        for (mapping, expected) in [
            (r#"[{"Column":"b","Properties":{"Path":"$.x.y"}}]"#, r#"[Nothing, Member("x", [String("y")])]"#),
            (r#"[{"name":"a","Ordinal":"3"},{"name":"b","ConstValue":"k"}]"#, r#"[Cell(3), Constant("k")]"#),
            (r#"[{"Column":"a","Properties":{"Ordinal":0}}]"#, "[Cell(0), Nothing]"),
        ] {
            assert_eq!(read(mapping).as_deref(), Ok(expected), "{mapping}");
        }
        for mapping in [
            "{}",
            r#"[{"Column":"a"}]"#,
            r#"[{"Column":"a","Ordinal":-1}]"#,
            r#"[{"Column":"a","Path":"$"}]"#,
            r#"[{"Column":"a","Path":"$.x","Transform":"SourceLineNumber"}]"#,
            r#"[{"Column":"a","Path":"$.x"},{"Column":"b","Ordinal":1}]"#,
        ] {
            assert!(read(mapping).is_err(), "{mapping}");
        }
    }

    #[test]
    fn addresses() {
        for (uri, expected) in [
            ("data/x.csv", Some("data/x.csv")),
            ("/data/*.csv", Some("/data/*.csv")),
            ("file:///data/a%20b%.csv", Some("/data/a b%.csv")),
            ("FILE://localhost/x%C3%BC", Some("/xü")),
            ("file://server/x", None),
            ("https://example.com/x.csv", None),
            ("abfss://a@b/c", None),
        ] {
            let found = (!is_remote(uri)).then(|| local_path(uri));
            assert_eq!(found.as_deref(), expected, "{uri}");
        }
        assert_eq!(shown("https://a/b.csv?sig=secret"), "https://a/b.csv");
    }

    #[test]
    fn json_paths() {
        let text =
            |path: &str| json_path(path).map(|keys| keys.iter().map(Value::to_text).collect::<Vec<_>>().join("/"));
        for (path, expected) in [
            ("$.a", Some("a")),
            ("$.a.b[2].c", Some("a/b/2/c")),
            ("$['a b'][\"c.d\"]", Some("a b/c.d")),
            ("a", Some("a")),
            ("$", Some("")),
            ("$.a[*]", None),
            ("$..a", None),
            ("$.a[", None),
        ] {
            assert_eq!(text(path).as_deref(), expected, "{path}");
        }
    }
}
