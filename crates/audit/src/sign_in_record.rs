//! The record of an application that signs in, or tries to.

use schema::{Dynamic, Value};

/// What is known of a sign-in when its record is written.
///
/// # Source
/// Azure Monitor tables reference, "AADServicePrincipalSignInLogs".
#[derive(Debug, Clone, PartialEq)]
pub struct SignInRecord {
    /// When, in ticks.
    pub time: i64,
    /// The id that was given, which need not be that of an application.
    pub application: String,
    /// From where.
    pub address: String,
    /// The program that asks, as it calls itself.
    pub user_agent: String,
    /// That of the answer, a guid.
    pub correlation_id: String,
    /// Why there is no token: the number and the text that the client gets.
    pub error: Option<(u32, String)>,
}

impl SignInRecord {
    /// Returns the columns of `AADServicePrincipalSignInLogs` that the record fills, with their values, in the table's order.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &str| Value::String(text.to_string());
        let (code, description) = match &self.error {
            Some((code, description)) => (code.to_string(), description.as_str()),
            None => ("0".to_string(), ""),
        };
        let signature = if self.error.is_none() { "SUCCESS" } else { "FAILURE" };
        vec![
            ("TimeGenerated", Value::Datetime(self.time)),
            ("AppId", text(&self.application)),
            ("Category", text("ServicePrincipalSignInLogs")),
            ("ClientCredentialType", text("clientSecret")),
            ("CorrelationId", text(&self.correlation_id)),
            ("CreatedDateTime", Value::Datetime(self.time)),
            ("Id", text(&self.correlation_id)),
            ("IPAddress", text(&self.address)),
            ("Level", text(if self.error.is_none() { "Informational" } else { "Warning" })),
            ("OperationName", text("Sign-in activity")),
            ("ResultDescription", text(description)),
            ("ResultSignature", text(signature)),
            ("ResultType", text(&code)),
            ("ServicePrincipalId", text(&self.application)),
            ("ServicePrincipalName", text(&self.application)),
            ("UserAgent", text(&self.user_agent)),
            ("Type", text("AADServicePrincipalSignInLogs")),
        ]
    }

    /// Returns the record as a line of JSON, as the table takes it.
    pub fn to_json(&self) -> String {
        let members = self.values().into_iter();
        Dynamic::Bag(members.map(|(name, value)| (name.to_string(), value.to_dynamic())).collect()).to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_one_of_the_table_in_order_and_of_its_type() {
        let table = schema::tables::builtin("AADServicePrincipalSignInLogs").unwrap_or_else(|| panic!("no table"));
        let record = SignInRecord {
            time: 1,
            application: "exporter".into(),
            address: "203.0.113.7".into(),
            user_agent: "curl".into(),
            correlation_id: "c".into(),
            error: Some((7_000_215, "wrong".into())),
        };
        let mut columns = table.columns.iter();
        for (name, value) in record.values() {
            let column = columns.find(|column| column.name == name);
            let column = column.unwrap_or_else(|| panic!("{name} is no column, or out of order"));
            assert_eq!(value.ktype(), column.ktype, "{name}");
        }
        assert!(record.to_json().contains(r#""ResultType":"7000215""#));
    }
}
