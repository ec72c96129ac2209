//! What Office 365's audit records call things, and what the tables of Azure Monitor call them: for those who read records, and for
//! those who give them out again.
//!
//! # Source
//! "Office 365 Management Activity API schema": AuditLogRecordType, User Type.

/// Numbers of record types and their names.
pub const RECORD_TYPES: &[(u16, &str)] = &[
    (1, "ExchangeAdmin"),
    (2, "ExchangeItem"),
    (3, "ExchangeItemGroup"),
    (4, "SharePoint"),
    (6, "SharePointFileOperation"),
    (7, "OneDrive"),
    (8, "AzureActiveDirectory"),
    (9, "AzureActiveDirectoryAccountLogon"),
    (10, "DataCenterSecurityCmdlet"),
    (11, "ComplianceDLPSharePoint"),
    (13, "ComplianceDLPExchange"),
    (14, "SharePointSharingOperation"),
    (15, "AzureActiveDirectoryStsLogon"),
    (16, "SkypeForBusinessPSTNUsage"),
    (17, "SkypeForBusinessUsersBlocked"),
    (18, "SecurityComplianceCenterEOPCmdlet"),
    (19, "ExchangeAggregatedOperation"),
    (20, "PowerBIAudit"),
    (21, "CRM"),
    (22, "Yammer"),
    (23, "SkypeForBusinessCmdlets"),
    (24, "Discovery"),
    (25, "MicrosoftTeams"),
    (28, "ThreatIntelligence"),
    (29, "MailSubmission"),
    (30, "MicrosoftFlow"),
    (31, "AeD"),
    (32, "MicrosoftStream"),
    (33, "ComplianceDLPSharePointClassification"),
    (34, "ThreatFinder"),
    (35, "Project"),
    (36, "SharePointListOperation"),
    (37, "SharePointCommentOperation"),
    (38, "DataGovernance"),
    (39, "Kaizala"),
    (40, "SecurityComplianceAlerts"),
    (41, "ThreatIntelligenceUrl"),
    (42, "SecurityComplianceInsights"),
    (43, "MIPLabel"),
    (44, "WorkplaceAnalytics"),
    (45, "PowerAppsApp"),
    (46, "PowerAppsPlan"),
    (47, "ThreatIntelligenceAtpContent"),
    (48, "LabelContentExplorer"),
    (49, "TeamsHealthcare"),
    (50, "ExchangeItemAggregated"),
    (51, "HygieneEvent"),
    (52, "DataInsightsRestApiAudit"),
    (53, "InformationBarrierPolicyApplication"),
    (54, "SharePointListItemOperation"),
    (55, "SharePointContentTypeOperation"),
    (56, "SharePointFieldOperation"),
    (57, "MicrosoftTeamsAdmin"),
    (58, "HRSignal"),
    (59, "MicrosoftTeamsDevice"),
    (60, "MicrosoftTeamsAnalytics"),
    (61, "InformationWorkerProtection"),
    (62, "Campaign"),
    (63, "DLPEndpoint"),
    (64, "AirInvestigation"),
    (65, "Quarantine"),
    (66, "MicrosoftForms"),
    (67, "ApplicationAudit"),
    (68, "ComplianceSupervisionExchange"),
    (69, "CustomerKeyServiceEncryption"),
    (70, "OfficeNative"),
    (71, "MipAutoLabelSharePointItem"),
    (72, "MipAutoLabelSharePointPolicyLocation"),
    (73, "MicrosoftTeamsShifts"),
    (75, "MipAutoLabelExchangeItem"),
    (76, "CortanaBriefing"),
    (78, "WDATPAlerts"),
    (82, "SensitivityLabelPolicyMatch"),
    (83, "SensitivityLabelAction"),
    (84, "SensitivityLabeledFileAction"),
    (85, "AttackSim"),
    (86, "AirManualInvestigation"),
    (87, "SecurityComplianceRBAC"),
    (88, "UserTraining"),
    (89, "AirAdminActionInvestigation"),
    (90, "MSTIC"),
    (91, "PhysicalBadgingSignal"),
    (93, "AipDiscover"),
    (94, "AipSensitivityLabelAction"),
    (95, "AipProtectionAction"),
    (96, "AipFileDeleted"),
    (97, "AipHeartBeat"),
    (98, "MCASAlerts"),
    (99, "OnPremisesFileShareScannerDlp"),
    (100, "OnPremisesSharePointScannerDlp"),
    (101, "ExchangeSearch"),
    (102, "SharePointSearch"),
    (103, "PrivacyInsights"),
    (105, "MyAnalyticsSettings"),
    (106, "SecurityComplianceUserChange"),
    (107, "ComplianceDLPExchangeClassification"),
    (109, "MipExactDataMatch"),
    (113, "MS365DCustomDetection"),
    (147, "CoreReportingSettings"),
    (148, "ComplianceConnector"),
    (154, "OMEPortal"),
    (174, "DataShareOperation"),
    (181, "EduDataLakeDownloadOperation"),
    (183, "MicrosoftGraphDataConnectOperation"),
    (186, "PowerPagesSite"),
    (188, "PlannerPlan"),
    (189, "PlannerCopyPlan"),
    (190, "PlannerTask"),
    (191, "PlannerRoster"),
    (192, "PlannerPlanList"),
    (193, "PlannerTaskList"),
    (194, "PlannerTenantSettings"),
    (195, "ProjectForTheWebProject"),
    (196, "ProjectForTheWebTask"),
    (197, "ProjectForTheWebRoadmap"),
    (198, "ProjectForTheWebRoadmapItem"),
    (199, "ProjectForTheWebProjectSettings"),
    (200, "ProjectForTheWebRoadmapSettings"),
    (216, "VivaGoals"),
    (217, "MicrosoftGraphDataConnectConsent"),
    (230, "TeamsUpdates"),
    (231, "PlannerRosterSensitivityLabel"),
    (256, "PowerPlatformAdministratorActivity"),
    (257, "Windows365CustomerLockbox"),
    (278, "Dynamics365BusinessCentral"),
    (295, "AuditSearch"),
    (296, "AuditRetentionPolicy"),
    (297, "AuditConfig"),
    (366, "SentinelJob"),
    (367, "SentinelKQLOnLake"),
];

/// Names of types of users, in the order of their numbers.
pub const USER_TYPES: [&str; 11] = [
    "Regular",
    "Reserved",
    "Admin",
    "DcAdmin",
    "System",
    "Application",
    "ServicePrincipal",
    "CustomPolicy",
    "SystemPolicy",
    "PartnerTechnician",
    "Guest",
];

/// Names of how somebody signed in to a mailbox, in the order of their numbers.
pub const LOGON_TYPES: [&str; 3] = ["Owner", "Admin", "Delegated"];

/// Members of records whose columns in OfficeActivity have other names.
pub const OFFICE_COLUMNS: &[(&str, &str)] = &[
    ("Workload", "OfficeWorkload"),
    ("ObjectId", "OfficeObjectId"),
    ("ClientIPAddress", "Client_IPAddress"),
    ("Site", "Site_"),
    ("SiteUrl", "Site_Url"),
    ("SourceName", "Source_Name"),
    ("EventData", "Event_Data"),
    ("StartTime", "Start_Time"),
    ("AzureActiveDirectoryEventType", "AzureActiveDirectory_EventType"),
    ("IntraSystemsId", "IntraSystemId"),
    ("Target", "AADTarget"),
];

/// Members of records whose columns in DataverseActivity have other names.
pub const DATAVERSE_COLUMNS: &[(&str, &str)] =
    &[("Id", "SourceRecordId"), ("ObjectId", "OriginalObjectId"), ("ClientIP", "ClientIp")];

/// Returns the name of a record type by its number in digits; a number without one stays as it is, as in the table.
pub fn record_type_name(number: &str) -> &str {
    let known = number.parse::<u16>().ok();
    RECORD_TYPES.iter().find(|(of, _)| Some(*of) == known).map_or(number, |(_, name)| name)
}

/// Returns the number of a record type by its name in any case, or by its digits.
pub fn record_type_number(name: &str) -> Option<u16> {
    let known = RECORD_TYPES.iter().find(|(_, of)| of.eq_ignore_ascii_case(name));
    known.map(|(number, _)| *number).or_else(|| name.parse().ok())
}

/// Returns the name of a type of users by its number in digits; a number without one stays as it is.
pub fn user_type_name(number: &str) -> &str {
    number.parse::<usize>().ok().and_then(|n| USER_TYPES.get(n).copied()).unwrap_or(number)
}

/// Returns the place of a name in a list of names, or what its digits say.
pub fn place_of(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|of| of.eq_ignore_ascii_case(name)).or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_numbers() {
        for (number, name) in RECORD_TYPES {
            assert_eq!(record_type_number(name), Some(*number));
            assert_eq!(record_type_name(&number.to_string()), *name);
        }
        assert_eq!((record_type_name("999"), record_type_number("999")), ("999", Some(999)));
        assert_eq!(record_type_number("crm"), Some(21));
        assert_eq!((record_type_number("nothing"), user_type_name("10"), user_type_name("77")), (None, "Guest", "77"));
        assert_eq!((place_of(&USER_TYPES, "dcadmin"), place_of(&USER_TYPES, "x")), (Some(3), None));
    }
}
