//! `SigninLogs`: people's sign-ins, as JSON lines with the columns of Log Analytics.

use super::{Output, Sink};
use crate::company::{BUCHAREST, Company, OFFICES, Person, Place, SINGAPORE, clock, moment};
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::json::{Object, texts};
use crate::story::Story;
use crate::truth::Planted;
use schema::ticks::{self, DAY, MINUTE, SECOND};
use std::io;

/// Sign-ins of a person on a working day.
const PER_DAY: f64 = 5.0;

/// Display names and identifiers of applications, with their shares.
const APPS: [(&str, &str, &str, u32); 7] = [
    ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online", 28),
    ("Office 365 SharePoint Online", "00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online", 24),
    ("Microsoft Teams", "1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Graph", 22),
    ("Dynamics 365", "00000007-0000-0000-c000-000000000000", "Dataverse", 14),
    ("Azure Portal", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Windows Azure Service Management API", 3),
    ("Claims Desk", "5a6f2a0e-9d3b-4a55-8f43-2f6f3c1de0aa", "Claims Desk", 7),
    ("Expenses", "b0a1c8b7-3c62-4b0e-a2d8-7f0f52b7c9d1", "Expenses", 2),
];
const EXCHANGE: usize = 0;
const SHAREPOINT: usize = 1;
const DYNAMICS: usize = 3;

/// Result codes with their texts and shares.
const RESULTS: [(&str, &str, u32); 5] = [
    ("0", "", 920),
    ("50126", WRONG_PASSWORD, 32),
    ("50074", "Multifactor authentication is required and was not completed.", 22),
    ("50140", "Interrupted to ask whether to stay signed in.", 21),
    ("50055", "The password has expired.", 5),
];
const WRONG_PASSWORD: &str = "Wrong user name or password.";
const LOCKED: &str = "The account is locked after too many attempts with a wrong password.";

const AGENTS: [(&str, &str, &str); 3] = [
    ("Windows 11", "Edge 126.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Edg/126.0"),
    ("Windows 11", "Chrome 126.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0"),
    (
        "iOS 17",
        "Mobile Safari 17.5",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 Safari/604.1",
    ),
];

/// One attempt to sign in.
struct Signin<'a> {
    at: i64,
    person: &'a Person,
    place: &'a Place,
    address: &'a str,
    app: usize,
    result: (&'a str, &'a str),
    client: &'a str,
    risk: &'a str,
    user_type: &'a str,
    /// From a device that the company manages.
    managed: bool,
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let mut failed_on_spray_day = 0;
    let mut spray = Spray::default();
    let rows = write_days(company, out, b"\n", |day, log| {
        let failed = usual_day(company, story, &mut dice, day, log);
        if day == story.spray_day {
            spray = plant_spray(company, story, &mut dice, log);
            failed_on_spray_day = failed + spray.failures;
        }
        if day == ticks_day(story.travel_at) {
            plant_travel(company, story, &mut dice, log);
        }
    })?;
    let victim = company.person(story.sprayed);
    let traveller = company.person(story.traveller);
    let planted = vec![
        Planted::new(
            "failed-day",
            "SigninLogs",
            "On one Sunday more sign-ins fail than on any other day.".to_string(),
            &[
                ("TimeGenerated", &ticks::datetime_text(story.spray_day * DAY)),
                ("Failed", &failed_on_spray_day.to_string()),
            ],
        ),
        Planted::new(
            "password-spray",
            "SigninLogs",
            format!(
                "{} guesses passwords of {} accounts in 40 minutes and at last signs in as {}.",
                story.spray_address, spray.accounts, victim.upn
            ),
            &[
                ("IPAddress", story.spray_address),
                ("UserPrincipalName", &victim.upn),
                ("Failures", &spray.failures.to_string()),
                ("Accounts", &spray.accounts.to_string()),
            ],
        ),
        Planted::new(
            "impossible-travel",
            "SigninLogs",
            format!("{} signs in in {} 35 minutes after London.", traveller.upn, SINGAPORE.city),
            &[("UserPrincipalName", &traveller.upn), ("From", "London"), ("To", SINGAPORE.city)],
        ),
    ];
    Ok(Output { rows, planted })
}

fn ticks_day(instant: i64) -> i64 {
    instant.div_euclid(DAY)
}

/// Writes what happens on any day and returns how many sign-ins failed.
fn usual_day(company: &Company, story: &Story, dice: &mut Dice, day: i64, log: &mut DayLog) -> u64 {
    let mut failed = 0;
    let traveller = company.person(story.traveller);
    for (person, n_signins) in company.busy(dice, day, PER_DAY) {
        let office = person.office_on(day);
        for _ in 0..n_signins {
            let at = moment(dice, day, office.zone);
            let at_office = !crate::company::is_weekend(day) && dice.chance(0.7);
            let result = dice.weighted(RESULTS.iter().map(|(_, _, weight)| *weight));
            let app = dice.weighted(APPS.iter().map(|(_, _, _, weight)| *weight));
            let managed = dice.chance(0.85);
            // The stolen session is planted: on its day the person signs in where and when the story says.
            if std::ptr::eq(person, traveller) && day == ticks_day(story.travel_at) {
                continue;
            }
            let (code, description, _) = RESULTS.get(result).copied().unwrap_or(RESULTS[0]);
            failed += u64::from(code != "0");
            let signin = Signin {
                at,
                person,
                place: &office.place,
                address: if at_office { office.address } else { &person.home_address },
                app,
                result: (code, description),
                client: if managed { "Mobile Apps and Desktop clients" } else { "Browser" },
                risk: if dice.chance(0.004) { "low" } else { "none" },
                user_type: "Member",
                managed,
            };
            write_signin(company, &signin, dice, log);
        }
    }
    for engineer in &company.vendors {
        if !crate::company::is_weekend(day) && dice.chance(0.5) {
            let signin = Signin {
                at: moment(dice, day, 1),
                person: engineer,
                place: &OFFICES[1].place,
                address: &engineer.home_address,
                app: DYNAMICS,
                result: ("0", ""),
                client: "Browser",
                risk: "none",
                user_type: "Guest",
                managed: false,
            };
            write_signin(company, &signin, dice, log);
        }
    }
    failed
}

#[derive(Default)]
struct Spray {
    failures: u64,
    accounts: u64,
}

/// Three rounds of guesses over many accounts, from 03:05 to 03:44; the last of the third is right.
fn plant_spray(company: &Company, story: &Story, dice: &mut Dice, log: &mut DayLog) -> Spray {
    let n_accounts = company.people.len().min(150);
    let mut failures = 0;
    let mut attempt = |dice: &mut Dice, at: i64, idx: usize, result: (&str, &str), risk: &str| {
        let signin = Signin {
            at,
            person: company.person(idx),
            place: &BUCHAREST,
            address: story.spray_address,
            app: EXCHANGE,
            result,
            client: "IMAP4",
            risk,
            user_type: "Member",
            managed: false,
        };
        write_signin(company, &signin, dice, log);
    };
    for round in 0..3 {
        let start = clock(story.spray_day, 3, 5 + 13 * round, 0);
        for idx in 0..n_accounts {
            let at = start + 12 * MINUTE * idx as i64 / n_accounts as i64 + dice.between(0, SECOND);
            let result = if round == 2 && dice.chance(0.1) { ("50053", LOCKED) } else { ("50126", WRONG_PASSWORD) };
            attempt(dice, at, idx, result, "low");
            failures += 1;
        }
    }
    attempt(dice, clock(story.spray_day, 3, 47, 12), story.sprayed, ("0", ""), "medium");
    Spray { failures, accounts: n_accounts as u64 }
}

/// A sign-in at the office in London, and 35 minutes later one on the other side of the world.
fn plant_travel(company: &Company, story: &Story, dice: &mut Dice, log: &mut DayLog) {
    let person = company.person(story.traveller);
    let mut signin = Signin {
        at: story.travel_at - 35 * MINUTE,
        person,
        place: &OFFICES[0].place,
        address: OFFICES[0].address,
        app: SHAREPOINT,
        result: ("0", ""),
        client: "Browser",
        risk: "none",
        user_type: "Member",
        managed: true,
    };
    write_signin(company, &signin, dice, log);
    signin.at = story.travel_at;
    (signin.place, signin.address, signin.risk, signin.managed) = (&SINGAPORE, story.travel_address, "high", false);
    write_signin(company, &signin, dice, log);
}

fn write_signin(company: &Company, signin: &Signin<'_>, dice: &mut Dice, log: &mut DayLog) {
    let person = signin.person;
    let (app, app_id, resource, _) = APPS.get(signin.app).copied().unwrap_or(APPS[0]);
    let (code, description) = signin.result;
    let succeeded = code == "0";
    let legacy = signin.client == "IMAP4";
    let (system, browser, agent) = if signin.managed { AGENTS[0] } else { *dice.pick(&AGENTS).unwrap_or(&AGENTS[1]) };
    let risk_state = if signin.risk == "none" { "none" } else { "atRisk" };
    let conditional_access = match (succeeded, legacy) {
        (_, true) => "notApplied",
        (true, false) => "success",
        (false, false) => "failure",
    };
    let requirement =
        if legacy || dice.chance(0.35) { "singleFactorAuthentication" } else { "multiFactorAuthentication" };
    let request_id = dice.guid();
    let mut row = Object::open(log.line(signin.at));
    row.time("TimeGenerated", signin.at)
        .text("OperationName", "Sign-in activity")
        .text("Category", "SignInLogs")
        .text("ResultType", code)
        .text("ResultSignature", if succeeded { "SUCCESS" } else { "FAILURE" })
        .text("ResultDescription", description)
        .number("DurationMs", dice.between(40, 900))
        .text("CorrelationId", &dice.guid())
        .text("Id", &request_id)
        .text("Identity", &person.name)
        .text("Level", "4")
        .text("Location", signin.place.country)
        .text("AppDisplayName", app)
        .text("AppId", app_id)
        .text("AuthenticationRequirement", requirement)
        .text("AutonomousSystemNumber", signin.place.asn)
        .text("ClientAppUsed", if legacy { "IMAP4" } else { signin.client })
        .text("ConditionalAccessStatus", conditional_access)
        .time("CreatedDateTime", signin.at)
        .raw("DeviceDetail", &device_detail(signin, system, browser))
        .text("IPAddress", signin.address)
        .flag("IsInteractive", true)
        .raw("LocationDetails", &location_details(signin.place))
        .text("ResourceDisplayName", resource)
        .text("ResourceTenantId", &company.tenant_id)
        .text("HomeTenantId", &company.tenant_id)
        .text("RiskLevelDuringSignIn", signin.risk)
        .text("RiskLevelAggregated", signin.risk)
        .text("RiskState", risk_state)
        .raw("Status", &status(code, description, requirement))
        .text("UserAgent", if legacy { "" } else { agent })
        .text("UserDisplayName", &person.name)
        .text("UserId", &person.id)
        .text("UserPrincipalName", &person.upn)
        .text("UserType", signin.user_type)
        .text("AADTenantId", &company.tenant_id)
        .text("TenantId", &company.tenant_id)
        .text("SourceSystem", "Azure AD")
        .text("Type", "SigninLogs")
        .close();
}

fn device_detail(signin: &Signin<'_>, system: &str, browser: &str) -> String {
    let mut out = String::new();
    let mut device = Object::open(&mut out);
    if signin.managed {
        device
            .text("deviceId", &signin.person.device_id)
            .text("displayName", &signin.person.device)
            .flag("isCompliant", true)
            .flag("isManaged", true)
            .text("trustType", "Azure AD joined");
    } else {
        device.text("deviceId", "").flag("isCompliant", false).flag("isManaged", false);
    }
    device.text("operatingSystem", system).text("browser", browser).close();
    out
}

fn location_details(place: &Place) -> String {
    let coordinates = format!("{{\"latitude\":{},\"longitude\":{}}}", place.latitude, place.longitude);
    let mut out = String::new();
    Object::open(&mut out)
        .text("city", place.city)
        .text("state", place.state)
        .text("countryOrRegion", place.country)
        .raw("geoCoordinates", &coordinates)
        .close();
    out
}

fn status(code: &str, description: &str, requirement: &str) -> String {
    if code == "0" {
        let detail =
            if requirement.starts_with("multi") { "MFA requirement satisfied by claim in the token" } else { "" };
        return format!("{{\"errorCode\":0,\"additionalDetails\":\"{detail}\"}}");
    }
    let reason = texts(&[("failureReason", description)]);
    // The code goes first, as the service writes it.
    format!("{{\"errorCode\":{code},{}", reason.trim_start_matches('{'))
}
