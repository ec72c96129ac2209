//! A record of a table that is being written, and what it has of its resource and scope.

use schema::ticks;

use super::attributes::Attributes;
use super::read::Row;
use super::value::{Object, ValueError, json_of, json_text, number_text, ticks_of};
use super::wire::{EntityRef, KeyValue, Resource, Scope};

/// What resource attributes a role may be named after where the service has no name of its own.
const ROLES: [&str; 6] = [
    "k8s.deployment.name",
    "k8s.replicaset.name",
    "k8s.statefulset.name",
    "k8s.job.name",
    "k8s.cronjob.name",
    "k8s.daemonset.name",
];

/// What all records of a scope have in common.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Columns with their values as JSON.
    columns: Vec<(&'static str, String)>,
    /// Properties with their values as JSON, and what they are called where a record has one of its name.
    properties: Vec<(String, String, String)>,
}

impl Context {
    pub fn of_resource(resource: &Resource, schema_url: &str) -> Result<Context, ValueError> {
        let mut context = Context::default();
        let of = Attributes(&resource.attributes);
        let instance = of.text(&["service.instance.id", "k8s.pod.name", "host.name"]);
        let columns = [
            ("AppRoleName", role(of)),
            ("AppRoleInstance", instance),
            ("AppVersion", of.text(&["service.version"])),
            ("ClientModel", of.text(&["device.model.name"])),
            ("_ResourceId", of.text(&["cloud.resource_id"]).filter(|id| id.starts_with('/'))),
        ];
        for (column, value) in columns {
            context.columns.extend(value.map(|value| (column, json_text(&value))));
        }
        context.attributes(&resource.attributes, "", "resource.")?;
        context.property("otel.resource.schema_url", schema_url);
        context.count("otel.resource.dropped_attributes_count", resource.dropped_attributes_count);
        if !resource.entity_refs.is_empty() {
            let entities: Vec<serde_json::Value> = resource.entity_refs.iter().map(entity).collect();
            context.properties.push(named("otel.entity_refs", serde_json::Value::from(entities).to_string()));
        }
        Ok(context)
    }

    /// Returns the same with what is said of a scope.
    pub fn with_scope(&self, scope: &Scope, schema_url: &str) -> Result<Context, ValueError> {
        let mut context = self.clone();
        context.property("otel.scope.name", &scope.name);
        context.property("otel.scope.version", &scope.version);
        context.attributes(&scope.attributes, "otel.scope.", "otel.scope.attribute.")?;
        context.property("otel.scope.schema_url", schema_url);
        context.count("otel.scope.dropped_attributes_count", scope.dropped_attributes_count);
        Ok(context)
    }

    /// Returns how many bytes it adds to a record, about.
    pub fn size(&self) -> usize {
        let properties = self.properties.iter().map(|(name, json, _)| name.len() + json.len());
        properties.sum::<usize>() + self.columns.iter().map(|(_, json)| json.len()).sum::<usize>()
    }

    fn attributes(&mut self, attributes: &[KeyValue], prefix: &str, otherwise: &str) -> Result<(), ValueError> {
        for attribute in attributes {
            let name = |prefix: &str| format!("{prefix}{}", attribute.key);
            self.properties.push((name(prefix), json_of(attribute.value.as_ref())?, name(otherwise)));
        }
        Ok(())
    }

    fn property(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.properties.push(named(name, json_text(text)));
        }
    }

    fn count(&mut self, name: &str, count: u32) {
        if count > 0 {
            self.properties.push(named(name, count.to_string()));
        }
    }
}

fn named(name: &str, json: String) -> (String, String, String) {
    (name.to_string(), json, name.to_string())
}

fn entity(of: &EntityRef) -> serde_json::Value {
    serde_json::json!({
        "type": of.kind, "id_keys": of.id_keys, "description_keys": of.description_keys, "schema_url": of.schema_url,
    })
}

/// Returns what Application Insights calls a role: the service, with its namespace.
fn role(of: Attributes<'_>) -> Option<String> {
    let service = of.text(&["service.name"]);
    let namespace = of.text(&["service.namespace"]);
    let named = service.as_ref().map(|service| match &namespace {
        Some(namespace) => format!("{namespace}.{service}"),
        None => service.clone(),
    });
    match service {
        Some(service) if !service.starts_with("unknown_service") => named,
        _ => of.text(&ROLES).or(named),
    }
}

/// A record that is being written.
pub struct Record {
    text: String,
    pub properties: Object,
}

impl Record {
    /// Begins a record of the first of some times that there is, in nanoseconds since 1970, or else of when it came, in ticks. What a
    /// time has beyond a tick is kept beside.
    pub fn new(times: &[u64], arrival: i64) -> Record {
        let time = times.iter().copied().find(|nanos| *nanos > 0);
        let mut text = "{\"TimeGenerated\":\"".to_string();
        ticks::write_datetime(&mut text, time.map_or(arrival, ticks_of));
        text.push('"');
        let mut record = Record { text, properties: Object::new() };
        if let Some(nanos) = time.filter(|nanos| nanos % 100 != 0) {
            record.properties.time("otel.time", nanos);
        }
        record
    }

    pub fn json(&mut self, column: &str, json: &str) {
        self.text.push_str(",\"");
        self.text.push_str(column);
        self.text.push_str("\":");
        self.text.push_str(json);
    }

    /// Sets a column to a text, unless it is empty.
    pub fn text(&mut self, column: &str, text: &str) {
        if !text.is_empty() {
            self.json(column, &json_text(text));
        }
    }

    pub fn maybe(&mut self, column: &str, text: Option<String>) {
        self.text(column, &text.unwrap_or_default());
    }

    pub fn number(&mut self, column: &str, number: f64) {
        self.json(column, &number_text(number));
    }

    /// Adds what its resource and scope say, and returns the record as one of a table.
    pub fn finish(mut self, table: &'static str, context: &Context) -> Row {
        self.text("Type", table);
        for (column, json) in &context.columns {
            self.json(column, json);
        }
        for (name, json, otherwise) in &context.properties {
            let name = if self.properties.has(name) { otherwise } else { name };
            self.properties.member(name, json);
        }
        let Record { mut text, properties } = self;
        if !properties.is_empty() {
            text.push_str(",\"Properties\":");
            text.push_str(&properties.finish());
        }
        text.push('}');
        Row { table, text }
    }
}
