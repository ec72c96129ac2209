use super::input::{ROWS_MAX, sort_keys};
use super::prelude::*;
use super::timeline::{Activity, Bins, Step, cells, point};
use std::collections::{BTreeMap, HashMap, HashSet};

pub static PLUGIN: Plugin = Plugin {
    name: "new_activity_metrics",
    usage: "new_activity_metrics(IdColumn, TimelineColumn, Start, End, Window, [Cohort,] dimension, ..., [Lookback])",
    summary: "Follows cohorts of new ids, those that a window is the first to have, through that window and all later ones, \
              per dimensions: how many ids the later window has that no window up to the cohort's had, how many of the \
              cohort it has and has not, and the shares of the last two. Cohort is a time that picks one cohort. Ids of the \
              table Lookback, in its column of the same name, are not new. Cohorts without an id have no row.",
    examples: &[(
        "datatable(id:long, t:long) [1, 0, 2, 0, 1, 1] | evaluate new_activity_metrics(id, t, 0, 1, 1, 0) | where to_t == 1 | project retention_rate",
        "0.5",
    )],
    arity: (5, usize::MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

const NAMES: &[&str] = &["IdColumn", "TimelineColumn", "Start", "End", "Window"];

/// The optional arguments after the window.
struct Tail {
    cohort: Option<Value>,
    dimensions: Vec<usize>,
    lookback: Option<usize>,
}

impl Tail {
    fn read(args: &Arguments) -> Result<Tail, EvalError> {
        let mut tail = Tail { cohort: None, dimensions: Vec::new(), lookback: None };
        for (i, arg) in args.rest.iter().enumerate() {
            match arg {
                PluginArg::Value(value) if i == 0 => tail.cohort = Some(value.clone()),
                PluginArg::Column(column) if tail.lookback.is_none() => tail.dimensions.push(*column),
                PluginArg::Table(table) if tail.lookback.is_none() => tail.lookback = Some(*table),
                _ => return Err(EvalError::new("`new_activity_metrics` takes a cohort, then columns, then a table")),
            }
        }
        Ok(tail)
    }
}

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, shape.args)?;
    let input = input_columns(shape)?;
    let timeline = column_at(input, args.column(1)?)?;
    let named = |prefix: &str| Column::new(format!("{prefix}_{}", timeline.name), timeline.ktype);
    let mut columns = vec![named("from"), named("to")];
    for dimension in Tail::read(&args)?.dimensions {
        columns.push(column_at(input, dimension)?.clone());
    }
    let counts = ["dcount_new_values", "dcount_retained_values", "dcount_churn_values"];
    columns.extend(counts.map(|name| Column::new(name, KqlType::Long)));
    columns.extend(["retention_rate", "churn_rate"].map(|name| Column::new(name, KqlType::Real)));
    Ok(columns)
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, NAMES, call.args)?;
    let activity = Activity::read(call, &args)?;
    let tail = Tail::read(&args)?;
    let step = Step::read(&args, 4, activity.timeline.ktype)?;
    let bins = Bins { start: point(&args, 2, "Start")?, end: point(&args, 3, "End")?, step };
    let only = match &tail.cohort {
        Some(Value::Datetime(time) | Value::Timespan(time) | Value::Long(time)) => Some(bins.index(*time)),
        Some(Value::Int(time)) => Some(bins.index(i64::from(*time))),
        Some(_) => return Err(EvalError::new("`Cohort` must be a point of the timeline")),
        None => None,
    };
    let (_, last) = bins.span()?;

    let groups = Groups::by(activity.table, &tail.dimensions)?;
    let ids = Groups::by(activity.table, &[activity.id])?;
    let old = old_ids(call, &activity, &ids, tail.lookback)?;
    let mut seen: BTreeMap<usize, BTreeMap<i64, HashSet<usize>>> = BTreeMap::new();
    let mut first: HashMap<(usize, usize), i64> = HashMap::new();
    for ((time, group), id) in activity.timeline.times.iter().zip(&groups.of_row).zip(&ids.of_row) {
        let is_old = old.get(*id).copied().unwrap_or(false);
        if let Some(time) = time.filter(|time| bins.contains(*time) && !is_old) {
            let bin = bins.index(time);
            seen.entry(*group).or_default().entry(bin).or_default().insert(*id);
            first.entry((*group, *id)).and_modify(|first| *first = bin.min(*first)).or_insert(bin);
        }
    }
    let mut result = RowBuilder::new(result_columns(call, shape_columns)?);
    let none = HashSet::new();
    let mut work = 0;
    for (group, by_bin) in &seen {
        let row = groups.first_row.get(*group).copied().unwrap_or(0);
        let dimensions = cells(activity.table, &tail.dimensions, row)?;
        let first_of = |id: &usize| first.get(&(*group, *id)).copied().unwrap_or(i64::MAX);
        let cohorts = by_bin.iter().filter(|(bin, _)| only.is_none_or(|only| only == **bin));
        for (from, ids) in cohorts {
            let cohort: HashSet<usize> = ids.iter().copied().filter(|id| first_of(id) == *from).collect();
            if cohort.is_empty() {
                continue;
            }
            for to in *from..=last {
                let there = by_bin.get(&to).unwrap_or(&none);
                work += there.len() + 1;
                if work > 100 * ROWS_MAX {
                    return Err(EvalError::new("there are too many windows and ids: take a longer window"));
                }
                let new =
                    there.iter().filter(|id| if to == *from { first_of(id) == *from } else { first_of(id) > *from });
                let (new, retained) = (new.count(), there.iter().filter(|id| cohort.contains(id)).count());
                let churned = cohort.len() - retained;
                let counts = [new, retained, churned].map(|count| Value::Long(count as i64));
                let rates = [retained, churned].map(|count| Value::Real(count as f64 / cohort.len() as f64));
                let times = [*from, to].map(|bin| activity.timeline.value(bins.begin(bin)));
                result.push(times.into_iter().chain(dimensions.iter().cloned()).chain(counts).chain(rates))?;
            }
        }
    }
    Ok(result.finish())
}

/// Returns, per id, whether the lookback table has it.
fn old_ids(
    call: &PluginCall,
    activity: &Activity,
    ids: &Groups,
    lookback: Option<usize>,
) -> Result<Vec<bool>, EvalError> {
    let Some(lookback) = lookback.and_then(|table| call.inputs.get(table)) else { return Ok(Vec::new()) };
    let id = column_at(&activity.table.columns, activity.id)?;
    let Some(place) = lookback.columns.iter().position(|column| column.name == id.name) else {
        return Err(EvalError::new(format!("the lookback table has no column `{}`", id.name)));
    };
    if column_at(&lookback.columns, place)?.ktype != id.ktype {
        return Err(EvalError::new(format!(
            "the column `{}` of the lookback table is not of type {}",
            id.name, id.ktype
        )));
    }
    let old: HashSet<Vec<u8>> =
        sort_keys(&[lookback.array(place)?.clone()])?.iter().map(|key| key.data().to_vec()).collect();
    let known = sort_keys(&[activity.table.array(activity.id)?.clone()])?;
    Ok(ids.first_row.iter().map(|row| old.contains(known.row(*row).data())).collect())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;

    fn users() -> Table {
        let days = [("01", "0234"), ("02", "01345"), ("03", "0245"), ("04", "0123"), ("05", "01234")];
        let records: Vec<[String; 2]> = days
            .iter()
            .flat_map(|(day, ids)| ids.chars().map(move |id| [id.to_string(), format!("2019-11-{day}")]))
            .collect();
        let records: Vec<[&str; 2]> = records.iter().map(|row| row.each_ref().map(String::as_str)).collect();
        table("user:long Timestamp:datetime", &records)
    }

    fn args(more: Vec<PluginArg>) -> Vec<PluginArg> {
        let (start, end) = (at("2019-11-01"), at("2019-11-06 23:59:59.9999999"));
        [PluginArg::Column(0), PluginArg::Column(1), start, end, span("1d")].into_iter().chain(more).collect()
    }

    #[test]
    fn cohorts_of_the_reference() {
        let (heading, found) = result(&PLUGIN, &[users()], &args(vec![]));
        assert_eq!(
            heading,
            "from_Timestamp:datetime to_Timestamp:datetime dcount_new_values:long dcount_retained_values:long \
             dcount_churn_values:long retention_rate:real churn_rate:real"
        );
        let expected = "2019-11-01|2019-11-01|4|4|0|1.0|0.0
                        2019-11-01|2019-11-02|2|3|1|0.75|0.25
                        2019-11-01|2019-11-03|1|3|1|0.75|0.25
                        2019-11-01|2019-11-04|1|3|1|0.75|0.25
                        2019-11-01|2019-11-05|1|4|0|1.0|0.0
                        2019-11-01|2019-11-06|0|0|4|0.0|1.0
                        2019-11-02|2019-11-02|2|2|0|1.0|0.0
                        2019-11-02|2019-11-03|0|1|1|0.5|0.5
                        2019-11-02|2019-11-04|0|1|1|0.5|0.5
                        2019-11-02|2019-11-05|0|1|1|0.5|0.5
                        2019-11-02|2019-11-06|0|0|2|0.0|1.0";
        assert_eq!(found, rows(expected));
    }

    #[test]
    fn one_cohort_and_a_lookback() {
        let (_, found) = result(&PLUGIN, &[users()], &args(vec![at("2019-11-02")]));
        assert_eq!((found.len(), found[0][0].as_str()), (5, "2019-11-02"));
        let lookback = table("day:datetime user:long", &[["2019-10-01", "0"], ["2019-10-01", "5"]]);
        let (_, found) = result(&PLUGIN, &[users(), lookback], &args(vec![at("2019-11-02"), PluginArg::Table(1)]));
        assert_eq!(found[0], ["2019-11-02", "2019-11-02", "1", "1", "0", "1.0", "0.0"]);
        let other = table("id:long", &[["0"]]);
        assert_ne!(failure(&PLUGIN, &[users(), other], &args(vec![PluginArg::Table(1)])), "");
    }
}
