//! The tables, one file each: what usually happens in them, and their part of the story.

mod audit_logs;
mod azure_activity;
mod dynamics365_activity;
mod high_value_assets;
mod nta_net_analytics;
mod office_activity;
mod security_event;
mod signin_logs;
mod storage_blob_logs;
mod syslog;

use crate::company::Company;
use crate::dice::Dice;
use crate::story::Story;
use crate::truth::Planted;
use std::io::{self, Write};

/// Where a table's bytes go.
pub type Sink<'a> = &'a mut (dyn Write + Send);

/// What a table's generator reports.
pub struct Output {
    pub rows: u64,
    pub planted: Vec<Planted>,
}

/// A file and what writes it.
pub struct TableFile {
    pub file: &'static str,
    pub write: fn(&Company, &Story, Dice, Sink<'_>) -> io::Result<Output>,
}

/// All files, the largest first, so that none is left alone at the end.
pub const TABLES: &[TableFile] = &[
    TableFile { file: "SigninLogs.json", write: signin_logs::write },
    TableFile { file: "OfficeActivity.json", write: office_activity::write },
    TableFile { file: "SecurityEvent.json", write: security_event::write },
    TableFile { file: "Dynamics365Activity.json", write: dynamics365_activity::write },
    TableFile { file: "StorageBlobLogs.json", write: storage_blob_logs::write },
    TableFile { file: "AuditLogs.json.gz", write: audit_logs::write },
    TableFile { file: "Syslog.csv", write: syslog::write },
    TableFile { file: "AzureActivity.csv", write: azure_activity::write },
    TableFile { file: "NTANetAnalytics.parquet", write: nta_net_analytics::write },
    TableFile { file: "HighValueAssets.csv", write: high_value_assets::write },
];
