//! Requests that follow from their number, so that the process that sends them and the one that judges agree without words.

use schema::{Column, KqlType};
use stdx::Rng;

/// Workspaces that are there from the beginning.
pub const WORKSPACES: [&str; 2] = ["contoso", "fabrikam"];
/// Requests of one process: its round times this is its first.
pub const ROUND: u64 = 1_000_000;
/// The number within a round of the request that goes to a workspace of its own.
const OWN: u64 = ROUND - 1;
/// Records of a request at most.
const RECORDS_MAX: u64 = 8;
/// Columns that come to the wide table one by one.
const WIDE: u64 = 6;

/// A request.
pub struct Sending {
    pub number: u64,
    pub workspace: String,
    pub table: &'static str,
    pub body: String,
    pub id: Option<String>,
    /// The numbers of the records that are to be taken, in their order, and of those that are not.
    pub taken: Vec<i64>,
    pub rejected: Vec<i64>,
}

impl Sending {
    pub fn new(number: u64) -> Sending {
        let mut rng = Rng::from_seed(number);
        let is_own = number % ROUND == OWN;
        let place = number as usize % 2;
        let workspace = if is_own { own_workspace(number / ROUND) } else { WORKSPACES[place].to_string() };
        let table = if number.is_multiple_of(5) { "Wide" } else { "Events" };
        let (mut taken, mut rejected, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for n in (0..1 + rng.below(RECORDS_MAX)).map(|n| (number * RECORDS_MAX + n) as i64) {
            if rng.below(12) == 0 {
                rejected.push(n);
                lines.push(broken(n));
                continue;
            }
            taken.push(n);
            let time = format!("2026-03-{:02}T00:{:02}:00Z", 1 + rng.below(2), rng.below(60));
            let (text, wide) = ("ab ".repeat(rng.below(150) as usize), number % WIDE);
            lines.push(format!("{{\"TimeGenerated\":\"{time}\",\"N\":{n},\"Text\":\"{text}\",\"C{wide}\":{n}}}"));
        }
        let id = (rng.below(3) > 0).then(|| format!("request {number}"));
        Sending { number, workspace, table, body: lines.join("\n"), id, taken, rejected }
    }
}

/// Returns the request that has a record.
pub fn number_of(record: i64) -> u64 {
    record as u64 / RECORDS_MAX
}

/// Returns a record that no table takes.
pub fn broken(record: i64) -> String {
    format!("{{\"N\":\"x{record}\"}}")
}

/// Returns the workspace that the process of a round makes.
pub fn own_workspace(round: u64) -> String {
    format!("w{round}")
}

/// Returns the request of a round for the workspace that it makes.
pub fn own_request(round: u64) -> u64 {
    round * ROUND + OWN
}

/// Returns the columns of the tables at first.
pub fn columns() -> Vec<Column> {
    [("TimeGenerated", KqlType::Datetime), ("N", KqlType::Long), ("Text", KqlType::String)]
        .map(|(name, ktype)| Column::new(name, ktype))
        .to_vec()
}

/// Returns the column that a request may bring to the wide table before it is sent.
pub fn new_column(number: u64) -> Column {
    Column::new(format!("C{}", number % WIDE), KqlType::Long)
}
