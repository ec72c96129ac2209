//! Each node, over small tables.

use crate::testing::*;
use crate::{QueryError, Tables};
use kql::plan::{Expr, JoinKind, Node, Plan, SortKey};
use schema::KqlType::{Bool, Long, Real, String};
use schema::{KqlType, Value};

fn people() -> Plan {
    datatable(&[(1, String), (2, Long)], &["ann,3", "bob,null", "cid,1", "ann,2"])
}

fn sort(input: Plan, keys: Vec<(Expr, bool, bool)>) -> Plan {
    let columns = input.columns.clone();
    let keys =
        keys.into_iter().map(|(expr, descending, nulls_first)| SortKey { expr, descending, nulls_first }).collect();
    Plan { node: Node::Sort { input: Box::new(input), keys }, columns }
}

fn take(input: Plan, count: i64) -> Plan {
    let columns = input.columns.clone();
    Plan { node: Node::Take { input: Box::new(input), count: long(count) }, columns }
}

fn join(kind: JoinKind, left: Plan, right: Plan) -> Plan {
    let on = vec![(col(left.columns[0].id.0, String), col(right.columns[0].id.0, String))];
    let columns = match kind {
        JoinKind::LeftSemi | JoinKind::LeftAnti => left.columns.clone(),
        JoinKind::RightSemi | JoinKind::RightAnti => right.columns.clone(),
        _ => left.columns.iter().chain(&right.columns).cloned().collect(),
    };
    Plan { node: Node::Join { left: Box::new(left), right: Box::new(right), kind, on }, columns }
}

#[test]
fn filters_keep_rows_that_are_true() {
    let cases: &[(&str, i64, &[&str])] = &[
        ("==", 3, &["ann,3"]),
        ("!=", 3, &["ann,2", "bob,null", "cid,1"]),
        ("<", 3, &["ann,2", "cid,1"]),
        (">=", 2, &["ann,2", "ann,3"]),
    ];
    for (operator, value, expected) in cases {
        check_unordered(&filter(people(), call(operator, vec![col(2, Long), long(*value)], Bool)), expected);
    }
    let either = call(
        "or",
        vec![call("==", vec![col(1, String), text("cid")], Bool), call("isnull", vec![col(2, Long)], Bool)],
        Bool,
    );
    check_unordered(&filter(people(), either), &["bob,null", "cid,1"]);
}

#[test]
fn equality_is_null_only_between_nulls() {
    let null = || Expr::Literal(Value::Null(Long));
    let table = datatable(&[(1, Long), (2, Long)], &["1,1", "1,2", "1,null", "null,null"]);
    let columns = |f: &'static str, other: Expr| call(f, vec![col(1, Long), other], Bool);
    let plan = project(
        table,
        vec![
            (3, columns("==", col(2, Long))),
            (4, columns("!=", col(2, Long))),
            (5, columns("==", null())),
            (6, columns("!=", long(1))),
            (7, columns("<", col(2, Long))),
            (8, call("not", vec![columns("==", long(2))], Bool)),
        ],
    );
    check(
        &plan,
        &[
            "True,False,False,False,False,True",
            "False,True,False,False,True,True",
            "False,True,False,False,null,True",
            "null,null,null,True,null,True",
        ],
    );
}

#[test]
fn reals_compare_as_ieee_says() {
    let table =
        datatable(&[(1, Real), (2, Real)], &["1.0,1.0", "nan,nan", "0.0,-0.0", "null,1.0", "null,null", "nan,1.0"]);
    let columns = |f: &'static str| call(f, vec![col(1, Real), col(2, Real)], Bool);
    let plan = project(table, vec![(3, columns("==")), (4, columns("!=")), (5, columns(">=")), (6, columns("<"))]);
    check(
        &plan,
        &[
            "True,False,True,False",
            "False,True,False,False",
            "True,False,True,False",
            "False,True,null,null",
            "null,null,null,null",
            "False,True,False,False",
        ],
    );
    let with_int = call(">", vec![col(1, Real), Expr::Literal(Value::Int(0))], Bool);
    check(&project(datatable(&[(1, Real)], &["0.5", "-0.0"]), vec![(2, with_int)]), &["True", "False"]);
}

#[test]
fn membership_is_a_chain_of_comparisons() {
    let list = || vec![long(1), long(3)];
    let call_in = |f: &'static str| call(f, std::iter::once(col(2, Long)).chain(list()).collect(), Bool);
    check_unordered(&filter(people(), call_in("in")), &["ann,3", "cid,1"]);
    check_unordered(&filter(people(), call_in("!in")), &["ann,2", "bob,null"]);
    let plan = project(people(), vec![(3, call_in("in")), (4, call_in("!in"))]);
    check(&plan, &["True,False", "False,True", "True,False", "False,True"]);
}

#[test]
fn arithmetic_wraps_and_nulls_stick() {
    let plan = print(vec![
        call("+", vec![long(i64::MAX), long(1)], Long),
        call("-", vec![long(1), Expr::Literal(Value::Null(Long))], Long),
        call("*", vec![Expr::Literal(Value::Int(2)), Expr::Literal(Value::Real(1.5))], Real),
    ]);
    check(&plan, &["-9223372036854775808,null,3.0"]);
}

#[test]
fn conditions_take_the_first_true_branch() {
    let positive = call(">", vec![col(2, Long), long(2)], Bool);
    let plan = project(
        people(),
        vec![
            (3, call("iff", vec![positive, text("big"), text("small")], String)),
            (4, call("coalesce", vec![col(2, Long), long(0)], Long)),
            (5, call("coalesce", vec![text(""), col(1, String)], String)),
        ],
    );
    check(&plan, &["big,3,ann", "small,0,bob", "small,1,cid", "small,2,ann"]);
}

#[test]
fn sort_places_nulls_and_nan_as_asked() {
    let numbers = || datatable(&[(1, Real)], &["5.0", "nan", "null", "-1.0"]);
    let cases: &[(bool, bool, &[&str])] = &[
        (false, true, &["null", "NaN", "-1.0", "5.0"]),
        (false, false, &["-1.0", "5.0", "NaN", "null"]),
        (true, true, &["null", "NaN", "5.0", "-1.0"]),
        (true, false, &["5.0", "-1.0", "NaN", "null"]),
    ];
    for (descending, nulls_first, expected) in cases {
        check(&sort(numbers(), vec![(col(1, Real), *descending, *nulls_first)]), expected);
    }
    let by_two = sort(people(), vec![(col(1, String), false, true), (col(2, Long), true, false)]);
    check(&take(by_two, 3), &["ann,3", "ann,2", "bob,null"]);
}

#[test]
fn order_survives_later_operators() {
    let sorted = sort(people(), vec![(col(2, Long), true, false)]);
    let kept = filter(sorted, call("!=", vec![col(1, String), text("bob")], Bool));
    check(&project(kept, vec![(9, col(1, String))]), &["ann", "ann", "cid"]);
}

#[test]
fn joins_fill_missing_sides() {
    let right = || datatable(&[(3, String), (4, String)], &["ann,x", "dan,y"]);
    let cases: &[(JoinKind, &[&str])] = &[
        (JoinKind::Inner, &["ann,2,ann,x", "ann,3,ann,x"]),
        (JoinKind::LeftOuter, &["ann,2,ann,x", "ann,3,ann,x", "bob,null,,", "cid,1,,"]),
        (JoinKind::RightOuter, &[",null,dan,y", "ann,2,ann,x", "ann,3,ann,x"]),
        (JoinKind::FullOuter, &[",null,dan,y", "ann,2,ann,x", "ann,3,ann,x", "bob,null,,", "cid,1,,"]),
        (JoinKind::LeftSemi, &["ann,2", "ann,3"]),
        (JoinKind::LeftAnti, &["bob,null", "cid,1"]),
        (JoinKind::RightSemi, &["ann,x"]),
        (JoinKind::RightAnti, &["dan,y"]),
    ];
    for (kind, expected) in cases {
        check_unordered(&join(*kind, people(), right()), expected);
    }
}

#[test]
fn unions_keep_all_rows() {
    let exprs = vec![vec![col(1, String), col(2, Long)], vec![text("eve"), col(5, Long)]];
    let columns = vec![field(7, "name", String), field(8, "n", Long)];
    let inputs = vec![people(), datatable(&[(5, Long)], &["9"])];
    check_unordered(
        &Plan { node: Node::Union { inputs, exprs }, columns },
        &["ann,2", "ann,3", "bob,null", "cid,1", "eve,9"],
    );
}

#[test]
fn a_column_may_occur_twice() {
    let plan = Plan {
        columns: vec![field(1, "a", String), field(1, "b", String)],
        node: Node::Project { input: Box::new(take(people(), 1)), exprs: vec![col(1, String), col(1, String)] },
    };
    check(&plan, &["ann,ann"]);
}

#[test]
fn distinct_is_an_aggregation_without_functions() {
    let columns = vec![field(5, "who", String)];
    let node = Node::Aggregate { input: Box::new(people()), keys: vec![col(1, String)], aggregates: vec![] };
    check_unordered(&Plan { node, columns }, &["ann", "bob", "cid"]);
}

#[test]
fn stored_tables_are_scanned_by_name() {
    let batch = run_over(Tables::default(), &people()).unwrap_or_else(|error| panic!("{error}"));
    let mut tables = Tables::default();
    tables.add("My Table", table(&[("Näme", String), ("n", Long)], batch));
    let read = |name: &str| Plan {
        node: Node::Table { table: name.into(), source: vec!["n".into(), "Näme".into()] },
        columns: vec![field(10, "n", Long), field(11, "who", String)],
    };
    let plan = filter(read("My Table"), call("==", vec![col(11, String), text("cid")], Bool));
    assert_eq!(rows_over(tables, &plan), Ok(vec!["1,cid".to_string()]));
    let missing = run_over(Tables::default(), &read("x"));
    assert!(matches!(missing, Err(QueryError::UnknownTable { name }) if name == "x"));
}

#[test]
fn every_type_passes_through() {
    for ktype in KqlType::ALL {
        let value = Value::null(ktype);
        let plan = print(vec![Expr::Literal(value)]);
        check(&plan, &[if ktype == String { "" } else { "null" }]);
    }
}

fn range(id: u32, from: i64, to: i64) -> Plan {
    Plan { node: Node::Range { from: long(from), to: long(to), step: long(1) }, columns: vec![field(id, "x", Long)] }
}

#[test]
fn ranges_stream_in_order() {
    let plan = filter(range(1, 1, 100_000), call(">", vec![col(1, Long), long(99_998)], Bool));
    check(&plan, &["99999", "100000"]);
    let down =
        Plan { node: Node::Range { from: long(3), to: long(1), step: long(-1) }, columns: vec![field(1, "x", Long)] };
    check(&down, &["3", "2", "1"]);
}

#[test]
fn subqueries_are_constants() {
    let largest = sort(people(), vec![(col(2, Long), true, false)]);
    let subquery = |plan: Plan| Expr::Subquery { ktype: plan.columns[0].ktype, plan: Box::new(plan) };
    check(&print(vec![subquery(project(largest, vec![(9, col(2, Long))]))]), &["3"]);
    let none = filter(people(), call("==", vec![col(1, String), text("zoe")], Bool));
    check(&print(vec![subquery(none)]), &[""]);
}

#[test]
fn lists_from_tables_short_and_long() {
    let in_table = |plan: Plan, negated| Expr::InTable {
        value: Box::new(col(2, Long)),
        plan: Box::new(plan),
        negated,
        ignore_case: false,
    };
    for last in [10, 5000] {
        check_unordered(&filter(people(), in_table(range(9, 3, last), false)), &["ann,3"]);
        check_unordered(&filter(people(), in_table(range(9, 3, last), true)), &["ann,2", "bob,null", "cid,1"]);
        let both = call(
            "and",
            vec![in_table(range(9, 1, last), false), call("==", vec![col(1, String), text("ann")], Bool)],
            Bool,
        );
        check_unordered(&filter(people(), both), &["ann,2", "ann,3"]);
        check(&project(take(people(), 2), vec![(5, in_table(range(9, 3, last), false))]), &["True", "False"]);
    }
}

#[test]
fn shared_plans_are_computed_once() {
    let numbered = project(people(), vec![(5, col(1, String)), (6, call("(row_id)", vec![], Long))]);
    let shared = |ids: (u32, u32)| Plan {
        node: Node::Shared { id: 1, plan: Box::new(numbered.clone()) },
        columns: vec![field(ids.0, "name", String), field(ids.1, "id", Long)],
    };
    let on = vec![(col(11, Long), col(13, Long))];
    let (left, right) = (shared((10, 11)), shared((12, 13)));
    let columns: Vec<_> = left.columns.iter().chain(&right.columns).cloned().collect();
    let joined =
        Plan { node: Node::Join { left: Box::new(left), right: Box::new(right), kind: JoinKind::Inner, on }, columns };
    check_unordered(
        &project(joined, vec![(20, col(10, String)), (21, col(12, String))]),
        &["ann,ann", "ann,ann", "bob,bob", "cid,cid"],
    );
}

/// `partition by name (body)` over the people.
fn partition(body: Plan) -> Plan {
    let columns: Vec<_> =
        [field(1, "name", String)].into_iter().chain(body.columns.iter().filter(|f| f.id.0 != 1).cloned()).collect();
    let key = kql::plan::ColumnId(1);
    Plan {
        node: Node::Partition { input: Box::new(people()), keys: vec![key], carry: vec![key], body: Box::new(body) },
        columns,
    }
}

fn partition_input() -> Plan {
    Plan { node: Node::PartitionInput, columns: people().columns }
}

#[test]
fn partitions_take_and_sort_by_key() {
    let top = take(sort(partition_input(), vec![(col(2, Long), false, true)]), 1);
    check_unordered(&partition(top), &["ann,2", "bob,null", "cid,1"]);
    check_unordered(&partition(take(partition_input(), 1)), &["ann,3", "bob,null", "cid,1"]);
}

#[test]
fn partitions_with_joins_of_their_rows_run_one_by_one() {
    let right = project(partition_input(), vec![(7, col(1, String))]);
    let joined = join(JoinKind::Inner, partition_input(), right);
    check_unordered(
        &partition(joined),
        &["ann,2,ann", "ann,2,ann", "ann,3,ann", "ann,3,ann", "bob,null,bob", "cid,1,cid"],
    );
}

#[test]
fn samples_have_the_size_asked_for() {
    let sample = |count| {
        let input = range(1, 1, 1000);
        Plan { columns: input.columns.clone(), node: Node::Sample { input: Box::new(input), count: long(count) } }
    };
    for count in [0, 1, 17, 2000] {
        let mut rows = rows(&sample(count)).unwrap_or_else(|e| panic!("{e}"));
        rows.sort();
        rows.dedup();
        assert_eq!(rows.len() as i64, count.min(1000));
    }
}
