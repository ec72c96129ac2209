//! A data collection rule: its document, and what it says.
//!
//! # Source
//! Azure Monitor documentation, "Structure of a data collection rule"; REST reference, "Data Collection Rules".

use std::collections::BTreeMap;

use schema::{Column, KqlType};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::RuleError;
use crate::stream::{is_builtin, table_of};

/// Characters of a column's name at most.
const COLUMN_NAME_MAX: usize = 45;
/// Names that columns of streams may not have, in any case.
const RESERVED: [&str; 7] =
    ["type", "tenantid", "resource", "resourceid", "resourcename", "resourcetype", "subscriptionid"];

/// One way of records through a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    pub streams: Vec<String>,
    /// Names of destinations.
    pub destinations: Vec<String>,
    pub transform: Option<String>,
    /// The stream that comes out, which names the table; the one that goes in by default.
    pub output: Option<String>,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The resource's name, the last part of its id.
    pub name: String,
    /// The resource's id, as it was given.
    pub id: String,
    /// `dcr-` and 32 hexadecimal digits.
    pub immutable_id: String,
    /// Declared streams with their columns.
    pub streams: BTreeMap<String, Vec<Column>>,
    /// What names each destination's workspace.
    pub destinations: BTreeMap<String, String>,
    pub flows: Vec<Flow>,
    /// The resource as it was sent.
    document: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    stream_declarations: Option<BTreeMap<String, Declaration>>,
    #[serde(default)]
    destinations: Option<Map<String, Value>>,
    #[serde(default)]
    data_flows: Option<Vec<WireFlow>>,
}

#[derive(Deserialize)]
struct Declaration {
    #[serde(default)]
    columns: Vec<WireColumn>,
}

#[derive(Deserialize)]
struct WireColumn {
    name: String,
    #[serde(rename = "type")]
    ktype: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireFlow {
    #[serde(default)]
    streams: Vec<String>,
    #[serde(default)]
    destinations: Vec<String>,
    transform_kql: Option<String>,
    output_stream: Option<String>,
    built_in_transform: Option<String>,
    capture_overflow: Option<bool>,
}

/// Returns the id of a rule's resource.
pub fn resource_id(subscription: &str, group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Insights/dataCollectionRules/{name}"
    )
}

impl Rule {
    /// Reads a rule's document, as it is sent to be saved or was saved. It need not say its immutable id, which is `immutable_id` then.
    ///
    /// # Errors
    /// What of it is wrong, as far as that can be told from the document alone.
    pub fn parse(id: &str, document: &[u8], immutable_id: &str) -> Result<Rule, RuleError> {
        let malformed = |error: serde_json::Error| RuleError::Malformed(error.to_string());
        let mut document: Map<String, Value> = serde_json::from_slice(document).map_err(malformed)?;
        let Some(Value::Object(properties)) = document.get_mut("properties") else {
            return Err(RuleError::Malformed("there are no `properties`".to_string()));
        };
        let said = properties.get("immutableId").and_then(Value::as_str).filter(|said| !said.is_empty());
        let immutable_id = said.unwrap_or(immutable_id).to_string();
        if !is_immutable_id(&immutable_id) {
            return Err(RuleError::ImmutableId { id: immutable_id });
        }
        properties.insert("immutableId".to_string(), json!(immutable_id));
        let Properties { stream_declarations, destinations, data_flows } =
            serde_json::from_value(Value::Object(properties.clone())).map_err(malformed)?;
        let mut streams = BTreeMap::new();
        for (stream, declaration) in stream_declarations.unwrap_or_default() {
            streams.insert(stream.clone(), columns(&stream, declaration)?);
        }
        let destinations = workspaces(destinations.unwrap_or_default())?;
        let mut flows = Vec::new();
        for flow in data_flows.unwrap_or_default() {
            flows.push(read_flow(flow, &streams, &destinations)?);
        }
        if flows.is_empty() {
            return Err(RuleError::NoFlow);
        }
        let name = id.rsplit('/').next().unwrap_or_default().to_string();
        Ok(Rule { name, id: id.to_string(), immutable_id, streams, destinations, flows, document })
    }

    /// Returns the columns of a stream, declared or one of Azure's.
    pub fn columns(&self, stream: &str) -> Option<Vec<Column>> {
        let declared = self.streams.get(stream).cloned();
        declared.or_else(|| {
            let table = table_of(stream).filter(|_| is_builtin(stream))?;
            schema::tables::builtin(table).map(|table| table.columns.clone())
        })
    }

    /// Returns the flows that take a stream.
    pub fn flows_of<'a>(&'a self, stream: &'a str) -> impl Iterator<Item = &'a Flow> {
        self.flows.iter().filter(move |flow| flow.streams.iter().any(|taken| taken == stream))
    }

    /// Returns the resource as Azure's resource manager shows it. `ingestion` is the address that takes its logs.
    pub fn to_json(&self, ingestion: Option<&str>) -> Value {
        let mut document = self.document.clone();
        for (name, value) in [
            ("id", json!(self.id)),
            ("name", json!(self.name)),
            ("type", json!("Microsoft.Insights/dataCollectionRules")),
        ] {
            document.insert(name.to_string(), value);
        }
        if let Some(Value::Object(properties)) = document.get_mut("properties") {
            properties.insert("provisioningState".to_string(), json!("Succeeded"));
            if let Some(address) = ingestion {
                properties.insert("endpoints".to_string(), json!({ "logsIngestion": address }));
            }
        }
        Value::Object(document)
    }

    /// Returns the document as it is kept.
    pub(crate) fn to_kept(&self) -> String {
        json!({ "id": self.id, "rule": self.document }).to_string()
    }
}

/// Returns whether a text is `dcr-` and 32 hexadecimal digits.
pub(crate) fn is_immutable_id(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("dcr-").is_some_and(|digits| digits.len() == 32 && digits.bytes().all(is_digit))
}

fn columns(stream: &str, declaration: Declaration) -> Result<Vec<Column>, RuleError> {
    if table_of(stream).is_none() {
        return Err(RuleError::StreamName { name: stream.to_string() });
    }
    let mut columns: Vec<Column> = Vec::new();
    for WireColumn { name, ktype } in declaration.columns {
        let (stream, column) = (stream.to_string(), name.clone());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_plain);
        if !is_name || name.len() > COLUMN_NAME_MAX {
            return Err(RuleError::ColumnName { stream, column });
        }
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(RuleError::ReservedColumn { stream, column });
        }
        if columns.iter().any(|before| before.name == name) {
            return Err(RuleError::ColumnTwice { stream, column });
        }
        let ktype = match ktype.to_ascii_lowercase().as_str() {
            "string" => KqlType::String,
            "int" => KqlType::Int,
            "long" => KqlType::Long,
            "real" => KqlType::Real,
            "boolean" | "bool" => KqlType::Bool,
            "datetime" => KqlType::Datetime,
            "dynamic" => KqlType::Dynamic,
            _ => return Err(RuleError::ColumnType { stream, column, ktype }),
        };
        columns.push(Column::new(name, ktype));
    }
    Ok(columns)
}

/// Returns what names each destination's workspace.
fn workspaces(destinations: Map<String, Value>) -> Result<BTreeMap<String, String>, RuleError> {
    let mut found = BTreeMap::new();
    for (kind, value) in destinations {
        let entries = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if kind != "logAnalytics" {
            let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if is_empty {
                continue;
            }
            return Err(RuleError::Unsupported { what: format!("destinations.{kind}") });
        }
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            let (Some(name), Some(workspace)) =
                (text("name"), text("workspaceResourceId").or_else(|| text("workspaceId")))
            else {
                return Err(RuleError::Malformed("a destination has `name` and `workspaceResourceId`".to_string()));
            };
            found.insert(name.to_string(), workspace.to_string());
        }
    }
    Ok(found)
}

fn read_flow(
    flow: WireFlow,
    streams: &BTreeMap<String, Vec<Column>>,
    destinations: &BTreeMap<String, String>,
) -> Result<Flow, RuleError> {
    let WireFlow {
        streams: taken,
        destinations: given,
        transform_kql,
        output_stream,
        built_in_transform,
        capture_overflow,
    } = flow;
    if taken.is_empty() || given.is_empty() {
        return Err(RuleError::Malformed("a data flow has `streams` and `destinations`".to_string()));
    }
    if let Some(name) = built_in_transform {
        return Err(RuleError::Unsupported { what: format!("builtInTransform {name}") });
    }
    if capture_overflow == Some(true) {
        return Err(RuleError::Unsupported { what: "captureOverflow".to_string() });
    }
    for stream in &taken {
        if !streams.contains_key(stream) && !is_builtin(stream) {
            return Err(RuleError::UnknownStream { stream: stream.clone() });
        }
    }
    if let Some(name) = given.iter().find(|name| !destinations.contains_key(*name)) {
        return Err(RuleError::UnknownDestination { name: name.clone() });
    }
    if let Some(name) = output_stream.as_ref().filter(|output| table_of(output).is_none()) {
        return Err(RuleError::StreamName { name: name.clone() });
    }
    let transform = transform_kql.filter(|text| !matches!(text.trim(), "" | "source"));
    Ok(Flow { streams: taken, destinations: given, transform, output: output_stream })
}
