//! `StorageBlobLogs`: requests to blobs, as JSON lines.

use super::{Output, Sink};
use crate::company::{Company, any_moment, clock};
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::json::Object;
use crate::story::Story;
use crate::truth::Planted;
use schema::ticks::SECOND;
use std::io;

/// Requests a day at scale 1.
const PER_DAY: f64 = 700.0;

const OPERATIONS: [(&str, u32); 5] =
    [("GetBlob", 55), ("PutBlob", 20), ("GetBlobProperties", 15), ("ListBlobs", 8), ("DeleteBlob", 2)];
/// Accounts with their containers and shares.
const ACCOUNTS: [(&str, &str, u32); 3] =
    [("tmappdata", "cache", 60), ("tmcustomerdocs", "letters", 30), ("tmbackup", "nightly", 10)];

/// A request.
struct Request<'a> {
    at: i64,
    account: &'a str,
    container: &'a str,
    operation: &'a str,
    authentication: &'a str,
    address: &'a str,
    agent: &'a str,
    response_bytes: i64,
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let mut bytes_taken = 0;
    let rows = write_days(company, out, b"\n", |day, log| {
        usual_day(company, &mut dice, day, log);
        if day == story.exfiltration_day {
            bytes_taken = plant_exfiltration(company, story, &mut dice, log);
        }
    })?;
    let planted = Planted::new(
        "sas-exfiltration",
        "StorageBlobLogs",
        format!(
            "{} reads {} blobs of {} with a shared access signature.",
            story.exfiltration_address, story.blobs, story.exfiltration_account
        ),
        &[
            ("AccountName", story.exfiltration_account),
            ("Address", story.exfiltration_address),
            ("Blobs", &story.blobs.to_string()),
            ("Bytes", &bytes_taken.to_string()),
        ],
    );
    Ok(Output { rows, planted: vec![planted] })
}

fn usual_day(company: &Company, dice: &mut Dice, day: i64, log: &mut DayLog) {
    for _ in 0..company.machine_count(dice, PER_DAY) {
        let account = dice.weighted(ACCOUNTS.iter().map(|(.., weight)| *weight));
        let (account, container, _) = ACCOUNTS.get(account).copied().unwrap_or(ACCOUNTS[0]);
        let operation = dice.weighted(OPERATIONS.iter().map(|(_, weight)| *weight));
        let (operation, _) = OPERATIONS.get(operation).copied().unwrap_or(OPERATIONS[0]);
        // A print shop fetches letters with a signature of its own; everything else comes from inside.
        let by_partner = account == "tmcustomerdocs" && operation == "GetBlob" && dice.chance(0.05);
        let inside = format!("10.20.{}.{}", dice.between(1, 4), dice.between(4, 60));
        let request = Request {
            at: any_moment(dice, day),
            account,
            container,
            operation,
            authentication: if by_partner { "SAS" } else { dice.word(&["OAuth", "OAuth", "AccountKey"]) },
            address: if by_partner { "203.0.113.222" } else { &inside },
            agent: "azsdk-net-Storage.Blobs/12.19.1 (.NET 8.0.6; Linux)",
            response_bytes: if operation == "GetBlob" { dice.between(2_000, 400_000) } else { 0 },
        };
        write_request(company, &request, dice, log);
    }
}

/// Reads one blob after the other from 00:20 on, and returns the sum of their bytes.
fn plant_exfiltration(company: &Company, story: &Story, dice: &mut Dice, log: &mut DayLog) -> i64 {
    let mut at = clock(story.exfiltration_day, 0, 20, 0);
    let mut bytes = 0;
    for _ in 0..story.blobs {
        at += dice.between(SECOND, 9 * SECOND);
        let response_bytes = dice.between(8_000_000, 60_000_000);
        bytes += response_bytes;
        let request = Request {
            at,
            account: story.exfiltration_account,
            container: "letters",
            operation: "GetBlob",
            authentication: "SAS",
            address: story.exfiltration_address,
            agent: "rclone/v1.66.0",
            response_bytes,
        };
        write_request(company, &request, dice, log);
    }
    bytes
}

fn write_request(company: &Company, request: &Request<'_>, dice: &mut Dice, log: &mut DayLog) {
    let key = format!("/{}/{}/{:06}.bin", request.account, request.container, dice.between(1, 400_000));
    let uri = format!(
        "https://{}.blob.storage.example{}",
        request.account,
        key.trim_start_matches(&format!("/{}", request.account))
    );
    let id = format!(
        "/subscriptions/{}/resourceGroups/rg-claims-prod/providers/Microsoft.Storage/storageAccounts/{}",
        company.subscription_id, request.account
    );
    let category = match request.operation {
        "PutBlob" => "StorageWrite",
        "DeleteBlob" => "StorageDelete",
        _ => "StorageRead",
    };
    let server_ms = dice.between(2, 60);
    let mut row = Object::open(log.line(request.at));
    row.time("TimeGenerated", request.at)
        .text("AccountName", request.account)
        .text("AuthenticationType", request.authentication)
        .text("CallerIpAddress", &format!("{}:{}", request.address, dice.between(1024, 65_000)))
        .text("Category", category)
        .text("CorrelationId", &dice.guid())
        .number("DurationMs", server_ms + dice.between(0, 40))
        .text("Location", "westeurope")
        .text("ObjectKey", &key)
        .number("OperationCount", 0)
        .text("OperationName", request.operation)
        .text("OperationVersion", "2023-11-03")
        .text("Protocol", "HTTPS")
        .number("RequestHeaderSize", dice.between(380, 620))
        .number("ResponseBodySize", request.response_bytes)
        .number("ServerLatencyMs", server_ms)
        .text("ServiceType", "blob")
        .text("StatusCode", if request.operation == "PutBlob" { "201" } else { "200" })
        .text("StatusText", if request.authentication == "SAS" { "SASSuccess" } else { "Success" })
        .text("TlsVersion", "TLS 1.3")
        .text("Uri", &uri)
        .text("UserAgentHeader", request.agent)
        .text("TenantId", &company.tenant_id)
        .text("SourceSystem", "Azure")
        .text("Type", "StorageBlobLogs")
        .text("_ResourceId", &id.to_lowercase())
        .close();
}
