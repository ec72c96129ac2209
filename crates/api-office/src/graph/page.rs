//! Pages of rows, as of the moment of the first one: what came into the log later is on none.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::ask::ask;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::kql_text;
use crate::row::Row;
use crate::service::Service;

/// Where a page ends: the size of the log of which it is a page, and the last row's time and place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub moment: u64,
    pub time: i64,
    pub entry: i64,
    pub position: i64,
}

impl Position {
    /// Returns the position as a token.
    pub fn token(&self) -> String {
        format!("{}_{}_{}_{}", self.moment, self.time, self.entry, self.position)
    }

    /// Reads a token.
    pub fn parse(token: &str) -> Option<Position> {
        let is_plain = token.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        let mut parts = token.split('_').filter(|_| is_plain);
        let mut number = || parts.next()?.parse::<i64>().ok();
        let (moment, time, entry, position) = (number()?, number()?, number()?, number()?);
        let moment = u64::try_from(moment).ok()?;
        let is_time = schema::ticks::in_range(time).is_some();
        (parts.next().is_none() && is_time).then_some(Position { moment, time, entry, position })
    }
}

/// What is read for a page.
pub(crate) struct Pages {
    /// Queries whose rows have `At_`, `LogEntry_` and `LogPosition_`, one for each table.
    pub queries: Vec<String>,
    pub moment: u64,
    pub after: Option<Position>,
    pub is_ascending: bool,
    pub top: usize,
}

/// A page.
pub(crate) struct Page {
    /// Rows with the number of the query that they are of.
    pub rows: Vec<(usize, Row)>,
    /// Where it ends, if there is another.
    pub next: Option<Position>,
}

impl Pages {
    /// Reads a page.
    pub async fn read(&self, service: &Arc<Service>, exchange: &Exchange) -> Result<Page, Fault> {
        let mut rows = Vec::new();
        for (n, query) in self.queries.iter().enumerate() {
            let found = ask(service, exchange, self.query(query)).await?;
            rows.extend(found.into_iter().map(|row| (n, row)));
        }
        // Each query gave its own first rows in this order.
        rows.sort_by(|(_, a), (_, b)| self.order(a, b));
        let is_more = rows.len() > self.top;
        rows.truncate(self.top);
        let next = rows.last().filter(|_| is_more).and_then(|(_, row)| self.position(row));
        Ok(Page { rows, next })
    }

    fn query(&self, query: &str) -> String {
        let moment = format!(" | where LogEntry_ < {}", self.moment);
        let (direction, beyond) = if self.is_ascending { ("asc", ">") } else { ("desc", "<") };
        let after = self.after.as_ref().map(|Position { time, entry, position, .. }| {
            let time = kql_text::datetime(*time);
            format!(
                " | where At_ {beyond} {time} or (At_ == {time} and (LogEntry_ {beyond} {entry} or \
                 (LogEntry_ == {entry} and LogPosition_ {beyond} {position})))"
            )
        });
        let order = format!(" | order by At_ {direction}, LogEntry_ {direction}, LogPosition_ {direction}");
        format!("{query}{moment}{}{order} | take {}", after.unwrap_or_default(), self.top + 1)
    }

    fn position(&self, row: &Row) -> Option<Position> {
        let (entry, position) = (row.number("LogEntry_")?, row.number("LogPosition_")?);
        Some(Position { moment: self.moment, time: row.time("At_")?, entry, position })
    }

    fn order(&self, a: &Row, b: &Row) -> Ordering {
        let key = |row: &Row| (row.time("At_"), row.number("LogEntry_"), row.number("LogPosition_"));
        let order = key(a).cmp(&key(b));
        if self.is_ascending { order } else { order.reverse() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lead_back_and_nothing_else_is_one() {
        let position = Position { moment: 9, time: 639_158_256_000_000_000, entry: 7, position: 3 };
        assert_eq!(Position::parse(&position.token()), Some(position));
        for token in
            ["", "1_2_3", "1_2_3_4_5", "1_-2_3_4", "x_2_3_4", "1_2_3_99999999999999999999", "1_9223372036854775807_3_4"]
        {
            assert_eq!(Position::parse(token), None, "{token}");
        }
    }
}
