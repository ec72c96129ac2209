//! What Graph calls the columns of the directory's tables, and rows of them as Graph's objects: the way back from what `sources` makes
//! of them.
//!
//! # Source
//! Microsoft Graph v1.0 reference, "directoryAudit resource type", "signIn resource type"; beta for what v1.0 lacks.

use serde_json::{Map, Value, json};

use crate::row::{Row, structured, time_of_graph};

/// Of what kind a property is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Time,
    Bool,
    Int,
    Object,
    List,
    /// What kind of event the row's table is of: a list of one.
    Event,
}

/// A property.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub column: &'static str,
    /// The column that stands in where the first is empty.
    pub or: Option<&'static str>,
    pub kind: Kind,
    /// Whether every object has it, if only as null.
    pub is_always: bool,
}

impl Field {
    const fn new(name: &'static str, column: &'static str, kind: Kind) -> Field {
        Field { name, column, or: None, kind, is_always: true }
    }

    const fn or(self, column: &'static str) -> Field {
        Field { or: Some(column), ..self }
    }

    /// A property that objects have where there is something in it.
    const fn rare(name: &'static str, column: &'static str, kind: Kind) -> Field {
        Field { name, column, or: None, kind, is_always: false }
    }

    /// Returns the property in KQL. Every table of a resource has the column, be it by [`Resource::rows`].
    pub fn kql(&self) -> String {
        match (self.kind, self.or) {
            (Kind::Time, Some(or)) => format!("coalesce({}, {or})", self.column),
            (_, Some(or)) => format!("iff(isempty({}), {or}, {})", self.column, self.column),
            (Kind::Int, None) => format!("tolong({})", self.column),
            _ => self.column.to_string(),
        }
    }

    /// Returns a property that is a list or an object, whichever type its column has.
    pub fn dynamic(&self) -> String {
        format!("parse_json(tostring({}))", self.column)
    }
}

/// Returns the property of a name.
pub(crate) fn find(fields: &'static [Field], name: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.name == name)
}

/// What a kind of objects is made of.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Its name in addresses.
    pub name: &'static str,
    /// The property by which objects are ordered, the newest first.
    pub time: &'static str,
    /// Its tables, and what kind of event each is of. Without a filter about that only the first is read.
    pub tables: &'static [(&'static str, &'static str)],
    pub fields: &'static [Field],
}

/// What the directory changed.
pub(crate) const DIRECTORY_AUDIT: Resource = Resource {
    name: "directoryAudits",
    time: "activityDateTime",
    tables: &[("AuditLogs", "")],
    fields: &[
        Field::new("id", "Id", Kind::Text),
        Field::new("category", "Category", Kind::Text),
        Field::new("correlationId", "CorrelationId", Kind::Text),
        Field::new("result", "Result", Kind::Text),
        Field::new("resultReason", "ResultReason", Kind::Text),
        Field::new("activityDisplayName", "ActivityDisplayName", Kind::Text).or("OperationName"),
        Field::new("activityDateTime", "ActivityDateTime", Kind::Time).or("TimeGenerated"),
        Field::new("loggedByService", "LoggedByService", Kind::Text),
        Field::new("operationType", "AADOperationType", Kind::Text),
        Field::new("initiatedBy", "InitiatedBy", Kind::Object),
        Field::new("targetResources", "TargetResources", Kind::List),
        Field::new("additionalDetails", "AdditionalDetails", Kind::List),
    ],
};

/// Who signed in.
pub(crate) const SIGN_IN: Resource = Resource {
    name: "signIns",
    time: "createdDateTime",
    tables: &[
        ("SigninLogs", "interactiveUser"),
        ("AADNonInteractiveUserSignInLogs", "nonInteractiveUser"),
        ("AADServicePrincipalSignInLogs", "servicePrincipal"),
        ("AADManagedIdentitySignInLogs", "managedIdentity"),
    ],
    fields: &[
        Field::new("id", "Id", Kind::Text),
        Field::new("createdDateTime", "CreatedDateTime", Kind::Time).or("TimeGenerated"),
        Field::new("userDisplayName", "UserDisplayName", Kind::Text),
        Field::new("userPrincipalName", "UserPrincipalName", Kind::Text),
        Field::new("userId", "UserId", Kind::Text),
        Field::new("appId", "AppId", Kind::Text),
        Field::new("appDisplayName", "AppDisplayName", Kind::Text),
        Field::new("ipAddress", "IPAddress", Kind::Text),
        Field::new("clientAppUsed", "ClientAppUsed", Kind::Text),
        Field::new("correlationId", "CorrelationId", Kind::Text),
        Field::new("conditionalAccessStatus", "ConditionalAccessStatus", Kind::Text),
        Field::new("isInteractive", "IsInteractive", Kind::Bool),
        Field::new("riskDetail", "RiskDetail", Kind::Text),
        Field::new("riskLevelAggregated", "RiskLevelAggregated", Kind::Text),
        Field::new("riskLevelDuringSignIn", "RiskLevelDuringSignIn", Kind::Text),
        Field::new("riskState", "RiskState", Kind::Text),
        Field::new("riskEventTypes", "RiskEventTypes", Kind::List),
        Field::new("riskEventTypes_v2", "RiskEventTypes_V2", Kind::List),
        Field::new("resourceDisplayName", "ResourceDisplayName", Kind::Text),
        Field::new("resourceId", "ResourceIdentity", Kind::Text),
        Field::new("status", "Status", Kind::Object),
        Field::new("deviceDetail", "DeviceDetail", Kind::Object),
        Field::new("location", "LocationDetails", Kind::Object),
        Field::new("appliedConditionalAccessPolicies", "ConditionalAccessPolicies", Kind::List),
        Field::rare("alternateSignInName", "AlternateSignInName", Kind::Text),
        Field::rare("authenticationDetails", "AuthenticationDetails", Kind::List),
        Field::rare("authenticationMethodsUsed", "AuthenticationMethodsUsed", Kind::List),
        Field::rare("authenticationProcessingDetails", "AuthenticationProcessingDetails", Kind::List),
        Field::rare("authenticationProtocol", "AuthenticationProtocol", Kind::Text),
        Field::rare("authenticationRequirement", "AuthenticationRequirement", Kind::Text),
        Field::rare("authenticationRequirementPolicies", "AuthenticationRequirementPolicies", Kind::List),
        Field::rare("autonomousSystemNumber", "AutonomousSystemNumber", Kind::Int),
        Field::rare("clientCredentialType", "ClientCredentialType", Kind::Text),
        Field::rare("crossTenantAccessType", "CrossTenantAccessType", Kind::Text),
        Field::rare("homeTenantId", "HomeTenantId", Kind::Text),
        Field::rare("homeTenantName", "HomeTenantName", Kind::Text),
        Field::rare("incomingTokenType", "IncomingTokenType", Kind::Text),
        Field::rare("mfaDetail", "MfaDetail", Kind::Object),
        Field::rare("networkLocationDetails", "NetworkLocationDetails", Kind::List),
        Field::rare("originalRequestId", "OriginalRequestId", Kind::Text),
        Field::rare("processingTimeInMilliseconds", "ProcessingTimeInMilliseconds", Kind::Int),
        Field::rare("resourceServicePrincipalId", "ResourceServicePrincipalId", Kind::Text),
        Field::rare("resourceTenantId", "ResourceTenantId", Kind::Text),
        Field::rare("servicePrincipalId", "ServicePrincipalId", Kind::Text),
        Field::rare("servicePrincipalName", "ServicePrincipalName", Kind::Text),
        Field::rare("sessionId", "SessionId", Kind::Text),
        Field::rare("sessionLifetimePolicies", "SessionLifetimePolicies", Kind::List),
        Field::rare("signInEventTypes", "", Kind::Event),
        Field::rare("signInIdentifier", "SignInIdentifier", Kind::Text),
        Field::rare("signInIdentifierType", "SignInIdentifierType", Kind::Text),
        Field::rare("tokenIssuerName", "TokenIssuerName", Kind::Text),
        Field::rare("tokenIssuerType", "TokenIssuerType", Kind::Text),
        Field::rare("uniqueTokenIdentifier", "UniqueTokenIdentifier", Kind::Text),
        Field::rare("userAgent", "UserAgent", Kind::Text),
        Field::rare("userType", "UserType", Kind::Text),
    ],
};

impl Resource {
    /// Returns the query for the rows of one of its tables, in which every column of its properties is, of a type that fits.
    pub fn rows(&self, table: &str) -> String {
        let known = schema::tables::builtin(table).map(|table| table.columns.as_slice()).unwrap_or_default();
        let is_known = |column: &str| known.iter().any(|of| of.name == column);
        let missing = self.fields.iter().filter(|field| !field.column.is_empty() && !is_known(field.column));
        let nothing = |field: &Field| match field.kind {
            Kind::Time => "datetime(null)",
            Kind::Bool => "bool(null)",
            _ => "\"\"",
        };
        let missing = missing.map(|of| format!("{0} = column_ifexists(\"{0}\", {1})", of.column, nothing(of)));
        let mut missing: Vec<String> = missing.collect();
        missing.push(crate::feed::PLACES.to_string());
        format!("{table} | extend {}", missing.join(", "))
    }

    /// Returns what is ordered by, in KQL.
    pub fn time_kql(&self) -> String {
        find(self.fields, self.time).map_or("TimeGenerated".to_string(), Field::kql)
    }

    /// Returns a row as an object.
    pub fn object(&self, row: &Row, event: &str, with_events: bool) -> Map<String, Value> {
        let mut object = Map::new();
        for field in self.fields {
            let value = match field.kind {
                Kind::Event => with_events.then(|| json!([event])),
                _ => value_of(field, row),
            };
            match value {
                Some(value) => drop(object.insert(field.name.to_string(), value)),
                None if field.is_always => drop(object.insert(field.name.to_string(), empty(field.kind))),
                None => {}
            }
        }
        complete(&mut object, row);
        for (name, value) in row.bag() {
            // What Graph gave and no column holds; what the export's envelope said begins otherwise.
            if name.starts_with(|c: char| c.is_ascii_lowercase()) && name != "callerIpAddress" {
                object.entry(name).or_insert(value);
            }
        }
        object
    }
}

fn value_of(field: &Field, row: &Row) -> Option<Value> {
    let column = |name: &str| row.get(name).map(|_| name.to_string());
    let column = column(field.column).or_else(|| column(field.or?))?;
    let value = row.get(&column)?;
    match field.kind {
        Kind::Time => row.time(&column).map(|instant| json!(time_of_graph(instant))),
        Kind::Int => row.number(&column).map(|number| json!(number)),
        Kind::Bool => value.as_bool().map(|truth| json!(truth)),
        Kind::Object | Kind::List => Some(structured(value)),
        Kind::Text => row.text(&column).map(|text| json!(text)),
        Kind::Event => None,
    }
}

fn empty(kind: Kind) -> Value {
    match kind {
        Kind::List => json!([]),
        Kind::Bool => json!(false),
        _ => Value::Null,
    }
}

/// Adds what a row says elsewhere than in the columns of the properties.
fn complete(object: &mut Map<String, Value>, row: &Row) {
    if let Some(initiator) = object.get_mut("initiatedBy") {
        if initiator.is_null() {
            *initiator = json!({});
        }
        if let Value::Object(initiator) = initiator {
            for who in ["user", "app"] {
                initiator.entry(who).or_insert(Value::Null);
            }
        }
    }
    if object.get("status").is_some_and(Value::is_null) {
        let status = json!({
            "errorCode": row.number("ResultType").unwrap_or(0),
            "failureReason": row.text("ResultDescription"),
            "additionalDetails": null,
        });
        object.insert("status".to_string(), status);
    }
    if object.get("resourceId").is_some_and(Value::is_null) {
        // Of a directory's export it is the address of the directory itself.
        let own = row.text("ResourceId").filter(|id| !id.starts_with('/'));
        let passed = || row.bag().get("ResourceId_original")?.as_str().map(str::to_string);
        if let Some(id) = own.or_else(passed) {
            object.insert("resourceId".to_string(), json!(id));
        }
    }
}
