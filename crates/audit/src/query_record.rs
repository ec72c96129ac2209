//! The record of one query.

use schema::{Dynamic, Value};

/// What a record says about its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// The answer is long and begins to leave; a [`RecordKind::Query`] of the same correlation id follows.
    Begun,
    /// The query has ended.
    Query,
}

impl RecordKind {
    /// Returns the kind's name.
    pub fn name(self) -> &'static str {
        match self {
            RecordKind::Begun => "QueryBegun",
            RecordKind::Query => "Query",
        }
    }
}

/// What is known of a query when its record is written. What is not known is `None` or empty.
///
/// # Source
/// Azure Monitor tables reference, "LAQueryLogs".
#[derive(Debug, Clone, PartialEq)]
pub struct QueryRecord {
    pub kind: RecordKind,
    /// When the request came, in ticks.
    pub received: i64,
    /// Id of the token that asked; empty when nobody was let in.
    pub principal_id: String,
    /// Name of the token that asked.
    pub principal_name: String,
    /// The request's own id, a guid.
    pub correlation_id: String,
    pub query: String,
    /// The workspace that was asked.
    pub workspace: String,
    /// The program that asks, as it calls itself.
    pub client_app: String,
    /// The endpoint.
    pub target: String,
    /// What else the request says of itself: JSON members such as the client's request id and address.
    pub context: Vec<(String, String)>,
    /// The HTTP status of the answer.
    pub response_code: u16,
    pub response_rows: Option<u64>,
    pub duration_ms: Option<f64>,
    pub scanned_bytes: Option<u64>,
}

/// Bytes of a scanned gigabyte, which Azure counts in powers of ten.
const GIGABYTE: f64 = 1e9;

impl QueryRecord {
    /// Returns the columns of `LAQueryLogs` that the record fills, with their values, in the table's order.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &str| Value::String(text.to_string());
        let members = self.context.iter().map(|(name, value)| (name.clone(), Dynamic::String(value.clone())));
        let real = |value: Option<f64>| value.map_or(Value::null(schema::KqlType::Real), Value::Real);
        // More rows than the column holds are its largest number.
        let rows = |rows: u64| Value::Int(i32::try_from(rows).unwrap_or(i32::MAX));
        vec![
            ("TimeGenerated", Value::Datetime(self.received)),
            ("AADClientId", text(&self.principal_id)),
            ("AADEmail", text(&self.principal_name)),
            ("AADObjectId", text(&self.principal_id)),
            ("CorrelationId", text(&self.correlation_id)),
            ("QueryText", text(&self.query)),
            ("RecordKind", text(self.kind.name())),
            ("RequestClientApp", text(&self.client_app)),
            ("RequestContext", Value::Dynamic(Dynamic::Bag(members.collect()))),
            ("RequestTarget", text(&self.target)),
            ("ResponseCode", Value::Int(i32::from(self.response_code))),
            ("ResponseDurationMs", real(self.duration_ms)),
            ("ResponseRowCount", self.response_rows.map_or(Value::null(schema::KqlType::Int), rows)),
            ("ScannedGB", real(self.scanned_bytes.map(|bytes| bytes as f64 / GIGABYTE))),
            ("StatsWorkspaceCount", Value::Int(1)),
            ("Type", text("LAQueryLogs")),
            ("_ResourceId", text(&self.workspace)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> QueryRecord {
        QueryRecord {
            kind: RecordKind::Query,
            received: 1,
            principal_id: "t1".into(),
            principal_name: "ci".into(),
            correlation_id: "c".into(),
            query: "T | take 1".into(),
            workspace: "prod".into(),
            client_app: "app".into(),
            target: "/v2/rest/query".into(),
            context: vec![("ClientRequestId".into(), "a\"b".into())],
            response_code: 200,
            response_rows: Some(u64::MAX),
            duration_ms: Some(1.5),
            scanned_bytes: Some(2_000_000_000),
        }
    }

    #[test]
    fn every_column_is_one_of_the_table_in_order_and_of_its_type() {
        let table = schema::tables::builtin("LAQueryLogs").unwrap_or_else(|| panic!("no table"));
        let unknown = QueryRecord { response_rows: None, duration_ms: None, scanned_bytes: None, ..record() };
        for record in [record(), unknown] {
            let mut columns = table.columns.iter();
            for (name, value) in record.values() {
                let column = columns.find(|column| column.name == name);
                let column = column.unwrap_or_else(|| panic!("{name} is no column, or out of order"));
                assert_eq!(value.ktype(), column.ktype, "{name}");
            }
        }
    }

    #[test]
    fn values_are_those_of_the_record() {
        let values = record().values();
        let value = |name: &str| values.iter().find(|(found, _)| *found == name).map(|(_, value)| value.to_text());
        assert_eq!(value("RequestContext").as_deref(), Some("{\"ClientRequestId\":\"a\\\"b\"}"));
        assert_eq!(value("ResponseRowCount").as_deref(), Some("2147483647"));
        assert_eq!(value("ScannedGB").as_deref(), Some("2.0"));
        assert_eq!(value("RecordKind").as_deref(), Some("Query"));
    }
}
