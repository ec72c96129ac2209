//! Commands that show what there is none of here: their answer is a table with the right columns and no rows.

use crate::args::Args;
use crate::command::{
    Bool, Columns, Command, Datetime, Dynamic, Family, Guid, Long, Real, Rows, Text, Timespan, nothing,
};
use crate::context::Context;
use crate::error::CommandError;
use auth::Action;

/// Commands that show what there is none of.
pub static FAMILY: Family = Family {
    commands: &[
        Command { syntax: "show external tables", needs: READ, columns: SHOW_EXTERNAL_TABLES, body: nothing },
        Command { syntax: "show external tables details", needs: READ, columns: SHOW_EXTERNAL_TABLES, body: nothing },
        Command { syntax: "show entity_groups", needs: READ, columns: SHOW_ENTITY_GROUPS, body: nothing },
        Command { syntax: "show workload_groups", needs: READ, columns: SHOW_WORKLOAD_GROUPS, body: nothing },
        Command { syntax: "show operations", needs: READ, columns: SHOW_OPERATIONS, body: nothing },
        Command { syntax: "show ingestion failures", needs: READ, columns: SHOW_INGESTION_FAILURES, body: nothing },
        Command {
            syntax: "show ingestion failures with ...",
            needs: READ,
            columns: SHOW_INGESTION_FAILURES,
            body: nothing_with,
        },
        Command {
            syntax: "show streamingingestion failures",
            needs: READ,
            columns: SHOW_STREAMING_INGESTION_FAILURES,
            body: nothing,
        },
        Command {
            syntax: "show streamingingestion statistics",
            needs: READ,
            columns: SHOW_STREAMING_INGESTION_STATISTICS,
            body: nothing,
        },
        Command { syntax: "show data operations", needs: READ, columns: SHOW_DATA_OPERATIONS, body: nothing },
        Command { syntax: "show continuous-exports", needs: READ, columns: SHOW_CONTINUOUS_EXPORTS, body: nothing },
        Command { syntax: "show stored_query_results", needs: READ, columns: STORED_QUERY_RESULTS_SHOW, body: nothing },
        Command { syntax: "show rowstores", needs: READ, columns: SHOW_ROW_STORES, body: nothing },
        Command { syntax: "show basicauth users", needs: READ, columns: SHOW_BASIC_AUTH_USERS, body: nothing },
        Command {
            syntax: "show external table <table> mappings",
            needs: READ,
            columns: SHOW_EXTERNAL_TABLE_MAPPINGS,
            body: nothing,
        },
    ],
    refused: &[],
};

const READ: &[Action] = &[Action::Read];

/// The same, with properties that make no difference.
fn nothing_with(_: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    args.reader.list(|reader| {
        while !matches!(reader.peek(0), "," | ")" | "") {
            reader.skip();
        }
        Ok(())
    })?;
    args.reader.expect_end()?;
    Ok(Rows::new())
}

const SHOW_EXTERNAL_TABLES: Columns = &[
    ("TableName", Text),
    ("TableType", Text),
    ("Folder", Text),
    ("DocString", Text),
    ("Properties", Text),
    ("ConnectionStrings", Dynamic),
    ("Partitions", Dynamic),
    ("PathFormat", Text),
];

const SHOW_ENTITY_GROUPS: Columns = &[("Name", Text), ("Entities", Text)];

const SHOW_WORKLOAD_GROUPS: Columns = &[("WorkloadGroupName", Text), ("WorkloadGroup", Text)];

const SHOW_OPERATIONS: Columns = &[
    ("OperationId", Guid),
    ("Operation", Text),
    ("NodeId", Text),
    ("StartedOn", Datetime),
    ("LastUpdatedOn", Datetime),
    ("Duration", Timespan),
    ("State", Text),
    ("Status", Text),
    ("RootActivityId", Guid),
    ("ShouldRetry", Bool),
    ("Database", Text),
    ("Principal", Text),
    ("User", Text),
    ("AdminEpochStartTime", Datetime),
];

const SHOW_INGESTION_FAILURES: Columns = &[
    ("OperationId", Guid),
    ("Database", Text),
    ("Table", Text),
    ("FailedOn", Datetime),
    ("IngestionSourcePath", Text),
    ("Details", Text),
    ("FailureKind", Text),
    ("RootActivityId", Guid),
    ("OperationKind", Text),
    ("OriginatesFromUpdatePolicy", Bool),
    ("ErrorCode", Text),
    ("Principal", Text),
    ("ShouldRetry", Bool),
    ("User", Text),
    ("IngestionProperties", Text),
];

const SHOW_STREAMING_INGESTION_FAILURES: Columns = &[
    ("Database", Text),
    ("Table", Text),
    ("Principal", Text),
    ("RootActivityId", Guid),
    ("IngestionProperties", Dynamic),
    ("Count", Long),
    ("FirstFailureOn", Datetime),
    ("LastFailureOn", Datetime),
    ("FailureKind", Text),
    ("ErrorCode", Text),
    ("Details", Text),
];

const SHOW_STREAMING_INGESTION_STATISTICS: Columns = &[
    ("Database", Text),
    ("Table", Text),
    ("StartTime", Datetime),
    ("EndTime", Datetime),
    ("Count", Long),
    ("MinDuration", Timespan),
    ("MaxDuration", Timespan),
    ("AvgDuration", Timespan),
    ("TotalDataSize", Long),
    ("MinDataSize", Long),
    ("MaxDataSize", Long),
    ("TotalRowCount", Long),
    ("MinRowCount", Long),
    ("MaxRowCount", Long),
    ("IngestionStatus", Text),
    ("NumOfRowStoresReferences", schema::KqlType::Int),
    ("Principal", Text),
    ("NodeId", Text),
    ("IngestionProperties", Dynamic),
];

const SHOW_DATA_OPERATIONS: Columns = &[
    ("Timestamp", Datetime),
    ("Database", Text),
    ("Table", Text),
    ("ClientActivityId", Text),
    ("IngressType", Text),
    ("OriginalSize", Long),
    ("ExtentSize", Long),
    ("RowCount", Long),
    ("Duration", Timespan),
    ("TotalCpu", Timespan),
    ("ExtentCount", Long),
    ("Principal", Text),
    ("Properties", Text),
];

const SHOW_CONTINUOUS_EXPORTS: Columns = &[
    ("Name", Text),
    ("ExternalTableName", Text),
    ("Query", Text),
    ("ForcedLatency", Timespan),
    ("IntervalBetweenRuns", Timespan),
    ("CursorScopedTables", Text),
    ("ExportProperties", Text),
    ("LastRunTime", Datetime),
    ("StartCursor", Text),
    ("IsDisabled", Bool),
    ("LastRunResult", Text),
    ("ExportedTo", Datetime),
    ("IsRunning", Bool),
];

const STORED_QUERY_RESULTS_SHOW: Columns = &[
    ("StoredQueryResultId", Guid),
    ("Name", Text),
    ("DatabaseName", Text),
    ("PrincipalIdentity", Text),
    ("SizeInBytes", Long),
    ("RowCount", Long),
    ("CreatedOn", Datetime),
    ("ExpiresOn", Datetime),
];

const SHOW_ROW_STORES: Columns = &[
    ("RowStoreName", Text),
    ("RowStoreId", Guid),
    ("WriteAheadLogStorage", Text),
    ("PersistentStorage", Text),
    ("IsActive", Bool),
    ("AssignedToNode", Text),
    ("NumberOfKeys", Long),
    ("WriteAheadLogSize", Long),
    ("WriteAheadLogStartOffset", Long),
    ("LocalStorageSize", Long),
    ("WriteAheadDistanceToSizeRatioThreshold", Real),
    ("InsertsConcurrencyLimit", Long),
    ("KeyInsertsConcurrencyLimit", Long),
    ("UnsealedSizePerKeyLimit", Long),
    ("NodeInsertsConcurrencyLimit", Long),
    ("Status", Text),
    ("StatusLastUpdatedOn", Datetime),
    ("UsageTags", Text),
    ("IsEmpty", Bool),
    ("IsDataAvailableForQuery", Bool),
];

const SHOW_BASIC_AUTH_USERS: Columns = &[("UserName", Text)];

const SHOW_EXTERNAL_TABLE_MAPPINGS: Columns = &[
    ("Name", Text),
    ("Kind", Text),
    ("Mapping", Text),
    ("LastUpdatedOn", Datetime),
    ("Database", Text),
    ("Table", Text),
];
