use super::prelude::*;
use crate::sketch::hll::Hll;
use arrow::array::{Array, AsArray};

pub static PLUGIN: Plugin = Plugin {
    name: "dcount_intersect",
    usage: "dcount_intersect(hll_1, hll_2, [hll_3, ...])",
    summary: "Estimates, from `hll` values of the same accuracy, the numbers of distinct values that the first set has (s0), \
              that the first two have in common (s1), and so on. The sizes of unions are added and taken away in turn, so \
              that a small intersection of large sets is uncertain. A row with a value that is no `hll` gives nulls.",
    examples: &[(
        "range x from 1 to 100 step 1 | summarize a=hll(iif(x % 2 == 0, x, 0)), b=hll(iif(x % 3 == 0, x, 0)) \
         | evaluate dcount_intersect(a, b) | project s1",
        "17",
    )],
    arity: (2, SETS_MAX),
    columns: |shape| shape_columns(shape).map(Some),
    run: Ok(run),
    ..Plugin::DEFAULT
};

/// As many sets as the reference allows; each one more doubles the unions.
const SETS_MAX: usize = 16;

fn shape_columns(shape: &PluginShape) -> Result<Vec<Column>, EvalError> {
    let input = input_columns(shape)?;
    let mut columns: Vec<Column> = visible(input).into_iter().filter_map(|i| input.get(i).cloned()).collect();
    columns.extend((0..shape.args.len()).map(|i| Column::new(format!("s{i}"), KqlType::Long)));
    Ok(columns)
}

fn run(call: &PluginCall) -> Result<Table, EvalError> {
    let args = Arguments::bind(PLUGIN.name, &[], call.args)?;
    let table = input(call)?;
    let sets = args.dimensions()?;
    if sets.len() > SETS_MAX {
        return Err(EvalError::new(format!("`dcount_intersect` takes at most {SETS_MAX} sets")));
    }
    for set in &sets {
        let column = column_at(&table.columns, *set)?;
        if column.ktype != KqlType::Dynamic {
            return Err(EvalError::new(format!(
                "`dcount_intersect` needs `hll` values; `{}` has type {}",
                column.name, column.ktype
            )));
        }
    }
    let mut counts: Vec<Vec<Value>> = vec![Vec::with_capacity(table.rows); sets.len()];
    for row in 0..table.rows {
        let hll = |set: &usize| {
            let array = table.array(*set).ok()?.as_string_view();
            Hll::from_json(array.is_valid(row).then(|| array.value(row))?)
        };
        let found = match sets.iter().map(hll).collect::<Option<Vec<Hll>>>() {
            Some(sketches) => intersections(&sketches)?.into_iter().map(Value::Long).collect(),
            None => vec![Value::Null(KqlType::Long); sets.len()],
        };
        counts.iter_mut().zip(found).for_each(|(column, count)| column.push(count));
    }
    let mut arrays = table.pick(&visible(&table.columns), (0..table.rows).map(Some))?;
    arrays.extend(counts.into_iter().map(|column| crate::args::array_of(KqlType::Long, column.into_iter())));
    Ok(Table { columns: result_columns(call, shape_columns)?, arrays, rows: table.rows })
}

/// Returns the sizes of the intersections of the first, the first two, ... sets by inclusion and exclusion: the sum over
/// all choices of sets of the size of their union, taken away when the choice is even.
fn intersections(sets: &[Hll]) -> Result<Vec<i64>, EvalError> {
    let mut sizes = vec![0; sets.len()];
    add_unions(sets, 0, None, -1, &mut sizes)?;
    // sizes[i] holds the choices whose last set is i; those of fewer sets belong to every later intersection as well.
    let mut so_far = 0;
    for size in &mut sizes {
        so_far += *size;
        *size = so_far.max(0);
    }
    Ok(sizes)
}

fn add_unions(sets: &[Hll], from: usize, union: Option<&Hll>, sign: i64, sizes: &mut [i64]) -> Result<(), EvalError> {
    for (i, set) in sets.iter().enumerate().skip(from) {
        let mut larger = set.clone();
        if let Some(union) = union {
            larger.merge(union)?;
        }
        if let Some(size) = sizes.get_mut(i) {
            *size -= sign * larger.count();
        }
        add_unions(sets, i + 1, Some(&larger), -sign, sizes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::input::testing::*;
    use super::*;
    use crate::sketch::hll::Precision;

    #[test]
    fn even_numbers_by_three_and_five() {
        let precision = Precision::of_accuracy(2).unwrap_or_else(|error| panic!("{error}"));
        let sketch = |step: u64| {
            let mut hll = Hll::new(precision);
            (0..=100).step_by(step as usize).for_each(|x: u64| hll.insert((x + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
            hll.to_json()
        };
        let (two, three, five) = (sketch(2), sketch(3), sketch(5));
        let sets = table("a:dynamic b:dynamic c:dynamic", &[[&two, &three, &five], [&two, "null", &five]]);
        let args = [PluginArg::Column(0), PluginArg::Column(1), PluginArg::Column(2)];
        let (heading, found) = result(&PLUGIN, &[sets], &args);
        assert_eq!(heading, "a:dynamic b:dynamic c:dynamic s0:long s1:long s2:long");
        // 0 is in all of them.
        assert_eq!(found[0][3..], ["51", "17", "4"]);
        assert_eq!(found[1][3..], ["null", "null", "null"]);
        assert_ne!(failure(&PLUGIN, &[table("a:long b:long", &[["1", "2"]])], &args[..2]), "");
    }
}
