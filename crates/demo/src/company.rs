//! The company: its people, where they work, and when.

use crate::dice::Dice;
use schema::ticks::{DAY, HOUR, MINUTE, SECOND};
use std::ops::Range;

pub const NAME: &str = "Tarnholm Mutual";
pub const DOMAIN: &str = "tarnholm.example";
/// The maker of the customer system, whose engineers give support.
pub const VENDOR_DOMAIN: &str = "larkfield.example";

/// A place from which people sign in.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub city: &'static str,
    pub state: &'static str,
    pub country: &'static str,
    pub latitude: f64,
    pub longitude: f64,
    /// Number of the autonomous system (documentation range).
    pub asn: &'static str,
}

/// An office: a place, its public address and its time zone.
#[derive(Debug)]
pub struct Office {
    pub place: Place,
    pub address: &'static str,
    /// Hours ahead of UTC.
    pub zone: i64,
}

const fn place(
    city: &'static str,
    state: &'static str,
    country: &'static str,
    at: (f64, f64),
    asn: &'static str,
) -> Place {
    Place { city, state, country, latitude: at.0, longitude: at.1, asn }
}

pub const OFFICES: [Office; 3] = [
    Office { place: place("London", "England", "GB", (51.507, -0.128), "64496"), address: "203.0.113.10", zone: 0 },
    Office {
        place: place("Amsterdam", "Noord-Holland", "NL", (52.37, 4.895), "64496"),
        address: "203.0.113.74",
        zone: 1,
    },
    Office { place: place("Hamburg", "Hamburg", "DE", (53.551, 9.993), "64496"), address: "203.0.113.138", zone: 1 },
];
/// Where the planted incidents come from.
pub const BUCHAREST: Place = place("Bucharest", "Bucuresti", "RO", (44.433, 26.1), "64501");
pub const SINGAPORE: Place = place("Singapore", "Central Singapore", "SG", (1.29, 103.85), "64502");

const FIRST_NAMES: [&str; 48] = [
    "Ada", "Amira", "Anders", "Anouk", "Arjun", "Beatriz", "Bram", "Carmen", "Cedric", "Chidi", "Daan", "Deniz",
    "Eilidh", "Elif", "Emil", "Farah", "Femke", "Finn", "Giulia", "Hanna", "Hugo", "Ines", "Ivo", "Jasper", "Jonas",
    "Kaya", "Kwame", "Lars", "Leila", "Lotte", "Maeve", "Marek", "Mei", "Milan", "Nadia", "Niamh", "Noor", "Oskar",
    "Petra", "Priya", "Quentin", "Rosa", "Samir", "Sanne", "Tariq", "Tilda", "Viktor", "Yusuf",
];
const LAST_NAMES: [&str; 52] = [
    "Achterberg",
    "Adeyemi",
    "Ashdown",
    "Bakker",
    "Barlow",
    "Bergmann",
    "Brandt",
    "Calder",
    "Carvalho",
    "Corrigan",
    "Dekker",
    "Demir",
    "Drummond",
    "Eriksen",
    "Falk",
    "Fairburn",
    "Farouk",
    "Gallagher",
    "Ghosh",
    "Haas",
    "Hartley",
    "Hoekstra",
    "Iqbal",
    "Jansen",
    "Kaplan",
    "Kessler",
    "Kowalski",
    "Lindgren",
    "Lowell",
    "Mahmoud",
    "Marchetti",
    "Mensah",
    "Moreau",
    "Nair",
    "Nolan",
    "Okafor",
    "Oduya",
    "Pereira",
    "Petrov",
    "Quist",
    "Rademaker",
    "Rahman",
    "Sandoval",
    "Schreiber",
    "Sinclair",
    "Tanaka",
    "Thorne",
    "Ullman",
    "Vasquez",
    "Visser",
    "Whitlock",
    "Zeller",
];
const DEPARTMENTS: [(&str, u32); 7] =
    [("Claims", 30), ("Underwriting", 22), ("Sales", 18), ("Finance", 12), ("People", 5), ("Legal", 5), ("IT", 8)];

/// Someone who works for the company or for its vendor.
#[derive(Debug)]
pub struct Person {
    /// User principal name.
    pub upn: String,
    pub name: String,
    /// Account name in the Windows domain.
    pub account: String,
    pub id: String,
    pub department: &'static str,
    pub office: usize,
    pub device: String,
    pub device_id: String,
    pub home_address: String,
    /// How much they do; the mean is about 1.
    pub weight: f64,
    /// Days on which they work from another office.
    pub trip: Range<i64>,
    pub trip_office: usize,
}

impl Person {
    /// Returns the office whose city they are in on a day.
    pub fn office_on(&self, day: i64) -> &'static Office {
        let idx = if self.trip.contains(&day) { self.trip_office } else { self.office };
        OFFICES.get(idx).unwrap_or(&OFFICES[0])
    }
}

/// The company and the days of its logs.
#[derive(Debug)]
pub struct Company {
    pub tenant_id: String,
    pub subscription_id: String,
    pub people: Vec<Person>,
    /// Support engineers of the vendor.
    pub vendors: Vec<Person>,
    /// Share of a person's usual activity that is logged: below 1 only where the scale leaves less than a company.
    pub intensity: f64,
    first_day: i64,
    n_days: i64,
}

/// People at scale 1, and the fewest: the story needs that many.
const PEOPLE: f64 = 240.0;
const PEOPLE_MIN: f64 = 48.0;

/// How likely each hour of a working day is for something that a person does, by local time. Nobody works at night.
const HOURS: [u32; 24] = [0, 0, 0, 0, 0, 0, 1, 6, 30, 52, 55, 50, 30, 38, 52, 50, 44, 28, 10, 5, 4, 3, 1, 0];

impl Company {
    /// Makes the company of a seed.
    pub fn new(seed: u64, scale: f64, first_day: i64, n_days: i64) -> Company {
        let mut dice = Dice::new(seed, "company");
        let n_people = (PEOPLE * scale).max(PEOPLE_MIN).round();
        let intensity = (PEOPLE * scale / n_people).min(1.0);
        let days = first_day..first_day + n_days;
        let tenant_id = dice.guid();
        let subscription_id = dice.guid();
        let people = (0..n_people as usize).map(|idx| employee(&mut dice, idx, &days)).collect();
        let vendors = (0..3).map(|idx| engineer(&mut dice, idx, &days)).collect();
        Company { tenant_id, subscription_id, people, vendors, intensity, first_day, n_days }
    }

    /// Returns the days, counted from 0001-01-01.
    pub fn days(&self) -> Range<i64> {
        self.first_day..self.first_day + self.n_days
    }

    /// Returns the first day at or after the `n`-th (counted from 0) that is this day of the week, 0 being Monday.
    pub fn weekday_from(&self, n: i64, weekday: i64) -> i64 {
        let day = self.first_day + n;
        day + (weekday - day).rem_euclid(7)
    }

    /// Returns how many things of a kind a person does on a day, when `per_day` is the mean of working days.
    pub fn count_on(&self, dice: &mut Dice, day: i64, per_day: f64, weight: f64) -> u64 {
        let rhythm = if is_weekend(day) { 0.06 } else { 1.0 };
        dice.count(per_day * weight * rhythm * self.intensity)
    }

    /// Returns the people whose activity is logged for a day, each with how many things they do.
    pub fn busy<'a>(&'a self, dice: &mut Dice, day: i64, per_day: f64) -> Vec<(&'a Person, u64)> {
        self.people.iter().map(|person| (person, self.count_on(dice, day, per_day, person.weight))).collect()
    }

    /// Returns the person at a place in the list; there are at least [`PEOPLE_MIN`], and places wrap around.
    pub fn person(&self, idx: usize) -> &Person {
        &self.people[idx % self.people.len()]
    }

    /// Returns one of those who work in a department, or of all when nobody does.
    pub fn member(&self, dice: &mut Dice, department: &str) -> &Person {
        let members = self.people.iter().filter(|person| person.department == department);
        let n_members = members.clone().count();
        let place = dice.index(n_members);
        members.into_iter().nth(place).unwrap_or_else(|| self.person(0))
    }

    /// Returns how many things machines do on a day, when `per_day` is the mean at scale 1.
    pub fn machine_count(&self, dice: &mut Dice, per_day: f64) -> u64 {
        dice.count(per_day * self.intensity * self.people.len() as f64 / PEOPLE)
    }
}

pub fn is_weekend(day: i64) -> bool {
    day.rem_euclid(7) >= 5
}

/// Returns an instant of a day at which people work, `zone` hours ahead of UTC.
pub fn moment(dice: &mut Dice, day: i64, zone: i64) -> i64 {
    let hour = dice.weighted(HOURS.iter().copied()) as i64;
    day * DAY + (hour - zone) * HOUR + dice.between(0, HOUR)
}

/// Returns any instant of a day, for machines.
pub fn any_moment(dice: &mut Dice, day: i64) -> i64 {
    day * DAY + dice.between(0, DAY)
}

/// Returns the instant of a day at an hour, minute and second (UTC).
pub fn clock(day: i64, hour: i64, minute: i64, second: i64) -> i64 {
    day * DAY + hour * HOUR + minute * MINUTE + second * SECOND
}

fn employee(dice: &mut Dice, idx: usize, days: &Range<i64>) -> Person {
    // Every pair of names once (48 and 52 share the factor 4, so a shift a lap of 624), then numbers.
    let n_pairs = FIRST_NAMES.len() * LAST_NAMES.len();
    let lap = idx % n_pairs / 624;
    let first = FIRST_NAMES.get(idx % FIRST_NAMES.len()).copied().unwrap_or("Ada");
    let last = LAST_NAMES.get((idx + lap) % LAST_NAMES.len()).copied().unwrap_or("Falk");
    let number = if idx < n_pairs { String::new() } else { (idx / n_pairs + 1).to_string() };
    let department = DEPARTMENTS.get(dice.weighted(DEPARTMENTS.iter().map(|(_, weight)| *weight)));
    let office = dice.weighted([55, 25, 20].into_iter());
    let trip_start = days.start + dice.between(0, 26);
    let trip_days = if dice.chance(0.15) { dice.between(1, 4) } else { 0 };
    let home_address = if dice.chance(0.2) {
        format!("2001:db8:{:x}:{:x}::{:x}", dice.between(1, 0xFFFF), dice.between(1, 0xFFFF), dice.between(2, 0xFFFF))
    } else {
        format!("198.51.100.{}", dice.between(2, 250))
    };
    let account = format!("{}.{}{number}", first.to_lowercase(), last.to_lowercase());
    Person {
        upn: format!("{account}@{DOMAIN}"),
        name: format!("{first} {last}"),
        account,
        id: dice.guid(),
        department: department.map_or("Claims", |(name, _)| name),
        office,
        device: format!("TM-LT{:05}", 10_000 + idx),
        device_id: dice.guid(),
        home_address,
        weight: (-(1.0 - dice.share()).ln()).clamp(0.15, 4.0),
        trip: trip_start..trip_start + trip_days,
        trip_office: (office + 1) % OFFICES.len(),
    }
}

fn engineer(dice: &mut Dice, idx: usize, days: &Range<i64>) -> Person {
    let account = ["s.oduya", "m.holt", "j.verbeek"].get(idx).copied().unwrap_or("support");
    let name = ["Sade Oduya", "Martin Holt", "Jip Verbeek"].get(idx).copied().unwrap_or("Support");
    Person {
        upn: format!("{account}@{VENDOR_DOMAIN}"),
        name: name.to_string(),
        account: account.to_string(),
        id: dice.guid(),
        department: "Vendor support",
        office: 1,
        device: format!("LF-{:04}", 100 + idx),
        device_id: dice.guid(),
        home_address: format!("203.0.113.{}", 200 + idx),
        weight: 1.0,
        trip: days.start..days.start,
        trip_office: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn people_are_distinct() {
        let company = Company::new(1, 12.0, 739_000, 30);
        let upns: HashSet<&str> = company.people.iter().map(|person| person.upn.as_str()).collect();
        assert_eq!((company.people.len(), upns.len()), (2880, 2880));
    }

    #[test]
    fn days_of_the_week() {
        let company = Company::new(1, 0.1, schema::ticks::days_from_civil(2025, 6, 3), 30);
        // 2025-06-03 is a Tuesday.
        assert_eq!(company.weekday_from(0, 1), schema::ticks::days_from_civil(2025, 6, 3));
        assert_eq!(company.weekday_from(0, 6), schema::ticks::days_from_civil(2025, 6, 8));
        assert!(is_weekend(schema::ticks::days_from_civil(2025, 6, 7)));
    }
}
