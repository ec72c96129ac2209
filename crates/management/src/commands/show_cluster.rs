//! `.show version`, `.show cluster`, `.show capacity`, `.show diagnostics`: the server itself.

use crate::args::Args;
use crate::command::{Bool, Command, Datetime, Family, Long, Real, Rows, Text, count, text};
use crate::context::Context;
use crate::error::CommandError;
use schema::KqlType::Int;
use schema::{KqlType, Value};

/// Commands about the server itself.
pub static FAMILY: Family = Family {
    commands: &[
        Command {
            syntax: "show version",
            needs: &[],
            columns: &[
                ("BuildVersion", Text),
                ("BuildTime", Datetime),
                ("ServiceType", Text),
                ("ProductVersion", Text),
                ("ServiceOffering", Text),
            ],
            body: version,
        },
        Command {
            syntax: "show cluster",
            needs: &[],
            columns: &[
                ("NodeId", Text),
                ("Address", Text),
                ("Name", Text),
                ("StartTime", Datetime),
                ("IsAdmin", Bool),
                ("MachineTotalMemory", Long),
                ("MachineAvailableMemory", Long),
                ("ProcessorCount", Int),
                ("EnvironmentDescription", Text),
            ],
            body: cluster,
        },
        Command { syntax: "show capacity", needs: &[], columns: CAPACITY, body: capacity },
        Command { syntax: "show capacity <resource>", needs: &[], columns: CAPACITY, body: capacity },
        Command { syntax: "show diagnostics", needs: &[], columns: DIAGNOSTICS, body: diagnostics },
    ],
    refused: &[],
};

const CAPACITY: crate::command::Columns =
    &[("Resource", Text), ("Total", Long), ("Consumed", Long), ("Remaining", Long)];

const DIAGNOSTICS: crate::command::Columns = &[
    ("IsHealthy", Bool),
    ("EnvironmentDescription", Text),
    ("IsScaleOutRequired", Bool),
    ("MachinesTotal", Int),
    ("MachinesOffline", Int),
    ("NodeLastRestartedOn", Datetime),
    ("AdminLastElectedOn", Datetime),
    ("ExtentsTotal", Int),
    ("DiskColdAllocationPercentage", Int),
    ("InstancesTargetBasedOnDataCapacity", Int),
    ("TotalOriginalDataSize", Real),
    ("TotalExtentSize", Real),
    ("IngestionsLoadFactor", Real),
    ("IngestionsInProgress", Long),
    ("IngestionsSuccessRate", Real),
    ("MergesInProgress", Long),
    ("BuildVersion", Text),
    ("BuildTime", Datetime),
    ("ClusterDataCapacityFactor", Real),
    ("IsDataWarmingRequired", Bool),
    ("DataWarmingLastRunOn", Datetime),
    ("MergesSuccessRate", Real),
    ("NotHealthyReason", Text),
    ("IsAttentionRequired", Bool),
    ("AttentionRequiredReason", Text),
    ("ProductVersion", Text),
    ("FailedIngestOperations", Int),
    ("FailedMergeOperations", Int),
    ("MaxExtentsInSingleTable", Int),
    ("TableWithMaxExtents", Text),
    ("WarmExtentSize", Real),
    ("NumberOfDatabases", Int),
    ("PurgeExtentsRebuildLoadFactor", Real),
    ("PurgeExtentsRebuildInProgress", Long),
    ("PurgesInProgress", Long),
    ("RowStoreLocalStorageCapacityFactor", Real),
    ("ExportsLoadFactor", Real),
    ("ExportsInProgress", Long),
    ("PendingContinuousExports", Long),
    ("MaxContinuousExportLatenessMinutes", Long),
    ("RowStoreSealsInProgress", Long),
    ("IsRowStoreUnhealthy", Bool),
    ("MachinesSuspended", Int),
    ("DataPartitioningLoadFactor", Real),
    ("DataPartitioningOperationsInProgress", Long),
    ("MinPartitioningPercentageInSingleTable", Real),
    ("TableWithMinPartitioningPercentage", Text),
    ("V3DataCapacityFactor", Real),
    ("MaterializedViewsInProgress", Long),
    ("IngestionCapacityUtilization", Real),
    ("ShardsWarmingStatus", Text),
    ("ShardsWarmingTemperature", Real),
    ("ShardsWarmingDetails", Text),
    ("StoredQueryResultsInProgress", Long),
    ("HotDataDiskSpaceUsage", Real),
    ("MirroringOperationsLoadFactor", Real),
    ("MirroringOperationsInProgress", Long),
    ("QueryAccelerationLoadFactor", Real),
    ("QueryAccelerationInProgress", Long),
];

/// The version of the program. When it was built it does not know, lest no two builds be the same: its start stands for that.
fn version(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    let version = env!("CARGO_PKG_VERSION");
    let started = Value::Datetime(context.manager.started);
    // Clients that ingest ask whether this is an engine.
    Ok(vec![vec![text(version), started, text("Engine"), text(format!("Vidimus {version}")), text("Vidimus")]])
}

fn cluster(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    let processors = std::thread::available_parallelism().map_or(1, |n| i32::try_from(n.get()).unwrap_or(i32::MAX));
    Ok(vec![vec![
        text("vidimus"),
        text(""),
        text("vidimus"),
        Value::Datetime(context.manager.started),
        Value::Bool(true),
        Value::null(Long),
        Value::null(Long),
        Value::Int(processors),
        text("Vidimus, one node"),
    ]])
}

/// What runs at once at most: ingestion is bounded by memory alone, and what else Kusto counts there is not.
fn capacity(context: &Context<'_>, args: &mut Args<'_>) -> Result<Rows, CommandError> {
    let status = context.manager.vault.status();
    let consumed = u64::from(status.stopped.is_some());
    let row = vec![text("ingestions"), count(1), count(consumed), count(1 - consumed)];
    let wanted = args.names("resource").first();
    let is_wanted = wanted.is_none_or(|name| name.text.eq_ignore_ascii_case("ingestions"));
    Ok(if is_wanted { vec![row] } else { Vec::new() })
}

fn diagnostics(context: &Context<'_>, _: &mut Args<'_>) -> Result<Rows, CommandError> {
    let vault = &context.manager.vault;
    let status = vault.status();
    let stopped = status.stopped.map(|stop| stop.to_string());
    let flush = vault.flush_failure().map(|failure| failure.why);
    let keep = vault.keep_failure().map(|failure| failure.why);
    let reasons: Vec<String> = [stopped, flush, keep].into_iter().flatten().collect();
    let mut n_files = 0;
    for name in context.databases() {
        let tables = vault.workspace(&name).into_iter().flat_map(|workspace| workspace.tables());
        n_files += tables.map(|table| table.status().n_files as u64).sum::<u64>();
    }
    let int = |n: u64| Value::Int(i32::try_from(n).unwrap_or(i32::MAX));
    let value = |(name, ktype): &(&str, KqlType)| match *name {
        "IsHealthy" => Value::Bool(reasons.is_empty()),
        "EnvironmentDescription" => text("Vidimus, one node"),
        "IsScaleOutRequired" => Value::Bool(false),
        "MachinesTotal" => int(1),
        "MachinesOffline" | "MachinesSuspended" => int(0),
        "NodeLastRestartedOn" | "AdminLastElectedOn" => Value::Datetime(context.manager.started),
        "ExtentsTotal" => int(n_files),
        "BuildVersion" | "ProductVersion" => text(env!("CARGO_PKG_VERSION")),
        "NotHealthyReason" | "AttentionRequiredReason" => text(reasons.join("; ")),
        "IsAttentionRequired" => Value::Bool(!reasons.is_empty()),
        "NumberOfDatabases" => int(context.databases().len() as u64),
        // What else Kusto counts there is not.
        _ => Value::null(*ktype),
    };
    Ok(vec![DIAGNOSTICS.iter().map(value).collect()])
}
