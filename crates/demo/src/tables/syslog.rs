//! `Syslog`: messages of Linux machines, as comma-separated text.

use super::{Output, Sink};
use crate::company::{Company, any_moment, clock};
use crate::csv::write_row;
use crate::day_log::{DayLog, write_days};
use crate::dice::Dice;
use crate::story::Story;
use crate::truth::Planted;
use schema::ticks::{self, SECOND};
use std::io;

/// Messages a day at scale 1.
const PER_DAY: f64 = 1400.0;

const HEADER: [&str; 12] = [
    "TimeGenerated",
    "Computer",
    "EventTime",
    "Facility",
    "HostName",
    "HostIP",
    "ProcessName",
    "ProcessID",
    "SeverityLevel",
    "SyslogMessage",
    "SourceSystem",
    "Type",
];
const HOSTS: [(&str, &str); 5] = [
    ("bastion01", "10.20.1.4"),
    ("app01", "10.20.2.11"),
    ("app02", "10.20.2.14"),
    ("db01", "10.20.3.8"),
    ("proxy01", "10.20.1.9"),
];
/// Accounts that a stranger tries, none of which exists.
const GUESSES: [&str; 8] = ["admin", "root", "oracle", "test", "ubuntu", "postgres", "git", "pi"];

/// A message.
struct Message<'a> {
    at: i64,
    host: (&'a str, &'a str),
    facility: &'a str,
    severity: &'a str,
    process: &'a str,
    text: &'a str,
}

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let mut header = String::new();
    write_row(&mut header, &HEADER);
    out.write_all(header.as_bytes())?;
    let rows = write_days(company, out, b"", |day, log| {
        for _ in 0..company.machine_count(&mut dice, PER_DAY) {
            usual_message(company, &mut dice, day, log);
        }
        if day == story.ssh_day {
            plant_guessing(story, &mut dice, log);
        }
    })?;
    let planted = Planted::new(
        "ssh-guessing",
        "Syslog",
        format!(
            "{} fails {} SSH logons to bastion01 and then gets in as deploy.",
            story.ssh_address, story.ssh_attempts
        ),
        &[("Address", story.ssh_address), ("Attempts", &story.ssh_attempts.to_string()), ("Account", "deploy")],
    );
    Ok(Output { rows, planted: vec![planted] })
}

fn usual_message(company: &Company, dice: &mut Dice, day: i64, log: &mut DayLog) {
    let host = dice.pick(&HOSTS).copied().unwrap_or(HOSTS[0]);
    let at = any_moment(dice, day);
    let port = dice.between(1024, 65_000);
    let (facility, severity, process, text) = match dice.weighted([40, 25, 18, 10, 4, 3].into_iter()) {
        0 => ("cron", "info", "CRON", "(root) CMD (/usr/lib/sysstat/sa1 1 1)".to_string()),
        1 => ("daemon", "info", "systemd", format!("Started session-{}.scope.", dice.between(1, 90_000))),
        2 => {
            let text = format!(
                "[UFW BLOCK] IN=eth0 SRC=198.51.100.{} DST={} PROTO=TCP SPT={port} DPT={}",
                dice.between(2, 250),
                host.1,
                dice.pick(&[22, 23, 445, 3389]).copied().unwrap_or(22)
            );
            ("kern", "warning", "kernel", text)
        }
        3 => {
            let account = &company.member(dice, "IT").account;
            let text =
                format!("Accepted publickey for {account} from 10.20.5.{} port {port} ssh2", dice.between(10, 30));
            ("auth", "info", "sshd", text)
        }
        4 => {
            let account = &company.member(dice, "IT").account;
            (
                "authpriv",
                "notice",
                "sudo",
                format!("{account} : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl restart desk"),
            )
        }
        _ => {
            let text = format!(
                "Failed password for invalid user {} from 198.51.100.{} port {port} ssh2",
                dice.word(&GUESSES),
                dice.between(2, 250)
            );
            ("auth", "warning", "sshd", text)
        }
    };
    write_message(&Message { at, host, facility, severity, process, text: &text }, dice, log);
}

/// One address tries account after account from 02:10 on, and gets in at last.
fn plant_guessing(story: &Story, dice: &mut Dice, log: &mut DayLog) {
    let host = HOSTS[0];
    let mut at = clock(story.ssh_day, 2, 10, 0);
    for i in 0..story.ssh_attempts {
        at += dice.between(SECOND, 6 * SECOND);
        let account = if i % 5 == 0 { "deploy".to_string() } else { format!("invalid user {}", dice.word(&GUESSES)) };
        let text = format!(
            "Failed password for {account} from {} port {} ssh2",
            story.ssh_address,
            dice.between(30_000, 60_000)
        );
        write_message(
            &Message { at, host, facility: "auth", severity: "warning", process: "sshd", text: &text },
            dice,
            log,
        );
    }
    let text = format!("Accepted password for deploy from {} port 50412 ssh2", story.ssh_address);
    at += 4 * SECOND;
    write_message(&Message { at, host, facility: "auth", severity: "info", process: "sshd", text: &text }, dice, log);
}

fn write_message(message: &Message<'_>, dice: &mut Dice, log: &mut DayLog) {
    let (host, address) = message.host;
    let time = ticks::datetime_text(message.at);
    let event_time = ticks::datetime_text(message.at - message.at.rem_euclid(SECOND));
    let process_id = dice.between(300, 99_000).to_string();
    let row = [
        &time,
        host,
        &event_time,
        message.facility,
        host,
        address,
        message.process,
        &process_id,
        message.severity,
        message.text,
        "Linux",
        "Syslog",
    ];
    write_row(log.line(message.at), &row);
}
