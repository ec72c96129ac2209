//! `AzureActivity`: what was done to Azure resources, as the portal exports it: comma-separated with a byte order mark,
//! times in American order, their zone in the header.

use super::{Output, Sink};
use crate::company::{Company, clock, moment};
use crate::csv::write_row;
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::json::texts;
use crate::story::Story;
use crate::truth::Planted;
use schema::ticks::{self, DAY, HOUR, MILLISECOND, MINUTE, SECOND};
use std::io;

/// Operations a day at scale 1; each leaves two rows.
const PER_DAY: f64 = 90.0;

const HEADER: [&str; 22] = [
    "TimeGenerated [UTC]",
    "OperationNameValue",
    "OperationName",
    "Level",
    "ActivityStatusValue",
    "ActivityStatus",
    "ResourceGroup",
    "SubscriptionId",
    "CorrelationId",
    "Caller",
    "CallerIpAddress",
    "CategoryValue",
    "Category",
    "HTTPRequest",
    "Authorization",
    "EventDataId",
    "EventSubmissionTimestamp [UTC]",
    "ResourceProviderValue",
    "TenantId",
    "SourceSystem",
    "Type",
    "_ResourceId",
];

/// Operations with their names for people, the type and name of the resource, and their shares.
const OPERATIONS: [(&str, &str, &str, &str, u32); 8] = [
    (
        "Microsoft.Compute/virtualMachines/start/action",
        "Start Virtual Machine",
        "Microsoft.Compute/virtualMachines",
        "app02",
        12,
    ),
    (
        "Microsoft.Compute/virtualMachines/deallocate/action",
        "Deallocate Virtual Machine",
        "Microsoft.Compute/virtualMachines",
        "app02",
        12,
    ),
    (
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "List Storage Account Keys",
        "Microsoft.Storage/storageAccounts",
        "tmappdata",
        20,
    ),
    ("Microsoft.Resources/deployments/write", "Create Deployment", "Microsoft.Resources/deployments", "release", 18),
    (
        "Microsoft.Network/networkSecurityGroups/securityRules/write",
        "Create or Update Security Rule",
        "Microsoft.Network/networkSecurityGroups",
        "nsg-app",
        6,
    ),
    ("Microsoft.KeyVault/vaults/write", "Update Key Vault", "Microsoft.KeyVault/vaults", "kv-claims", 4),
    ("Microsoft.Resources/tags/write", "Create or Update Tags", "Microsoft.Resources/tags", "default", 8),
    (
        "Microsoft.Insights/diagnosticSettings/write",
        "Create or update resource diagnostic setting",
        "Microsoft.Insights/diagnosticSettings",
        "to-logs",
        3,
    ),
];

/// The settings that are removed: the resources whose logs end with them.
const REMOVED: [&str; 3] = [
    "Microsoft.Storage/storageAccounts/tmcustomerdocs",
    "Microsoft.KeyVault/vaults/kv-claims",
    "Microsoft.Network/networkSecurityGroups/nsg-app",
];

/// An operation on a resource.
struct Operation<'a> {
    at: i64,
    name: &'a str,
    title: &'a str,
    /// Resource below the resource group.
    resource: &'a str,
    caller: &'a str,
    address: &'a str,
    role: &'a str,
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let mut header = String::from("\u{FEFF}");
    write_row(&mut header, &HEADER);
    out.write_all(header.as_bytes())?;
    let intruder = company.person(story.granted_to);
    let rows = write_days(company, out, b"", |day, log| {
        usual_day(company, &mut dice, day, log);
        if day == story.grant_at.div_euclid(DAY) {
            for (i, resource) in REMOVED.iter().enumerate() {
                let operation = Operation {
                    at: story.grant_at + (5 + i as i64) * MINUTE,
                    name: "Microsoft.Insights/diagnosticSettings/delete",
                    title: "Delete resource diagnostic setting",
                    resource,
                    caller: &intruder.upn,
                    address: story.grant_address,
                    role: "Owner",
                };
                write_operation(company, &operation, &mut dice, log);
            }
            let signature = Operation {
                at: clock(day, 23, 31, 40),
                name: "Microsoft.Storage/storageAccounts/listAccountSas/action",
                title: "List Storage Account Shared Access Signatures",
                resource: REMOVED[0],
                caller: &intruder.upn,
                address: story.grant_address,
                role: "Owner",
            };
            write_operation(company, &signature, &mut dice, log);
        }
    })?;
    let planted = Planted::new(
        "logging-removed",
        "AzureActivity",
        format!("{} removes the diagnostic settings of {} resources.", intruder.upn, REMOVED.len()),
        &[("Caller", &intruder.upn), ("CallerIpAddress", story.grant_address), ("Removed", &REMOVED.len().to_string())],
    );
    Ok(Output { rows, planted: vec![planted] })
}

fn usual_day(company: &Company, dice: &mut Dice, day: i64, log: &mut DayLog) {
    let per_day = if crate::company::is_weekend(day) { PER_DAY / 4.0 } else { PER_DAY };
    for _ in 0..company.machine_count(dice, per_day) {
        let kind = dice.weighted(OPERATIONS.iter().map(|(.., weight)| *weight));
        let (name, title, resource_type, resource, _) = OPERATIONS.get(kind).copied().unwrap_or(OPERATIONS[0]);
        let engineer = company.member(dice, "IT");
        let office = engineer.office_on(day);
        let by_pipeline = dice.chance(0.55);
        let operation = Operation {
            at: moment(dice, day, office.zone),
            name,
            title,
            resource: &format!("{resource_type}/{resource}"),
            caller: if by_pipeline { &company.tenant_id } else { &engineer.upn },
            address: if by_pipeline { "203.0.113.90" } else { office.address },
            role: "Contributor",
        };
        write_operation(company, &operation, dice, log);
    }
}

/// Writes the rows of an operation's start and success.
fn write_operation(company: &Company, operation: &Operation<'_>, dice: &mut Dice, log: &mut DayLog) {
    let correlation = dice.guid();
    let group = "rg-claims-prod";
    let id =
        format!("/subscriptions/{}/resourceGroups/{group}/providers/{}", company.subscription_id, operation.resource);
    let provider = operation.name.split('/').next().unwrap_or_default().to_uppercase();
    let name = operation.name.to_uppercase();
    let authorization =
        texts(&[("action", operation.name), ("scope", &id), ("role", operation.role), ("roleAssignmentScope", "/")]);
    let request =
        texts(&[("clientRequestId", &dice.guid()), ("clientIpAddress", operation.address), ("method", "PUT")]);
    let ended = operation.at + dice.between(SECOND, 20 * SECOND);
    for (at, value, status) in [(operation.at, "Start", "Started"), (ended, "Success", "Succeeded")] {
        let submitted = portal_time(at + 90 * SECOND);
        let row = [
            &portal_time(at),
            &name,
            operation.title,
            "Informational",
            value,
            status,
            group,
            &company.subscription_id,
            &correlation,
            operation.caller,
            operation.address,
            "Administrative",
            "Administrative",
            &request,
            &authorization,
            &dice.guid(),
            &submitted,
            &provider,
            &company.tenant_id,
            "Azure",
            "AzureActivity",
            &id.to_lowercase(),
        ];
        write_row(log.line(at), &row);
    }
}

/// Returns an instant as the portal exports it: `1/31/2025, 1:05:00.250 PM`.
fn portal_time(instant: i64) -> String {
    let ticks::Civil { year, month, day, time_of_day } = ticks::civil(instant);
    let hour = time_of_day / HOUR;
    let (minute, second) = (time_of_day / MINUTE % 60, time_of_day / SECOND % 60);
    let millisecond = time_of_day / MILLISECOND % 1000;
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = (hour + 11) % 12 + 1;
    format!("{month}/{day}/{year}, {hour}:{minute:02}:{second:02}.{millisecond:03} {half}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back() {
        for (text, printed) in [
            ("2025-01-31T13:05:00.25Z", "1/31/2025, 1:05:00.250 PM"),
            ("2025-12-01T00:00:59Z", "12/1/2025, 12:00:59.000 AM"),
            ("2025-12-01T12:30:00Z", "12/1/2025, 12:30:00.000 PM"),
        ] {
            let instant = ticks::parse_datetime(text).unwrap();
            assert_eq!(portal_time(instant), printed);
            assert_eq!(ticks::parse_datetime(printed), Some(instant));
        }
    }
}
