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
    /// Erase and destroy records.
    Purge,
}

/// A role, named as in Azure.
///
/// # Source
/// Azure built-in roles: "Owner", "Log Analytics Contributor", "Log Analytics Reader", "Monitoring Metrics Publisher", "Data Purger".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Owner,
    LogAnalyticsContributor,
    LogAnalyticsReader,
    MonitoringMetricsPublisher,
    DataPurger,
}

impl Role {
    /// Every role, from the most powerful down.
    pub const ALL: [Role; 5] = [
        Role::Owner,
        Role::LogAnalyticsContributor,
        Role::LogAnalyticsReader,
        Role::MonitoringMetricsPublisher,
        Role::DataPurger,
    ];

    /// Returns the role's name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "Owner",
            Role::LogAnalyticsContributor => "Log Analytics Contributor",
            Role::LogAnalyticsReader => "Log Analytics Reader",
            Role::MonitoringMetricsPublisher => "Monitoring Metrics Publisher",
            Role::DataPurger => "Data Purger",
        }
    }

    /// Returns the role of a name, in any case.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Returns what the role allows.
    pub fn actions(self) -> &'static [Action] {
        match self {
            Role::Owner => &[Action::Read, Action::Ingest, Action::Manage, Action::Purge],
            Role::LogAnalyticsContributor => &[Action::Read, Action::Manage],
            Role::LogAnalyticsReader => &[Action::Read],
            Role::MonitoringMetricsPublisher => &[Action::Ingest],
            Role::DataPurger => &[Action::Read, Action::Purge],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_allows_what_it_is_for_and_nothing_else() {
        let all = [Action::Read, Action::Ingest, Action::Manage, Action::Purge];
        let allowed = |role: Role| all.map(|action| role.actions().contains(&action));
        assert_eq!(allowed(Role::Owner), [true; 4]);
        assert_eq!(allowed(Role::LogAnalyticsContributor), [true, false, true, false]);
        assert_eq!(allowed(Role::LogAnalyticsReader), [true, false, false, false]);
        assert_eq!(allowed(Role::MonitoringMetricsPublisher), [false, true, false, false]);
        assert_eq!(allowed(Role::DataPurger), [true, false, false, true]);
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(&role.name().to_lowercase()), Some(role));
        }
        assert_eq!(Role::from_name("Reader"), None);
    }
}
