//! Queries as text, through the binder and the whole engine.

use crate::Tables;
use crate::testing::{all_answers, answer, answers, answers_unordered};

const EVENTS: &str = r#"let Events = datatable (Ts: timespan, Event: string) [
    0m, "A", 1m, "Start", 2m, "B", 3m, "D", 4m, "Stop", 6m, "C", 8m, "Start", 11m, "E", 12m, "Stop"
];
Events | sort by Ts asc | extend m = toint(Ts / 1m) | project-away Ts | "#;

#[test]
fn scan_follows_sequences() {
    let with_events = |scan: &str| format!("{EVENTS}{scan}");
    answers(
        &with_events(
            r#"scan with_match_id=id with (step s1: Event == "Start"; step s2: Event != "Start" and Event != "Stop" and m - s1.m <= 5; step s3: Event == "Stop" and m - s1.m <= 5;)"#,
        ),
        &["Start,1,0", "B,2,0", "D,3,0", "Stop,4,0", "Start,8,1", "E,11,1", "Stop,12,1"],
    );
    // Only the last of a series of matches is given out, once the series has ended.
    answers(
        &with_events(r#"scan with (step s1 output=last: Event in ("Start", "B", "D"); step s2: Event == "Stop";)"#),
        &["D,3", "Stop,4", "Start,8", "Stop,12"],
    );
    answers(
        &with_events(
            r#"scan declare (n: long = 10, seen: string) with (step s: true => n = s.n + m, seen = strcat(s.seen, Event);) | project n, seen | take 3"#,
        ),
        &["10,A", "11,AStart", "13,AStartB"],
    );
    answers(
        "range x from 1 to 5 step 1 | scan declare (sum: long = 0) with (step s1: true => sum = iff(s1.sum >= 5, x, x + s1.sum);)",
        &["1,1", "2,3", "3,6", "4,4", "5,9"],
    );
}

#[test]
fn plugins_may_give_several_tables() {
    let found = all_answers(Tables::default(), "range x from 1 to 5 step 1 | evaluate preview(2)");
    let expected: [&[&str]; 2] = [&["1", "2"], &["5"]];
    assert_eq!(found, Ok(expected.map(|rows| rows.iter().map(|row| row.to_string()).collect()).to_vec()));
}

#[test]
fn queries_read_no_files_unless_they_may() {
    let refused = answer(Tables::default(), "externaldata(x: string) ['Cargo.toml'] with (format=txt)");
    assert_eq!(refused, Err("queries may not name files here".to_string()));
    let mut tables = Tables::default();
    tables.allow_files(crate::FileAccess::default());
    let first = answer(tables, "externaldata(x: string) ['Cargo.toml'] with (format=txt) | take 1");
    assert_eq!(first, Ok(vec!["[package]".to_string()]));
}

#[test]
fn scan_runs_by_key_inside_a_partition() {
    answers_unordered(
        r#"datatable(t: long, user: string, what: string)[1,"a","in", 2,"b","in", 3,"a","out", 4,"b","x", 5,"b","out"]
        | partition hint.strategy=native by user (
            sort by t asc
            | scan declare (took: long) with (step s1 output=none: what == "in"; step s2: what == "out" => took = t - s1.t;)
        ) | project user, took"#,
        &["a,2", "b,3"],
    );
}

#[test]
fn window_functions_follow_the_sorted_rows() {
    answers(
        "range x from 1 to 5 step 1 | sort by x desc | extend p = prev(x), n = next(x, 2, 0), r = row_number(10), c = row_cumsum(x)",
        &["5,null,3,10,5", "4,5,2,11,9", "3,4,1,12,12", "2,3,0,13,14", "1,2,0,14,15"],
    );
    // Over several batches, streaming and not.
    answers(
        "range x from 1 to 30000 step 1 | sort by x asc | extend p = prev(x, 3), n = next(x, 3) | where p == x - 3 and n == x + 3 | count",
        &["29994"],
    );
    answers(
        "range x from 1 to 30000 step 1 | sort by x asc | extend c = row_cumsum(x, x % 10000 == 1) | summarize max(c), min(c)",
        &["250005000,1"],
    );
    answers(
        "range x from 1 to 30000 step 1 | sort by x desc | extend r = row_number() | where r % 10000 == 0 | project x",
        &["20001", "10001", "1"],
    );
}

#[test]
fn mv_apply_works_by_row() {
    let data = "datatable(id: long, a: dynamic)[1, dynamic([5, 1, 3]), 2, dynamic([4, 10, 8, 7]), 3, dynamic([])] | ";
    let cases = [
        ("mv-apply e = a to typeof(long) on (top 2 by e) | project id, e", vec!["1,3", "1,5", "2,10", "2,8"]),
        (
            "mv-apply e = a to typeof(long) on (summarize s = sum(e), l = make_list(e)) | project id, s, l",
            vec!["1,9,[5,1,3]", "2,29,[4,10,8,7]"],
        ),
        ("mv-apply e = a to typeof(long) on (where e > 5 | count) | project id, Count", vec!["1,0", "2,3"]),
        (
            "mv-apply e = a to typeof(long) on (sort by e asc | summarize l = make_list(e)) | project id, l",
            vec!["1,[1,3,5]", "2,[4,7,8,10]"],
        ),
        (
            "mv-apply e = a to typeof(long) on (sort by e asc | extend r = row_number() | where r == 2) | project id, e",
            vec!["1,3", "2,7"],
        ),
    ];
    for (apply, expected) in cases {
        answers_unordered(&format!("{data}{apply}"), &expected);
    }
}

#[test]
fn order_reaches_functions_that_follow_it() {
    answers(
        "range x from 1 to 50000 step 1 | sort by x desc | summarize l = make_list(x) | project l[0], l[49999], array_length(l)",
        &["50000,1,50000"],
    );
    answers_unordered(
        "range x from 1 to 50000 step 1 | sort by x desc | summarize l = make_list(x) by m = x % 3 | project m, l[0], l[1]",
        &["0,49998,49995", "1,49999,49996", "2,50000,49997"],
    );
}

#[test]
fn results_of_queries_that_run_before() {
    answers("let m = toscalar(range x from 1 to 3 step 1 | summarize max(x)); print m + 1", &["4"]);
    answers(
        "let t = materialize(range x from 1 to 3 step 1 | extend r = rand()); t | join kind=inner t on x, r | count",
        &["3"],
    );
    answers_unordered(
        "datatable(n: string, d: dynamic)['a', dynamic({\"x\": 1}), 'b', dynamic({\"y\": 2})] | evaluate bag_unpack(d)",
        &["a,1,null", "b,null,2"],
    );
    answers_unordered(
        "datatable(k: long, v: string)[1,'a', 1,'b'] | join kind=innerunique (datatable(k: long, w: string)[1,'c', 1,'d']) on k | where v == 'b' | project v, w",
        &["b,c", "b,d"],
    );
}

#[test]
fn empty_inputs_have_default_values() {
    answers(
        "datatable(x: long)[] | summarize count(), sum(x), min(x), avg(x), make_list(x), dcount(x), take_any(x)",
        &["0,0,null,NaN,[],0,null"],
    );
    answers("datatable(x: long)[] | summarize count() by x", &[]);
    answers("datatable(x: long)[1] | summarize count() by y = 1, z = 'a'", &["1,a,1"]);
    answers("datatable(x: long)[] | summarize count() by y = 1", &[]);
}

#[test]
fn errors_are_in_the_users_words() {
    let cases = [
        (
            "range x from 1 to 300 step 1 | partition by x (join kind=inner (print y = 1) on $left.x == $right.y | join (T) on x)",
            "T",
        ),
        ("print assert(1 == 2, 'no')", "no"),
    ];
    for (text, expected) in cases {
        let error = answer(Tables::default(), text).err().unwrap_or_default();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("DataFusion") && !error.contains("Utf8"), "{error}");
    }
}
