//! `Dynamics365Activity`: what people and the vendor's engineers do with customer records, as JSON lines.

use super::{Output, Sink};
use crate::company::{Company, Person, clock, is_weekend, moment};
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::json::{Object, texts};
use crate::story::Story;
use crate::truth::Planted;
use schema::ticks::{self, DAY, SECOND};
use std::io;

/// Activities of a person on a working day.
const PER_DAY: f64 = 4.0;
/// Customer records of the company.
const RECORDS: usize = 6000;

const INSTANCE: &str = "https://tarnholm.crm.example/";
const MESSAGES: [(&str, u32); 5] =
    [("Retrieve", 55), ("RetrieveMultiple", 18), ("Update", 18), ("Create", 7), ("Delete", 1)];
const ENTITIES: [&str; 4] = ["contact", "account", "incident", "tm_policy"];

/// What someone does with a record.
struct Activity<'a> {
    at: i64,
    person: &'a Person,
    address: &'a str,
    message: &'a str,
    entity: &'a str,
    record: &'a str,
    agent: &'a str,
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let records: Vec<String> = (0..RECORDS).map(|_| dice.guid()).collect();
    let engineer = &company.vendors[0];
    let rows = write_days(company, out, b"\n", |day, log| {
        usual_day(company, story, &records, &mut dice, day, log);
        if day == story.vendor_day {
            plant_reads(company, story, engineer, &mut dice, log);
        }
    })?;
    let planted = Planted::new(
        "vendor-reads",
        "Dynamics365Activity",
        format!(
            "The vendor's engineer {} reads {} customer records in an evening.",
            engineer.upn, story.vendor_records
        ),
        &[
            ("UserId", &engineer.upn),
            ("Day", &ticks::datetime_text(story.vendor_day * DAY)),
            ("Records", &story.vendor_records.to_string()),
        ],
    );
    Ok(Output { rows, planted: vec![planted] })
}

fn usual_day(company: &Company, story: &Story, records: &[String], dice: &mut Dice, day: i64, log: &mut DayLog) {
    for (person, n_activities) in company.busy(dice, day, PER_DAY) {
        let office = person.office_on(day);
        for _ in 0..n_activities {
            let kind = dice.weighted(MESSAGES.iter().map(|(_, weight)| *weight));
            let activity = Activity {
                at: moment(dice, day, office.zone),
                person,
                address: office.address,
                message: MESSAGES.get(kind).map_or("Retrieve", |(message, _)| message),
                entity: dice.word(&ENTITIES),
                record: dice.pick(records).map_or("", String::as_str),
                agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Edg/126.0",
            };
            write_activity(company, &activity, dice, log);
        }
    }
    for (idx, engineer) in company.vendors.iter().enumerate() {
        // On the day of the story its engineer does only what the story says.
        let on_leave = is_weekend(day) || (idx == 0 && day == story.vendor_day);
        let n_activities = if on_leave { 0 } else { dice.count(4.0) };
        for _ in 0..n_activities {
            let activity = Activity {
                at: moment(dice, day, 1),
                person: engineer,
                address: &engineer.home_address,
                message: dice.word(&["Retrieve", "Retrieve", "Update"]),
                entity: "incident",
                record: dice.pick(records).map_or("", String::as_str),
                agent: "Larkfield Support Console/7.2",
            };
            write_activity(company, &activity, dice, log);
        }
    }
}

/// Reads one customer after the other from 19:10 on, each once.
fn plant_reads(company: &Company, story: &Story, engineer: &Person, dice: &mut Dice, log: &mut DayLog) {
    let mut at = clock(story.vendor_day, 19, 10, 0);
    for _ in 0..story.vendor_records {
        at += dice.between(3 * SECOND, 16 * SECOND);
        let record = dice.guid();
        let activity = Activity {
            at,
            person: engineer,
            address: &engineer.home_address,
            message: "Retrieve",
            entity: "contact",
            record: &record,
            agent: "Larkfield Support Console/7.2",
        };
        write_activity(company, &activity, dice, log);
    }
}

fn write_activity(company: &Company, activity: &Activity<'_>, dice: &mut Dice, log: &mut DayLog) {
    let Activity { at, person, address, message, entity, record, agent } = *activity;
    let url = format!("{INSTANCE}main.aspx?etn={entity}&pagetype=entityrecord&id={record}");
    let changed = matches!(message, "Update" | "Create");
    let fields = if changed { texts(&[("Name", "statuscode"), ("Value", "2")]) } else { String::new() };
    let query = if message == "RetrieveMultiple" {
        format!("<fetch><entity name=\"{entity}\"><attribute name=\"fullname\"/></entity></fetch>")
    } else {
        String::new()
    };
    let user_type = if person.department == "Vendor support" { "Admin" } else { "Regular" };
    let mut row = Object::open(log.line(at));
    row.time("TimeGenerated", at)
        .text("ClientIP", address)
        .text("CorrelationId", &dice.guid())
        .text("CrmOrganizationUniqueName", "tarnholmprod")
        .text("EntityId", record)
        .text("EntityName", entity)
        .raw("Fields", &format!("[{fields}]"))
        .text("InstanceUrl", INSTANCE)
        .text("ItemType", "Entity")
        .text("ItemUrl", &url)
        .text("Message", message)
        .text("OfficeWorkload", "CRM")
        .text("Operation", message)
        .text("OrganizationId", &company.tenant_id)
        .text("Query", &query)
        .text("RecordType", "CRM")
        .text("ResultStatus", "Success")
        .text("ServiceName", "CRM")
        .text("SystemUserId", &person.id)
        .text("UserAgent", agent)
        .text("UserId", &person.upn)
        .text("UserType", user_type)
        .text("TenantId", &company.tenant_id)
        .text("SourceSystem", "Azure")
        .text("Type", "Dynamics365Activity")
        .close();
}
