//! Roles and what they allow.

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Ask queries.
    Read,
    /// Hand in records.
    Ingest,
    /// Change what is kept and who may use it.
    Manage,
}

/// A role, named as in Azure.
///
/// # Source
/// Azure built-in roles: "Owner", "Log Analytics Contributor", "Log Analytics Reader", "Monitoring Metrics Publisher".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Owner,
    LogAnalyticsContributor,
    LogAnalyticsReader,
    MonitoringMetricsPublisher,
}

impl Role {
    /// Every role, from the most powerful down.
    pub const ALL: [Role; 4] =
        [Role::Owner, Role::LogAnalyticsContributor, Role::LogAnalyticsReader, Role::MonitoringMetricsPublisher];

    /// Returns the role's name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "Owner",
            Role::LogAnalyticsContributor => "Log Analytics Contributor",
            Role::LogAnalyticsReader => "Log Analytics Reader",
            Role::MonitoringMetricsPublisher => "Monitoring Metrics Publisher",
        }
    }

    /// Returns the role of a name, in any case.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Returns what the role allows.
    pub fn actions(self) -> &'static [Action] {
        match self {
            Role::Owner => &[Action::Read, Action::Ingest, Action::Manage],
            Role::LogAnalyticsContributor => &[Action::Read, Action::Manage],
            Role::LogAnalyticsReader => &[Action::Read],
            Role::MonitoringMetricsPublisher => &[Action::Ingest],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_allows_what_it_is_for_and_nothing_else() {
        let allowed =
            |role: Role| [Action::Read, Action::Ingest, Action::Manage].map(|action| role.actions().contains(&action));
        assert_eq!(allowed(Role::Owner), [true, true, true]);
        assert_eq!(allowed(Role::LogAnalyticsContributor), [true, false, true]);
        assert_eq!(allowed(Role::LogAnalyticsReader), [true, false, false]);
        assert_eq!(allowed(Role::MonitoringMetricsPublisher), [false, true, false]);
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(&role.name().to_lowercase()), Some(role));
        }
        assert_eq!(Role::from_name("Reader"), None);
    }
}
