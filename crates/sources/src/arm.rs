//! Names of Azure resources, and the columns that Azure Monitor makes of them.

use crate::row::Row;

/// The parts of a resource id, `/subscriptions/{s}/resourceGroups/{g}/providers/{namespace}/{type}/{name}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourceId<'a> {
    pub id: &'a str,
    pub subscription: &'a str,
    pub group: &'a str,
    pub provider: &'a str,
    /// The types below the namespace, as in `servers/databases`.
    pub kind: String,
    pub name: &'a str,
    /// The names of the resources around it, outermost first, its own last.
    pub names: Vec<&'a str>,
}

impl<'a> ResourceId<'a> {
    /// Reads an id; parts that it lacks are empty.
    pub fn of(id: &'a str) -> ResourceId<'a> {
        let mut found = ResourceId { id, ..ResourceId::default() };
        let parts: Vec<&str> = id.split('/').filter(|part| !part.is_empty()).collect();
        let after = |word: &str| {
            let place = parts.iter().rposition(|part| part.eq_ignore_ascii_case(word))?;
            parts.get(place + 1).copied()
        };
        found.subscription = after("subscriptions").unwrap_or("");
        found.group = after("resourceGroups").unwrap_or("");
        let Some(place) = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers")) else { return found };
        found.provider = parts.get(place + 1).copied().unwrap_or("");
        let mut kinds = Vec::new();
        for pair in parts.get(place + 2..).unwrap_or(&[]).chunks(2) {
            kinds.extend(pair.first().copied());
            found.names.extend(pair.get(1).copied());
        }
        found.kind = kinds.join("/");
        found.name = found.names.last().copied().unwrap_or("");
        found
    }

    /// Sets the columns that every resource log has.
    pub fn put(&self, row: &mut Row) {
        row.text("_ResourceId", &self.id.to_ascii_lowercase());
        row.text("_SubscriptionId", &self.subscription.to_ascii_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_parts() {
        let id = ResourceId::of("/subscriptions/S/resourceGroups/G/providers/Microsoft.Sql/servers/A/databases/B");
        assert_eq!(
            (id.subscription, id.group, id.provider, id.kind.as_str()),
            ("S", "G", "Microsoft.Sql", "servers/databases")
        );
        assert_eq!((id.name, id.names), ("B", vec!["A", "B"]));
        assert_eq!(ResourceId::of("/tenants/T/providers/Microsoft.aadiam").provider, "Microsoft.aadiam");
        assert_eq!(ResourceId::of("").name, "");
    }
}
