//! How long parsing and binding queries of 200 lines takes: `cargo bench -p kqltest`. The goal is less than 50 ms each.
//!
//! The queries nest `let` statements, functions and unions as long detection rules do, each in its own way.

use kql::bind::{Environment, bind_parsed};
use kql::catalog::BuiltInTables;
use kql::syntax;
use kql_functions::FUNCTIONS;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Every `let` builds on the one before.
fn nested_lets() -> String {
    let mut text = String::from("let t0 = SecurityEvent | where TimeGenerated > ago(1d);\n");
    for i in 1..=49 {
        let _ = write!(
            text,
            "let t{i} = t{}\n| where EventID != {i} and Account !has \"svc{i}\"\n| extend c{i} = strcat(Account, \"-\", {i})\n\
             | where isnotempty(c{i});\n",
            i - 1
        );
    }
    text.push_str(
        "t49\n| summarize count(), dcount(Account), arg_max(TimeGenerated, *) by Computer\n| top 10 by count_ desc\n",
    );
    text
}

/// Unions of unions, each branch with its own columns, and joins of the outcome with itself.
fn unions() -> String {
    let mut text = String::new();
    for i in 0..45 {
        let _ = write!(
            text,
            "let u{i} = union isfuzzy=true\n    (SecurityEvent | where EventID == {i} | project TimeGenerated, Computer, Who = Account, Code = tolong(EventID)),\n    \
             (Syslog | where ProcessID == {i} | project TimeGenerated, Computer, Who = ProcessName, Code = tolong(ProcessID))\n    \
             {};\n",
            if i > 0 { format!(", u{}", i - 1) } else { String::new() }
        );
    }
    text.push_str(
        "u44\n| summarize n = count(), Codes = make_set(Code) by Computer, Who, bin(TimeGenerated, 1h)\n\
         | join kind=inner (u44 | summarize Last = max(TimeGenerated) by Computer) on Computer\n\
         | lookup kind=leftouter (Heartbeat | summarize take_any(OSType) by Computer) on Computer\n\
         | mv-expand Codes to typeof(long)\n| sort by n desc\n| take 100\n",
    );
    text
}

/// Functions that call functions, with defaults and tables among their parameters.
fn lambdas() -> String {
    let mut text = String::from(
        "let f0 = (s:string, n:long = 1) { strcat(s, tostring(n)) };\n\
         let g0 = (T:(TimeGenerated:datetime, Computer:string), k:long) { T | where TimeGenerated > ago(k * 1h) };\n",
    );
    for i in 1..=30 {
        // Each function uses its argument three times: chains of them stay short.
        let below = if i % 5 == 0 { 0 } else { i - 1 };
        let (before, from) = (i - 1, if i % 3 == 0 { "Heartbeat" } else { "SecurityEvent" });
        let _ = write!(
            text,
            "let f{i} = (s:string, n:long = {i}) {{\n    let inner = (x:string) {{ iff(x has \"a{i}\", toupper(x), x) }};\n    \
             inner(f{below}(s, n + 1))\n}};\n\
             let g{i} = (T:(TimeGenerated:datetime, Computer:string), k:long) {{ {from} | where Computer in ((g{before}(T, k) | project Computer)) }};\n"
        );
    }
    text.push_str("let rows = materialize(g20(SecurityEvent, 5));\n");
    for i in 1..=40 {
        let _ = writeln!(
            text,
            "let v{i} = rows | extend Label = f{}(Computer) | summarize n{i} = count() by Label;",
            i % 30
        );
    }
    text.push_str(
        "union withsource=Source v1, v2, v3\n| extend Label = f30(Label)\n| summarize sum(n1) by Label, Source\n",
    );
    text
}

fn main() {
    // A deep stack, as the program has it.
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(measure);
    if thread.map(std::thread::JoinHandle::join).is_err() {
        eprintln!("no thread could be started");
    }
}

fn measure() {
    let environment = Environment {
        catalog: &BuiltInTables,
        functions: &*FUNCTIONS,
        host: None,
        now: 0,
        principal: "",
        parameters: &[],
    };
    for (name, text) in [("nested lets", nested_lets()), ("unions", unions()), ("functions", lambdas())] {
        let mut best: Option<(Duration, Duration)> = None;
        for _ in 0..10 {
            let began = Instant::now();
            let parse = syntax::parse(&text);
            let parsed = began.elapsed();
            let (bound, found) = bind_parsed(&text, &parse, environment);
            let both = began.elapsed();
            assert!(bound.is_some(), "{name}: {:?}", found.first());
            if best.is_none_or(|(_, least)| both < least) {
                best = Some((parsed, both));
            }
        }
        let (parsed, both) = best.unwrap_or_default();
        println!("{name}: {} lines, parsed in {parsed:.2?}, parsed and bound in {both:.2?}", text.lines().count());
    }
}
