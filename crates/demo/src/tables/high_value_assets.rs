//! `HighValueAssets`: a small watchlist of what matters most, as comma-separated text.

use super::{Output, Sink};
use crate::company::Company;
use crate::csv::write_row;
use crate::dice::Dice;
use crate::story::Story;
use std::io;

pub fn write(company: &Company, story: &Story, mut dice: Dice, out: Sink<'_>) -> io::Result<Output> {
    let assets = [
        (super::security_event::VAULT, "server", "1", "Keys and certificates"),
        ("DC01.tarnholm.example", "server", "1", "Domain controller"),
        ("DC02.tarnholm.example", "server", "1", "Domain controller"),
        (story.exfiltration_account, "storage account", "1", "Letters to customers, with bank details"),
        (story.site, "site", "2", "Closed claims since 2019"),
        ("tmbackup", "storage account", "2", "Nightly backups"),
        ("FS01.tarnholm.example", "server", "3", "File shares"),
    ];
    let mut text = String::new();
    write_row(&mut text, &["Asset", "Kind", "Tier", "Owner", "Note"]);
    for (asset, kind, tier, note) in assets {
        write_row(&mut text, &[asset, kind, tier, &company.member(&mut dice, "IT").upn, note]);
    }
    out.write_all(text.as_bytes())?;
    Ok(Output { rows: assets.len() as u64, planted: Vec::new() })
}
