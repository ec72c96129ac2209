use super::patterns::percent;
use super::prelude::*;
use arrow::array::{Array, AsArray};
use std::collections::HashMap;

pub static PLUGIN: Plugin = Plugin {
    name: "diffpatterns_text",
    usage: "diffpatterns_text(TextColumn, BooleanCondition, [MinTokens], [Threshold], [MaxTokens])",
    summary: "Tells two sets of texts apart, those of rows for which a condition holds and the others: finds patterns of \
              consecutive words, `*` standing for any one word, whose shares of the two sets differ by at least Threshold \
              (0.05). A pattern has at least MinTokens (1) words that are no `*`, and at most MaxTokens (20) in all. The \
              greatest difference comes first; a pattern that mostly has the rows of one before is left out. The search is \
              bounded: over very many long texts it may miss patterns.",
    examples: &[(
        "datatable(t:string, b:bool) ['disk full', true, 'disk full', true, 'ok', false] | evaluate diffpatterns_text(t, b) | project Pattern",
        "disk full",
    )],
    arity: (2, 5),
    columns: |_| Ok(Some(columns())),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["TextColumn", "BooleanCondition", "MinTokens", "Threshold", "MaxTokens"];
/// A pattern does not bridge more words than this by `*`.
const GAP_MAX: usize = 2;
const TOKENS_MAX: i64 = 200;
const PATTERNS_MAX: usize = 100;
/// Two patterns with more of their rows in common say the same.
const OVERLAP_MAX: f64 = 0.5;
/// Places in texts that the search looks at before it ends with what it has.
const WORK_MAX: usize = 50_000_000;

fn columns() -> Vec<Column> {
    let mut columns: Vec<Column> =
        ["Count_of_True", "Count_of_False"].into_iter().map(|name| Column::new(name, KqlType::Long)).collect();
    columns.extend(["Percent_of_True", "Percent_of_False"].map(|name| Column::new(name, KqlType::Real)));
    columns.push(Column::new("Pattern", KqlType::String));
    columns
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let table = input(call)?;
    let (text, condition) = (args.column(0)?, args.column(1)?);
    for (column, ktype) in [(text, KqlType::String), (condition, KqlType::Bool)] {
        if column_at(&table.columns, column)?.ktype != ktype {
            return Err(EvalError::new("`diffpatterns_text` takes a column of type string and a condition"));
        }
    }
    let min_tokens = args.opt_long(2)?.unwrap_or(1).clamp(1, TOKENS_MAX) as usize;
    let threshold = super::patterns::threshold(&args, 3)?;
    let max_tokens = args.opt_long(4)?.unwrap_or(20).clamp(1, TOKENS_MAX) as usize;
    let holds = table.array(condition)?.as_boolean();
    let holds: Vec<bool> = (0..table.rows).map(|row| holds.is_valid(row) && holds.value(row)).collect();
    let texts = table.array(text)?.as_string_view();

    let mut words: HashMap<&str, usize> = HashMap::new();
    let mut names: Vec<&str> = Vec::new();
    let tokens: Vec<Vec<usize>> = (0..table.rows)
        .map(|row| {
            let split = texts.value(row).split_whitespace();
            split
                .map(|word| {
                    *words.entry(word).or_insert_with(|| {
                        names.push(word);
                        names.len() - 1
                    })
                })
                .collect()
        })
        .collect();
    let totals = [holds.iter().filter(|holds| **holds).count(), holds.iter().filter(|holds| !**holds).count()];
    let mut search = Search {
        tokens: &tokens,
        holds: &holds,
        totals,
        threshold,
        min_tokens,
        max_tokens,
        found: Vec::new(),
        work: 0,
    };
    search.run();

    let mut result = RowBuilder::new(columns());
    for found in search.chosen() {
        let text: Vec<&str> =
            found.tokens.iter().map(|token| token.and_then(|token| names.get(token).copied()).unwrap_or("*")).collect();
        let counts = found.counts.map(|count| Value::Long(count as i64));
        let shares = [0, 1].map(|i| Value::Real(percent(found.counts[i] as f64, totals[i] as f64, 2)));
        result.push(counts.into_iter().chain(shares).chain([Value::String(text.join(" "))]))?;
    }
    Ok(result.finish())
}

/// A pattern and the rows that match it.
struct Found {
    /// `None` is a `*`.
    tokens: Vec<Option<usize>>,
    counts: [usize; 2],
    rows: Vec<usize>,
}

/// The search for patterns, grown to the right word by word.
struct Search<'a> {
    tokens: &'a [Vec<usize>],
    holds: &'a [bool],
    totals: [usize; 2],
    threshold: f64,
    min_tokens: usize,
    max_tokens: usize,
    found: Vec<Found>,
    work: usize,
}

/// Where a pattern ends: the row, and the place of its last word.
type Place = (usize, usize);

impl Search<'_> {
    fn run(&mut self) {
        let mut starts: HashMap<usize, Vec<Place>> = HashMap::new();
        for (row, tokens) in self.tokens.iter().enumerate() {
            for (place, token) in tokens.iter().enumerate() {
                starts.entry(*token).or_default().push((row, place));
            }
        }
        for (token, places) in self.frequent(starts) {
            self.grow(vec![Some(token)], places);
        }
    }

    /// Returns the words that enough rows have, those of most rows first.
    fn frequent(&self, by_token: HashMap<usize, Vec<Place>>) -> Vec<(usize, Vec<Place>)> {
        let is_frequent = |places: &[Place]| {
            let rows = rows_of(places);
            // What one row says alone is no pattern.
            if rows.len() < 2 {
                return false;
            }
            let counts = self.counts(&rows);
            counts
                .iter()
                .zip(self.totals)
                .any(|(count, total)| *count > 0 && *count as f64 >= self.threshold * total as f64)
        };
        let mut frequent: Vec<_> = by_token.into_iter().filter(|(_, places)| is_frequent(places)).collect();
        frequent.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
        frequent
    }

    fn counts(&self, rows: &[usize]) -> [usize; 2] {
        let of_true = rows.iter().filter(|row| self.holds.get(**row).copied().unwrap_or(false)).count();
        [of_true, rows.len() - of_true]
    }

    fn difference(&self, counts: [usize; 2]) -> f64 {
        let share = |i: usize| if self.totals[i] > 0 { counts[i] as f64 / self.totals[i] as f64 } else { 0.0 };
        (share(0) - share(1)).abs()
    }

    /// Grows a pattern that matches at some places, and keeps it unless the next word always follows.
    fn grow(&mut self, pattern: Vec<Option<usize>>, places: Vec<Place>) {
        let rows = rows_of(&places);
        let mut is_part_of_longer = false;
        for gap in 0..=GAP_MAX {
            self.work += places.len();
            if pattern.len() + gap >= self.max_tokens || self.work > WORK_MAX {
                break;
            }
            let mut next: HashMap<usize, Vec<Place>> = HashMap::new();
            for (row, place) in &places {
                if let Some(token) = self.tokens.get(*row).and_then(|tokens| tokens.get(place + gap + 1)) {
                    next.entry(*token).or_default().push((*row, place + gap + 1));
                }
            }
            let next = self.frequent(next);
            let is_settled = next.first().is_some_and(|(_, places)| 2 * rows_of(places).len() >= rows.len());
            for (token, places) in next {
                is_part_of_longer |= rows_of(&places).len() == rows.len();
                let longer =
                    pattern.iter().copied().chain(std::iter::repeat_n(None, gap)).chain([Some(token)]).collect();
                self.grow(longer, places);
            }
            // A `*` stands only where words vary.
            if is_settled {
                break;
            }
        }
        let counts = self.counts(&rows);
        let words = pattern.iter().flatten().count();
        if !is_part_of_longer && words >= self.min_tokens && self.difference(counts) >= self.threshold {
            self.found.push(Found { tokens: pattern, counts, rows });
        }
    }

    /// Returns the patterns found, most different first, without those that repeat another.
    fn chosen(mut self) -> Vec<Found> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|a, b| {
            let by_difference = self.difference(b.counts).total_cmp(&self.difference(a.counts));
            by_difference.then(b.tokens.len().cmp(&a.tokens.len())).then(a.tokens.cmp(&b.tokens))
        });
        let mut chosen: Vec<Found> = Vec::new();
        for pattern in found {
            if chosen.len() < PATTERNS_MAX
                && chosen.iter().all(|known| overlap(&known.rows, &pattern.rows) <= OVERLAP_MAX)
            {
                chosen.push(pattern);
            }
        }
        chosen
    }
}

/// Returns the rows of places, each once and in order. Places come in order of rows.
fn rows_of(places: &[Place]) -> Vec<usize> {
    let mut rows: Vec<usize> = places.iter().map(|(row, _)| *row).collect();
    rows.dedup();
    rows
}

/// Returns the share of two ordered lists' union that both have.
fn overlap(a: &[usize], b: &[usize]) -> f64 {
    let common = a.iter().filter(|row| b.binary_search(row).is_ok()).count();
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    #[test]
    fn words_that_tell_the_sets_apart() {
        let mut records = Vec::new();
        for i in 0..40 {
            let text = match i % 4 {
                0 => format!("disk {i} is full on host web"),
                1 => format!("disk {i} is full on host  db"),
                2 => format!("user u{i} signed in"),
                _ => format!("user u{i} signed out"),
            };
            records.push([text, (i % 4 < 2).to_string()]);
        }
        records.push([String::new(), "null".to_string()]);
        let records: Vec<[&str; 2]> = records.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        let table = table("Text:string Bad:bool", &records);
        let columns = [PluginArg::Column(0), PluginArg::Column(1)];
        let (heading, found) = result(&PLUGIN, std::slice::from_ref(&table), &columns);
        assert_eq!(
            heading,
            "Count_of_True:long Count_of_False:long Percent_of_True:real Percent_of_False:real Pattern:string"
        );
        let expected = "20|0|100.0|0.0|disk * is full on host \n 0|20|0.0|95.24|user * signed
                        10|0|50.0|0.0|disk * is full on host web \n 10|0|50.0|0.0|disk * is full on host db
                        0|10|0.0|47.62|user * signed in \n 0|10|0.0|47.62|user * signed out";
        assert_eq!(found, rows(expected));
        let args: Vec<PluginArg> =
            columns.into_iter().chain([constant(KqlType::Long, "5"), constant(KqlType::Real, "0.6")]).collect();
        assert_eq!(
            result(&PLUGIN, std::slice::from_ref(&table), &args).1,
            rows("20|0|100.0|0.0|disk * is full on host")
        );
        assert_ne!(failure(&PLUGIN, &[table], &[PluginArg::Column(1), PluginArg::Column(1)]), "");
    }
}
