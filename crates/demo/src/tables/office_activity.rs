//! `OfficeActivity`: files of SharePoint and mail of Exchange, as JSON lines.

use super::{Output, Sink};
use crate::company::{Company, DOMAIN, Person, is_weekend, moment};
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::json::{Object, texts};
use crate::story::Story;
use crate::truth::Planted;
use schema::ticks::{self, DAY, HOUR};
use std::io;

/// Activities of a person on a working day.
const PER_DAY: f64 = 9.0;

/// Operations with their workloads and shares.
const OPERATIONS: [(&str, &str, u32); 10] = [
    ("FileAccessed", "SharePoint", 380),
    ("FileModified", "SharePoint", 150),
    (DOWNLOADED, "SharePoint", 110),
    ("FilePreviewed", "SharePoint", 80),
    ("FileUploaded", "SharePoint", 70),
    ("SharingSet", "SharePoint", 12),
    ("MailItemsAccessed", "Exchange", 130),
    ("Send", "Exchange", 60),
    (NEW_RULE, "Exchange", 3),
    ("Set-InboxRule", "Exchange", 2),
];
const DOWNLOADED: &str = "FileDownloaded";
const NEW_RULE: &str = "New-InboxRule";

const SITES: [&str; 7] = ["claims", "claims-archive", "underwriting", "sales", "finance", "people", "projects"];
const TOPICS: [&str; 10] =
    ["Claim", "Policy", "Renewal", "Assessment", "Invoice", "Minutes", "Forecast", "Contract", "Survey", "Budget"];
const EXTENSIONS: [&str; 4] = ["pdf", "docx", "xlsx", "pptx"];

/// An activity with a file.
struct FileActivity<'a> {
    at: i64,
    person: &'a Person,
    address: &'a str,
    operation: &'a str,
    site: &'a str,
    agent: &'a str,
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let theft_hour = story.travel_at.div_euclid(HOUR) + 1;
    let mut downloads_that_hour = 0;
    let rows = write_days(company, out, b"\n", |day, log| {
        usual_day(company, &mut dice, day, log, |at, operation| {
            downloads_that_hour += u64::from(operation == DOWNLOADED && at.div_euclid(HOUR) == theft_hour);
        });
        if day == story.spray_day {
            let victim = company.person(story.sprayed);
            let parameters = rule_parameters(&[
                ("AlwaysDeleteOutlookRulesBlob", "False"),
                ("Name", "."),
                ("ForwardTo", story.forward_to),
                ("SubjectOrBodyContainsWords", "invoice;payment;iban"),
            ]);
            write_rule(
                company,
                story.forwarding_at,
                victim,
                story.spray_address,
                NEW_RULE,
                &parameters,
                &mut dice,
                log,
            );
        }
        if day == story.travel_at.div_euclid(DAY) {
            for i in 0..story.downloads {
                // From two minutes past the hour on, over 48 minutes.
                let offset = 2 * 60 + 48 * 60 * i / story.downloads.max(1);
                let activity = FileActivity {
                    at: theft_hour * HOUR + offset as i64 * ticks::SECOND + dice.between(0, ticks::SECOND),
                    person: company.person(story.traveller),
                    address: story.travel_address,
                    operation: DOWNLOADED,
                    site: story.site,
                    agent: "python-requests/2.31",
                };
                write_file(company, &activity, &mut dice, log);
            }
        }
    })?;
    let victim = company.person(story.sprayed);
    let thief = company.person(story.traveller);
    let hour = ticks::datetime_text(theft_hour * HOUR);
    let planted = vec![
        Planted::new(
            "forwarding-rule",
            "OfficeActivity",
            format!("A rule of {} forwards mail about payments to {}.", victim.upn, story.forward_to),
            &[("UserId", &victim.upn), ("ClientIP", story.spray_address), ("ForwardTo", story.forward_to)],
        ),
        Planted::new(
            "download-peak",
            "OfficeActivity",
            "In one hour far more files are downloaded than is usual for that hour.".to_string(),
            &[("TimeGenerated", &hour), ("Downloads", &(downloads_that_hour + story.downloads).to_string())],
        ),
        Planted::new(
            "mass-download",
            "OfficeActivity",
            format!("{} downloads {} files of one site within an hour.", thief.upn, story.downloads),
            &[("Site_Url", story.site), ("UserId", &thief.upn)],
        ),
    ];
    Ok(Output { rows, planted })
}

fn usual_day(company: &Company, dice: &mut Dice, day: i64, log: &mut DayLog, mut note: impl FnMut(i64, &'static str)) {
    for (person, n_activities) in company.busy(dice, day, PER_DAY) {
        let office = person.office_on(day);
        for _ in 0..n_activities {
            let at = moment(dice, day, office.zone);
            let address = if !is_weekend(day) && dice.chance(0.7) { office.address } else { &person.home_address };
            let kind = dice.weighted(OPERATIONS.iter().map(|(_, _, weight)| *weight));
            let (operation, workload, _) = OPERATIONS.get(kind).copied().unwrap_or(OPERATIONS[0]);
            note(at, operation);
            if workload == "SharePoint" {
                let site = format!("https://tarnholm.sharepoint.example/sites/{}/", dice.word(&SITES));
                let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Edg/126.0";
                let activity = FileActivity { at, person, address, operation, site: &site, agent };
                write_file(company, &activity, dice, log);
            } else if operation.ends_with("-InboxRule") {
                let parameters = rule_parameters(&[
                    ("Name", "Newsletters"),
                    ("MoveToFolder", "Archive"),
                    ("From", "news@paper.example"),
                ]);
                write_rule(company, at, person, address, operation, &parameters, dice, log);
            } else {
                write_mail(company, at, person, address, operation, dice, log);
            }
        }
    }
}

/// Writes the members that every activity has.
#[expect(clippy::too_many_arguments, reason = "the facts of one row")]
fn begin<'a>(
    company: &Company,
    at: i64,
    person: &Person,
    address: &str,
    operation: &str,
    workload: &str,
    dice: &mut Dice,
    log: &'a mut DayLog,
) -> Object<'a> {
    let record_type = match (workload, operation) {
        ("SharePoint", _) => "SharePointFileOperation",
        (_, "MailItemsAccessed") => "ExchangeItemAggregated",
        (_, "Send") => "ExchangeItem",
        _ => "ExchangeAdmin",
    };
    let mut row = Object::open(log.line(at));
    row.time("TimeGenerated", at)
        .text("Operation", operation)
        .text("OfficeWorkload", workload)
        .text("RecordType", record_type)
        .text("ResultStatus", "Succeeded")
        .text("UserId", &person.upn)
        .text("UserKey", &person.id)
        .text("UserType", "Regular")
        .text("ClientIP", address)
        .text("OfficeId", &dice.guid())
        .text("OrganizationId", &company.tenant_id)
        .text("OrganizationName", DOMAIN);
    row
}

fn end(company: &Company, row: &mut Object<'_>) {
    row.text("TenantId", &company.tenant_id)
        .text("SourceSystem", "OfficeActivityManager")
        .text("Type", "OfficeActivity")
        .close();
}

fn write_file(company: &Company, activity: &FileActivity<'_>, dice: &mut Dice, log: &mut DayLog) {
    let extension = dice.word(&EXTENSIONS);
    let name = format!("{}-{:05}.{extension}", dice.word(&TOPICS), dice.between(1, 90_000));
    let folder = format!("Shared Documents/{}", 2019 + dice.between(0, 7));
    let object = format!("{}{folder}/{name}", activity.site);
    let item = dice.guid();
    let FileActivity { at, person, address, operation, .. } = *activity;
    let mut row = begin(company, at, person, address, operation, "SharePoint", dice, log);
    row.text("Site_Url", activity.site)
        .text("SourceRelativeUrl", &folder)
        .text("SourceFileName", &name)
        .text("SourceFileExtension", extension)
        .text("OfficeObjectId", &object)
        .text("ItemType", "File")
        .text("ListItemUniqueId", &item)
        .text("EventSource", "SharePoint")
        .flag("IsManagedDevice", !activity.agent.starts_with("python"))
        .text("UserAgent", activity.agent);
    end(company, &mut row);
}

fn write_mail(
    company: &Company,
    at: i64,
    person: &Person,
    address: &str,
    operation: &str,
    dice: &mut Dice,
    log: &mut DayLog,
) {
    let folder = if operation == "Send" { "Sent Items" } else { "Inbox" };
    let mut row = begin(company, at, person, address, operation, "Exchange", dice, log);
    row.text("MailboxOwnerUPN", &person.upn)
        .text("Logon_Type", "Owner")
        .number("InternalLogonType", 0)
        .text("Folder", folder)
        .text("ClientInfoString", "Client=REST;Client=RESTSystem;;")
        .text("OriginatingServer", "mail-07.tarnholm.example");
    end(company, &mut row);
}

#[expect(clippy::too_many_arguments, reason = "the facts of one row")]
fn write_rule(
    company: &Company,
    at: i64,
    person: &Person,
    address: &str,
    operation: &str,
    parameters: &str,
    dice: &mut Dice,
    log: &mut DayLog,
) {
    let mut row = begin(company, at, person, address, operation, "Exchange", dice, log);
    row.text("OfficeObjectId", &format!("{}\\rule", person.account))
        .text("Parameters", parameters)
        .text("ExternalAccess", "False")
        .text("OriginatingServer", "mail-07.tarnholm.example");
    end(company, &mut row);
}

/// Returns parameters as the service writes them: an array of names and values.
fn rule_parameters(parameters: &[(&str, &str)]) -> String {
    let items: Vec<String> =
        parameters.iter().map(|(name, value)| texts(&[("Name", name), ("Value", value)])).collect();
    format!("[{}]", items.join(","))
}
