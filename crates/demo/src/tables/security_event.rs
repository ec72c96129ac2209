//! `SecurityEvent`: logons and started processes of Windows machines, as JSON lines.

use super::{Output, Sink};
use crate::company::{Company, any_moment, clock, moment};
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::json::Object;
use crate::story::Story;
use crate::truth::Planted;
use std::io;

/// Events of a person on a working day, and of servers a day at scale 1.
const PER_DAY: f64 = 3.5;
const SERVERS_PER_DAY: f64 = 260.0;

const DOMAIN: &str = "TARNHOLM";
pub const VAULT: &str = "VAULT01.tarnholm.example";
const SERVERS: [&str; 5] =
    ["DC01.tarnholm.example", "DC02.tarnholm.example", "FS01.tarnholm.example", "APP01.tarnholm.example", VAULT];
const SERVICES: [&str; 3] = ["svc-backup", "svc-scan", "svc-deploy"];
const PROCESSES: [(&str, &str); 5] = [
    ("C:\\Windows\\System32\\svchost.exe", "C:\\Windows\\System32\\svchost.exe -k netsvcs -p"),
    ("C:\\Program Files\\Claims Desk\\desk.exe", "\"C:\\Program Files\\Claims Desk\\desk.exe\" /tray"),
    ("C:\\Windows\\System32\\cmd.exe", "cmd.exe /c gpupdate"),
    ("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "powershell.exe -File C:\\Ops\\inventory.ps1"),
    ("C:\\Windows\\System32\\notepad.exe", "notepad.exe"),
];
const POWERSHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
const VAULT_FROM: &str = "10.20.9.17";

/// What happened on a machine.
enum Happening<'a> {
    /// Logon type and address.
    Logon(i64, &'a str),
    FailedLogon(i64, &'a str),
    /// Path and command line.
    Started(&'a str, &'a str),
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    // UTF-16 in Base64, as PowerShell wants it: "iwr pull.parcel-notices.example".
    let command = format!(
        "powershell.exe -NoProfile -WindowStyle Hidden -EncodedCommand {}",
        utf16_base64("iwr pull.parcel-notices.example")
    );
    let rows = write_days(company, out, b"\n", |day, log| {
        usual_day(company, &mut dice, day, log);
        if day == story.vault_day {
            let mut plant = |hour, minute, second, happening| {
                write_event(company, clock(day, hour, minute, second), VAULT, "svc-backup", &happening, &mut dice, log);
            };
            plant(1, 12, 3, Happening::FailedLogon(10, VAULT_FROM));
            plant(1, 12, 40, Happening::FailedLogon(10, VAULT_FROM));
            plant(1, 14, 9, Happening::Logon(10, VAULT_FROM));
            plant(1, 16, 55, Happening::Started(POWERSHELL, &command));
        }
    })?;
    let planted = Planted::new(
        "encoded-command",
        "SecurityEvent",
        format!("svc-backup logs on to {VAULT} from {VAULT_FROM} by remote desktop and starts an encoded command."),
        &[("Computer", VAULT), ("Account", "TARNHOLM\\svc-backup"), ("IpAddress", VAULT_FROM)],
    );
    Ok(Output { rows, planted: vec![planted] })
}

fn usual_day(company: &Company, dice: &mut Dice, day: i64, log: &mut DayLog) {
    for (person, n_events) in company.busy(dice, day, PER_DAY) {
        let zone = person.office_on(day).zone;
        let computer = format!("{}.tarnholm.example", person.device);
        for _ in 0..n_events {
            let at = moment(dice, day, zone);
            let address = format!("10.30.{}.{}", dice.between(0, 8), dice.between(4, 250));
            match dice.weighted([30, 4, 20, 46].into_iter()) {
                0 => write_event(company, at, &computer, &person.account, &Happening::Logon(2, "127.0.0.1"), dice, log),
                1 => write_event(
                    company,
                    at,
                    &computer,
                    &person.account,
                    &Happening::FailedLogon(2, "127.0.0.1"),
                    dice,
                    log,
                ),
                2 => write_event(company, at, SERVERS[2], &person.account, &Happening::Logon(3, &address), dice, log),
                _ => start_something(company, at, &computer, &person.account, dice, log),
            }
        }
    }
    for _ in 0..company.machine_count(dice, SERVERS_PER_DAY) {
        let at = any_moment(dice, day);
        let server = dice.word(&SERVERS);
        let service = dice.word(&SERVICES);
        match dice.weighted([50, 8, 2, 40].into_iter()) {
            0 => write_event(company, at, server, service, &Happening::Logon(5, "-"), dice, log),
            // Administrators work on servers by remote desktop, with accounts of their own.
            1 => {
                let account = format!("adm-{}", company.member(dice, "IT").account);
                let address = format!("10.20.5.{}", dice.between(10, 30));
                write_event(company, at, server, &account, &Happening::Logon(10, &address), dice, log);
            }
            2 => write_event(company, at, server, service, &Happening::FailedLogon(3, "10.20.4.12"), dice, log),
            _ => start_something(company, at, server, service, dice, log),
        }
    }
}

fn start_something(company: &Company, at: i64, computer: &str, account: &str, dice: &mut Dice, log: &mut DayLog) {
    let (path, line) = dice.pick(&PROCESSES).copied().unwrap_or(PROCESSES[0]);
    write_event(company, at, computer, account, &Happening::Started(path, line), dice, log);
}

fn write_event(
    company: &Company,
    at: i64,
    computer: &str,
    account: &str,
    happening: &Happening<'_>,
    dice: &mut Dice,
    log: &mut DayLog,
) {
    let full_account = format!("{DOMAIN}\\{account}");
    let (id, activity) = match happening {
        Happening::Logon(..) => (4624, "4624 - An account was successfully logged on."),
        Happening::FailedLogon(..) => (4625, "4625 - An account failed to log on."),
        Happening::Started(..) => (4688, "4688 - A new process has been created."),
    };
    let mut row = Object::open(log.line(at));
    row.time("TimeGenerated", at)
        .text("Computer", computer)
        .text("Channel", "Security")
        .text("EventSourceName", "Microsoft-Windows-Security-Auditing")
        .number("EventID", id)
        .text("Activity", activity)
        .text("EventRecordId", &dice.between(1_000_000, 90_000_000).to_string())
        .text("Account", &full_account)
        .text("AccountType", "User");
    match happening {
        Happening::Logon(logon_type, address) | Happening::FailedLogon(logon_type, address) => {
            row.text("TargetAccount", &full_account)
                .text("TargetUserName", account)
                .text("TargetDomainName", DOMAIN)
                .number("LogonType", *logon_type)
                .text("LogonTypeName", &format!("{logon_type} - {}", logon_type_name(*logon_type)))
                .text("IpAddress", address)
                .text("IpPort", &dice.between(49_152, 65_535).to_string())
                .text("AuthenticationPackageName", if *logon_type == 3 { "Kerberos" } else { "Negotiate" })
                .text("TargetLogonId", &format!("0x{:x}", dice.between(0x10_0000, 0xFFF_FFFF)));
            if id == 4625 {
                row.text("Status", "0xc000006d").text("SubStatus", "0xc000006a");
            }
        }
        Happening::Started(path, line) => {
            row.text("SubjectAccount", &full_account)
                .text("SubjectUserName", account)
                .text("SubjectDomainName", DOMAIN)
                .text("NewProcessId", &format!("0x{:x}", dice.between(0x400, 0xFFFF)))
                .text("NewProcessName", path)
                .text("Process", path.rsplit('\\').next().unwrap_or(path))
                .text("ParentProcessName", "C:\\Windows\\explorer.exe")
                .text("CommandLine", line);
        }
    }
    row.text("TenantId", &company.tenant_id).text("SourceSystem", "OpsManager").text("Type", "SecurityEvent").close();
}

fn logon_type_name(logon_type: i64) -> &'static str {
    match logon_type {
        2 => "Interactive",
        3 => "Network",
        5 => "Service",
        _ => "RemoteInteractive",
    }
}

/// Returns the Base64 text of a text's UTF-16 code units, the lower byte first.
fn utf16_base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (group >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn commands_are_encoded() {
        assert_eq!(super::utf16_base64("dir"), "ZABpAHIA");
        assert_eq!(super::utf16_base64("ls"), "bABzAA==");
        assert_eq!(super::utf16_base64("l"), "bAA=");
    }
}
