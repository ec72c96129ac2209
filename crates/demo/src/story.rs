//! The incidents of the month: who, when and from where. Each table plants its part.
//!
//! - A password spray ends in one success; with that account a rule forwards mail to the outside.
//! - A session appears on the other side of the world and downloads a document library.
//! - A role is granted at night; the new administrator removes diagnostic settings, makes a shared access signature, and
//!   a storage account is emptied with it.
//! - Someone guesses SSH passwords, and a server sends gigabytes out by night.
//! - A service account logs on to the vault and starts an encoded command.
//! - An engineer of the vendor reads far more customer records than the ticket asks for.

use crate::company::{Company, clock};

const SATURDAY: i64 = 5;
const SUNDAY: i64 = 6;

/// The facts that several tables share. Days are counted from 0001-01-01, instants are ticks.
#[derive(Debug)]
pub struct Story {
    /// A Sunday night.
    pub spray_day: i64,
    pub spray_address: &'static str,
    /// Index of the person whose password is found.
    pub sprayed: usize,
    pub forwarding_at: i64,
    pub forward_to: &'static str,
    pub travel_at: i64,
    pub travel_address: &'static str,
    /// Index of the person whose session is stolen.
    pub traveller: usize,
    pub site: &'static str,
    pub downloads: u64,
    /// A Saturday night.
    pub grant_at: i64,
    pub granted_by: usize,
    pub granted_to: usize,
    pub grant_address: &'static str,
    pub role: &'static str,
    /// The night after the grant.
    pub exfiltration_day: i64,
    pub exfiltration_address: &'static str,
    pub exfiltration_account: &'static str,
    pub blobs: u64,
    pub ssh_day: i64,
    pub ssh_address: &'static str,
    pub ssh_attempts: u64,
    pub upload_day: i64,
    pub vault_day: i64,
    pub vendor_day: i64,
    pub vendor_records: u64,
}

impl Story {
    /// Lays out the story in the company's month.
    pub fn new(company: &Company) -> Story {
        let spray_day = company.weekday_from(9, SUNDAY);
        let grant_day = company.weekday_from(15, SATURDAY);
        Story {
            spray_day,
            spray_address: "192.0.2.44",
            sprayed: 7,
            forwarding_at: clock(spray_day, 4, 12, 31),
            forward_to: "collector@parcel-notices.example",
            travel_at: clock(company.weekday_from(17, 2), 16, 41, 8),
            travel_address: "192.0.2.130",
            traveller: 11,
            site: "https://tarnholm.sharepoint.example/sites/claims-archive/",
            downloads: 640,
            grant_at: clock(grant_day, 22, 47, 19),
            granted_by: 3,
            granted_to: 19,
            grant_address: "192.0.2.161",
            role: "Global Administrator",
            exfiltration_day: grant_day + 1,
            exfiltration_address: "192.0.2.201",
            exfiltration_account: "tmcustomerdocs",
            blobs: 412,
            ssh_day: company.weekday_from(4, 1),
            ssh_address: "192.0.2.87",
            ssh_attempts: 380,
            upload_day: company.weekday_from(12, 3),
            vault_day: company.weekday_from(6, 3),
            vendor_day: company.weekday_from(19, 1),
            vendor_records: 870,
        }
    }
}
