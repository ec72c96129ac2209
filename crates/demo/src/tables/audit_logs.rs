//! `AuditLogs`: changes in the directory, as packed JSON lines.

use super::{Output, Sink};
use crate::company::{Company, Person, moment};
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::json::{Object, texts};
use crate::story::Story;
use crate::truth::Planted;
use flate2::Compression;
use flate2::write::GzEncoder;
use schema::ticks::{self, DAY};
use std::io;

/// Changes a day at scale 1.
const PER_DAY: f64 = 160.0;

/// Operations with their categories, services and shares.
const OPERATIONS: [(&str, &str, &str, u32); 8] = [
    ("Update user", "UserManagement", "Core Directory", 40),
    ("Update device", "Device", "Core Directory", 25),
    ("Add member to group", "GroupManagement", "Core Directory", 20),
    ("Reset user password", "UserManagement", "Core Directory", 8),
    ("User registered security info", "UserManagement", "Authentication Methods", 6),
    ("Add app role assignment grant to user", "UserManagement", "Core Directory", 5),
    ("Consent to application", "ApplicationManagement", "Core Directory", 2),
    (ADD_TO_ROLE, "RoleManagement", "Core Directory", 1),
];
const ADD_TO_ROLE: &str = "Add member to role";
const ROLES: [&str; 4] = ["Helpdesk Administrator", "Reports Reader", "User Administrator", "Teams Administrator"];
const GROUPS: [&str; 5] = ["Claims Handlers", "Underwriting EU", "Sales Leads", "Finance Readers", "All Company"];

/// A change: who did it, from where, to whom.
struct Change<'a> {
    at: i64,
    operation: (&'a str, &'a str, &'a str),
    /// A person, or the synchronisation service when `None`.
    actor: Option<&'a Person>,
    address: &'a str,
    target: &'a Person,
    /// Name, old and new value of the changed property.
    property: (&'a str, &'a str, &'a str),
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let mut packed = GzEncoder::new(out, Compression::default());
    let rows = write_days(company, &mut packed, b"\n", |day, log| {
        usual_day(company, &mut dice, day, log);
        if day == story.grant_at.div_euclid(DAY) {
            let change = Change {
                at: story.grant_at,
                operation: (ADD_TO_ROLE, "RoleManagement", "Core Directory"),
                actor: Some(company.person(story.granted_by)),
                address: story.grant_address,
                target: company.person(story.granted_to),
                property: ("Role.DisplayName", "", story.role),
            };
            write_change(company, &change, &mut dice, log);
        }
    })?;
    packed.finish()?;
    let (actor, member) = (company.person(story.granted_by), company.person(story.granted_to));
    let planted = Planted::new(
        "role-by-night",
        "AuditLogs",
        format!("{} makes {} a {} on a Saturday night.", actor.upn, member.upn, story.role),
        &[
            ("TimeGenerated", &ticks::datetime_text(story.grant_at)),
            ("Actor", &actor.upn),
            ("Member", &member.upn),
            ("Role", story.role),
            ("Address", story.grant_address),
        ],
    );
    Ok(Output { rows, planted: vec![planted] })
}

fn usual_day(company: &Company, dice: &mut Dice, day: i64, log: &mut DayLog) {
    let per_day = if crate::company::is_weekend(day) { PER_DAY / 12.0 } else { PER_DAY };
    for _ in 0..company.machine_count(dice, per_day) {
        let operation = dice.weighted(OPERATIONS.iter().map(|(_, _, _, weight)| *weight));
        let (operation, category, service, _) = OPERATIONS.get(operation).copied().unwrap_or(OPERATIONS[0]);
        // Roles are given on working days only.
        if operation == ADD_TO_ROLE && crate::company::is_weekend(day) {
            continue;
        }
        let by_hand = operation == ADD_TO_ROLE || dice.chance(0.6);
        let actor = company.member(dice, "IT");
        let office = actor.office_on(day);
        let at = if operation == ADD_TO_ROLE {
            crate::company::clock(day, dice.between(8, 17), dice.between(0, 60), dice.between(0, 60))
        } else {
            moment(dice, day, office.zone)
        };
        let target = company.person(dice.index(company.people.len()));
        let property = match operation {
            ADD_TO_ROLE => ("Role.DisplayName", "", dice.word(&ROLES)),
            "Add member to group" => ("Group.DisplayName", "", dice.word(&GROUPS)),
            "Reset user password" => ("LastPasswordChangeTimestamp", "", "changed"),
            "Consent to application" => ("ConsentContext.IsAdminConsent", "", "False"),
            "Update device" => ("DeviceOSVersion", "10.0.22631.3447", "10.0.22631.3593"),
            _ => ("Department", "", target.department),
        };
        let change = Change {
            at,
            operation: (operation, category, service),
            actor: by_hand.then_some(actor),
            address: office.address,
            target,
            property,
        };
        write_change(company, &change, dice, log);
    }
}

fn write_change(company: &Company, change: &Change<'_>, dice: &mut Dice, log: &mut DayLog) {
    let (operation, category, service) = change.operation;
    let initiated_by = match change.actor {
        Some(actor) => {
            let user = texts(&[
                ("id", &actor.id),
                ("displayName", &actor.name),
                ("userPrincipalName", &actor.upn),
                ("ipAddress", change.address),
            ]);
            format!("{{\"user\":{user}}}")
        }
        None => {
            let app =
                texts(&[("displayName", "People Directory Sync"), ("servicePrincipalId", &company.subscription_id)]);
            format!("{{\"app\":{app}}}")
        }
    };
    let id = dice.guid();
    let correlation = dice.guid();
    let mut row = Object::open(log.line(change.at));
    row.time("TimeGenerated", change.at)
        .text("AADOperationType", if operation.starts_with("Add") { "Assign" } else { "Update" })
        .text("AADTenantId", &company.tenant_id)
        .time("ActivityDateTime", change.at)
        .text("ActivityDisplayName", operation)
        .raw("AdditionalDetails", "[{\"key\":\"User-Agent\",\"value\":\"directory/2.1\"}]")
        .text("Category", category)
        .text("CorrelationId", &correlation)
        .text("Id", &format!("Directory_{id}"))
        .text("Identity", change.actor.map_or("People Directory Sync", |actor| &actor.name))
        .raw("InitiatedBy", &initiated_by)
        .text("Level", "4")
        .text("LoggedByService", service)
        .text("OperationName", operation)
        .text("OperationVersion", "1.0")
        .text("Result", "success")
        .text("ResultReason", "")
        .raw("TargetResources", &target_resources(change))
        .text("TenantId", &company.tenant_id)
        .text("SourceSystem", "Azure AD")
        .text("Type", "AuditLogs")
        .close();
}

/// Returns the person who was changed, and with a role that role too, as an array.
fn target_resources(change: &Change<'_>) -> String {
    let (name, old, new) = change.property;
    // The service writes property values as JSON in a text.
    let property = texts(&[("displayName", name), ("oldValue", &quoted(old)), ("newValue", &quoted(new))]);
    let mut out = String::from("[");
    Object::open(&mut out)
        .text("id", &change.target.id)
        .text("displayName", &change.target.name)
        .text("type", "User")
        .text("userPrincipalName", &change.target.upn)
        .raw("modifiedProperties", &format!("[{property}]"))
        .close();
    if name == "Role.DisplayName" {
        out.push(',');
        Object::open(&mut out).text("displayName", new).text("type", "Role").raw("modifiedProperties", "[]").close();
    }
    out.push(']');
    out
}

fn quoted(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("\"{value}\"") }
}
