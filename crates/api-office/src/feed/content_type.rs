//! Content types: which records are of which.

use crate::kql_text;

/// A content type. Every record is of exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentType {
    Directory,
    Exchange,
    SharePoint,
    General,
    Dlp,
}

/// Record types of data loss prevention, by their names and numbers, as the table may have them.
const DLP: [&str; 16] = [
    "ComplianceDLPSharePoint",
    "ComplianceDLPExchange",
    "ComplianceDLPSharePointClassification",
    "DLPEndpoint",
    "OnPremisesFileShareScannerDlp",
    "OnPremisesSharePointScannerDlp",
    "ComplianceDLPExchangeClassification",
    "ComplianceDLPEndpoint",
    "11",
    "13",
    "33",
    "63",
    "99",
    "100",
    "107",
    "108",
];
const DIRECTORY: &[&str] = &["AzureActiveDirectory"];
const EXCHANGE: &[&str] = &["Exchange"];
const SHAREPOINT: &[&str] = &["SharePoint", "OneDrive"];

impl ContentType {
    /// Every content type.
    pub const ALL: [ContentType; 5] = [
        ContentType::Directory,
        ContentType::Exchange,
        ContentType::SharePoint,
        ContentType::General,
        ContentType::Dlp,
    ];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            ContentType::Directory => "Audit.AzureActiveDirectory",
            ContentType::Exchange => "Audit.Exchange",
            ContentType::SharePoint => "Audit.SharePoint",
            ContentType::General => "Audit.General",
            ContentType::Dlp => "DLP.All",
        }
    }

    /// Returns the content type of a name, in any case.
    pub fn from_name(name: &str) -> Option<ContentType> {
        ContentType::ALL.into_iter().find(|of| of.name().eq_ignore_ascii_case(name))
    }

    /// Returns its word in ids of content.
    pub fn code(self) -> &'static str {
        match self {
            ContentType::Directory => "aad",
            ContentType::Exchange => "exo",
            ContentType::SharePoint => "spo",
            ContentType::General => "gen",
            ContentType::Dlp => "dlp",
        }
    }

    /// Returns the content type of a word in ids.
    pub fn from_code(code: &str) -> Option<ContentType> {
        ContentType::ALL.into_iter().find(|of| of.code() == code)
    }

    /// Returns whether records of Dataverse are of it.
    pub fn has_dataverse(self) -> bool {
        self == ContentType::General
    }

    /// Returns the condition on rows of OfficeActivity.
    pub fn condition(self) -> String {
        let dlp = kql_text::strings(DLP);
        let of = |workloads: &[&str]| {
            format!("OfficeWorkload in~ {} and RecordType !in~ {dlp}", kql_text::strings(workloads))
        };
        match self {
            ContentType::Directory => of(DIRECTORY),
            ContentType::Exchange => of(EXCHANGE),
            ContentType::SharePoint => of(SHAREPOINT),
            ContentType::General => {
                let others = [DIRECTORY, EXCHANGE, SHAREPOINT].concat();
                format!("OfficeWorkload !in~ {} and RecordType !in~ {dlp}", kql_text::strings(others))
            }
            ContentType::Dlp => format!("RecordType in~ {dlp}"),
        }
    }
}
