use super::patterns::{Pattern, RowSet, Rows, Wildcards, row_weights, segment_columns, segments};
use super::prelude::*;

pub static PLUGIN: Plugin = Plugin {
    name: "autocluster",
    usage: "autocluster([SizeWeight], [WeightColumn], [NumSeeds], [CustomWildcard, ...])",
    summary: "Describes a table by a few patterns: values of columns that many rows have together. From each of NumSeeds (25) \
              rows the values are given up one after the other; the best pattern on the way is the one with the highest \
              coverage^SizeWeight * specificity^(1 - SizeWeight), where coverage is its share of the rows that no earlier \
              pattern covers and specificity its share of the columns; SizeWeight is 0.5 when not given. It ends when the \
              best pattern covers less than 5 percent. Rows weigh as WeightColumn says. A column that is not part of a \
              pattern is null, or the CustomWildcard of its type. `~` stands for an argument's default.",
    examples: &[(
        "datatable(a:string, b:string) ['x', 'y', 'x', 'y', 'z', ''] | evaluate autocluster() | project b",
        "y",
    )],
    arity: (0, usize::MAX),
    columns: |shape| segment_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["SizeWeight", "WeightColumn", "NumSeeds"];
/// A pattern that covers less of what is left is not worth a row, and so are more patterns than this.
const COVERAGE_MIN: f64 = 0.05;
const CLUSTERS_MAX: usize = 20;
const SEEDS_MAX: i64 = 1_000;

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let table = input(call)?;
    let size_weight = args.opt_real(0)?.unwrap_or(0.5);
    if !(0.0..=1.0).contains(&size_weight) {
        return Err(EvalError::new("`SizeWeight` must lie between 0 and 1"));
    }
    let weight_column = args.opt_column(1)?;
    let seeds = args.opt_long(2)?.unwrap_or(25).clamp(1, SEEDS_MAX) as usize;
    let wildcards = Wildcards::read(&args.rest)?;
    let weights = row_weights(table, weight_column)?;

    let shown = visible(&table.columns);
    let dimensions: Vec<usize> = shown.iter().copied().filter(|column| Some(*column) != weight_column).collect();
    let n_dimensions = dimensions.len();
    let weight = |row: usize| [weights.get(row).copied().unwrap_or(0.0), 0.0];
    let rows = Rows::read(table, dimensions, COVERAGE_MIN, weight)?;
    let clusters = Clusters { rows: &rows, n_dimensions, size_weight, seeds };
    segments(call, &rows, table, &clusters.find(), &wildcards)
}

/// The search for clusters.
struct Clusters<'a> {
    rows: &'a Rows,
    n_dimensions: usize,
    size_weight: f64,
    seeds: usize,
}

impl Clusters<'_> {
    fn find(&self) -> Vec<Pattern> {
        let mut uncovered = RowSet::all(self.rows.weights.len());
        let mut clusters: Vec<Pattern> = Vec::new();
        while clusters.len() < CLUSTERS_MAX {
            let mut seeds: Vec<usize> = uncovered.rows().collect();
            let weight = |row: &usize| self.rows.weights.get(*row).map_or(0.0, |weight| weight[0]);
            seeds.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.cmp(b)));
            let mut best: Option<(f64, Vec<usize>)> = None;
            for seed in seeds.into_iter().take(self.seeds) {
                if let Some((score, items)) = self.expand(seed, &uncovered)
                    && best.as_ref().is_none_or(|(best, _)| score > *best)
                {
                    best = Some((score, items));
                }
            }
            let Some((_, items)) = best else { break };
            let pattern = self.pattern(&items);
            uncovered.remove(&pattern.rows);
            clusters.push(pattern);
        }
        clusters
    }

    /// Returns the rows of a set that have all of some items.
    fn having(&self, items: &[usize], within: &RowSet) -> RowSet {
        let items = items.iter().filter_map(|i| self.rows.items.get(*i));
        items.fold(within.clone(), |rows, item| rows.and(&item.rows))
    }

    fn pattern(&self, items: &[usize]) -> Pattern {
        let rows = self.having(items, &RowSet::all(self.rows.weights.len()));
        Pattern { items: self.rows.closure(&rows), weights: self.rows.weigh(&rows), rows }
    }

    /// Returns the best pattern on the way from a row's items to one item, if one covers enough.
    fn expand(&self, seed: usize, uncovered: &RowSet) -> Option<(f64, Vec<usize>)> {
        let holds = |i: &usize| self.rows.items.get(*i).is_some_and(|item| item.rows.contains(seed));
        let mut items: Vec<usize> = (0..self.rows.items.len()).filter(holds).collect();
        let mut best: Option<(f64, Vec<usize>)> = None;
        while !items.is_empty() {
            let coverage = self.rows.weigh(&self.having(&items, uncovered))[0] / self.rows.totals[0];
            let specificity = items.len() as f64 / self.n_dimensions.max(1) as f64;
            let score = coverage.powf(self.size_weight) * specificity.powf(1.0 - self.size_weight);
            if coverage >= COVERAGE_MIN && best.as_ref().is_none_or(|(best, _)| score > *best) {
                best = Some((score, items.clone()));
            }
            // The item without which most rows are covered goes next.
            let without = |i: usize| {
                let mut rest = items.clone();
                rest.remove(i);
                self.rows.weigh(&self.having(&rest, uncovered))[0]
            };
            let worst =
                (0..items.len()).map(|i| (without(i), i)).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            let Some((_, worst)) = worst else { break };
            items.remove(worst);
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    fn failures() -> Table {
        let mut records = Vec::new();
        for i in 0..100 {
            let (region, code) = match i {
                0..40 => ("west", "500"),
                40..60 => ("east", "403"),
                _ => (["north", "south", "west", "east"][i % 4], ["404", "409", "429", "503", "410"][i % 5]),
            };
            records.push([region.to_string(), code.to_string(), i.to_string()]);
        }
        let records: Vec<[&str; 3]> = records.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        table("Region:string Code:int Request:long", &records)
    }

    #[test]
    fn the_clusters_stand_out() {
        let (heading, found) = result(&PLUGIN, &[failures()], &[]);
        assert_eq!(heading, "SegmentId:long Count:long Percent:real Region:string Code:int Request:long");
        assert_eq!(found[0], ["0", "40", "40.0", "west", "500", "null"]);
        assert_eq!(found[1], ["1", "20", "20.0", "east", "403", "null"]);
        assert!(found.iter().all(|row| row[5] == "null"), "a request is no cluster");
    }

    #[test]
    fn size_weighs_against_detail() {
        let first = |size_weight: &str| {
            let args = [constant(KqlType::Real, size_weight), text("~"), text("~"), text("*")];
            result(&PLUGIN, &[failures()], &args).1.swap_remove(0)
        };
        assert_eq!(first("0.1")[3..5], ["west", "500"]);
        assert_eq!(first("1")[3..5], ["west", "null"]);
        assert_ne!(failure(&PLUGIN, &[failures()], &[constant(KqlType::Real, "1.5")]), "");
        let empty = table::<1>("a:string", &[]);
        assert_eq!(result(&PLUGIN, &[empty], &[]).1, Vec::<Vec<String>>::new());
    }
}
