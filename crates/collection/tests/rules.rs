//! Rules from their documents to rows in tables.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use collection::{BYTES_MAX, CollectError, Collector, Rule, RuleError, Rules, Transform};
use futures::executor::block_on;
use ingest::{Vault, VaultOptions};
use kql::bind::Environment;
use kql_functions::FUNCTIONS;
use query::{Engine, EngineOptions, Request, StoreTable, Tables};
use schema::{Column, KqlType};
use serde_json::{Value, json};
use stdx::SystemClock;
use workspaces::Directory;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() }).expect("an engine"));

const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/r";
const STREAM: &str = "Custom-App";

struct Store {
    vault: Arc<Vault>,
    collector: Collector,
}

impl Store {
    fn open(folder: &Path) -> Store {
        let vault = Vault::open(folder, Arc::new(SystemClock), VaultOptions::default()).expect("a store");
        for name in ["main", "other"] {
            if vault.workspace(name).is_none() {
                vault.create_workspace(name).expect("a workspace");
            }
        }
        let vault = Arc::new(vault);
        let directory = Arc::new(Directory::open(vault.clone()).expect("a directory"));
        let rules = Arc::new(Rules::open(vault.clone(), directory, false).expect("rules"));
        let collector = Collector { vault: vault.clone(), rules, engine: ENGINE.clone(), clock: Arc::new(SystemClock) };
        Store { vault, collector }
    }

    fn put(&self, rule: &Value) -> Result<Arc<Rule>, RuleError> {
        let (rules, had) = (&self.collector.rules, self.collector.rules.find(ID));
        let rule = rules.read(ID, rule.to_string().as_bytes(), had.as_ref())?;
        rules.check(&rule)?;
        rules.put(rule, had.as_ref()).map(|saved| saved.rule)
    }

    /// Takes an upload; returns how many rows were made and how many records rejected.
    fn upload(&self, rule: &Rule, body: &str, request: Option<&str>) -> Result<(u64, u64), CollectError> {
        let collected = self.collector.collect(rule, STREAM, body.as_bytes(), request)?;
        let rejected = collected.rejected;
        for pending in collected.pending {
            block_on(pending.finish()).expect("taken");
        }
        Ok((collected.rows, rejected))
    }

    /// Asks a table; returns each row as JSON texts.
    fn ask(&self, workspace: &str, table: &str, query: &str) -> String {
        let found = self.vault.workspace(workspace).expect("a workspace").table(table).expect("a table");
        let mut tables = Tables::default();
        tables.add(table, Arc::new(StoreTable::new(found.snapshot().expect("a snapshot"), query)));
        run(tables, query)
    }
}

fn run(tables: Tables, query: &str) -> String {
    let tables = Arc::new(tables);
    let session = ENGINE.session(tables.clone(), Request::default());
    let environment = Environment {
        catalog: tables.as_ref(),
        functions: &*FUNCTIONS,
        host: Some(&session),
        now: session.context().now,
        principal: "",
        parameters: &[],
    };
    let (bound, findings) = kql::bind::bind(query, environment);
    let bound = bound.unwrap_or_else(|| panic!("{findings:?}"));
    let mut lines = Vec::new();
    for result in block_on(session.run(&bound)).expect("a result") {
        for batch in block_on(result.stream.collect_batches()).expect("rows") {
            for row in 0..batch.num_rows() {
                let cells = batch
                    .columns()
                    .iter()
                    .map(|array| arrow::util::display::array_value_to_string(array, row).expect("a cell"));
                lines.push(cells.collect::<Vec<_>>().join(","));
            }
        }
    }
    lines.join(" / ")
}

fn rule(transform: Option<&str>) -> Value {
    json!({ "location": "here", "properties": {
        "streamDeclarations": { STREAM: { "columns": [
            { "name": "TimeGenerated", "type": "datetime" }, { "name": "Name", "type": "string" },
            { "name": "N", "type": "int" }, { "name": "Bag", "type": "dynamic" },
        ] } },
        "destinations": { "logAnalytics": [{ "name": "w", "workspaceResourceId": "main" }] },
        "dataFlows": [{ "streams": [STREAM], "destinations": ["w"], "transformKql": transform, "outputStream": "Custom-App_CL" }],
    } })
}

#[test]
fn a_rule_makes_its_table_and_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let immutable_id = {
        let store = Store::open(folder.path());
        let saved = store.put(&rule(None)).expect("a rule");
        let table = store.vault.workspace("main").and_then(|of| of.table("App_CL")).and_then(|table| table.schema());
        let names: Vec<String> = table.expect("a table").columns().iter().map(|column| column.name.clone()).collect();
        assert_eq!(names, ["TimeGenerated", "Name", "N", "Bag", "AdditionalFields"]);
        // Saved anew it keeps its id.
        assert_eq!(store.put(&rule(Some("source | where N > 1"))).expect("a rule").immutable_id, saved.immutable_id);
        saved.immutable_id.clone()
    };
    let store = Store::open(folder.path());
    let found = store.collector.rules.get(&immutable_id).expect("the rule");
    assert_eq!(found.flows[0].transform.as_deref(), Some("source | where N > 1"));
    let shown = found.to_json(Some("https://logs.example"));
    assert_eq!((&shown["id"], &shown["name"]), (&json!(ID), &json!("r")));
    assert_eq!(shown["properties"]["endpoints"]["logsIngestion"], "https://logs.example");
    assert!(store.collector.rules.delete(&ID.to_uppercase()).expect("deleted"));
    assert!(store.collector.rules.get(&immutable_id).is_none());
    drop(store);
    assert!(Store::open(folder.path()).collector.rules.list().is_empty());
}

#[test]
fn what_is_wrong_with_a_rule_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path());
    store.vault.ensure_table("main", "Typed_CL", &[Column::new("Name", KqlType::Long)]).expect("a table");
    let changed = |pointer: &str, value: Value| {
        let mut rule = rule(Some("source"));
        *rule.pointer_mut(pointer).expect("a place") = value;
        rule
    };
    let flow = |member: &str| format!("/properties/dataFlows/0/{member}");
    let column = |name: &str, ktype: &str| json!([{ "name": "TimeGenerated", "type": "datetime" }, { "name": name, "type": ktype }]);
    let columns = format!("/properties/streamDeclarations/{STREAM}/columns");
    let transform = |text: &str| changed(&flow("transformKql"), json!(text));
    let cases = [
        (json!([]), "cannot be read"),
        (json!({}), "no `properties`"),
        (changed("/properties/dataFlows", json!([])), "no data flow"),
        (changed(&flow("streams"), json!(["Custom-Other"])), "`Custom-Other` is neither declared"),
        (changed(&flow("streams"), json!(["Microsoft-Nothing"])), "`Microsoft-Nothing` is neither declared"),
        (changed(&flow("destinations"), json!(["x"])), "the destination `x`"),
        (changed(&flow("outputStream"), json!("App_CL")), "`App_CL` names no stream"),
        (changed("/properties/destinations/logAnalytics/0/workspaceResourceId", json!("none")), "no workspace `none`"),
        (
            changed("/properties/destinations", json!({ "eventHubs": [{ "name": "w" }] })),
            "`destinations.eventHubs` is not supported",
        ),
        (changed(&columns, column("9x", "int")), "the column `9x`"),
        (changed(&columns, column(&"x".repeat(46), "int")), "45 at most"),
        (changed(&columns, column("TenantId", "string")), "`TenantId`, which is reserved"),
        (changed(&columns, column("TimeGenerated", "datetime")), "twice"),
        (changed(&columns, column("x", "decimal")), "type `decimal`"),
        (changed(&columns, json!([{ "name": "x", "type": "int" }])), "no column `TimeGenerated`"),
        (
            changed(&flow("outputStream"), json!("Custom-Typed_CL")),
            "the column `Name` is of type string, and in the table `Typed_CL` of type long",
        ),
        (changed(&flow("outputStream"), json!("Microsoft-Syslog")), "the table `Syslog` has no column `Name`"),
        (transform("source | summarize count()"), "the operator `summarize`"),
        (transform("source | extend x = dcount(N)"), "the function `dcount`"),
        (transform("source | extend x = tostringg(N)"), "is it `tostring`?"),
        (transform("source | extend x = geo_location(Name)"), "database of places"),
        (transform("source | where Nothing == 1"), "KS142"),
        (transform("source | project Name"), "no column `TimeGenerated`"),
        (transform("source | project TimeGenerated = Name"), "no column `TimeGenerated`"),
        (transform("print TimeGenerated = now()"), "by itself"),
        (transform("source; source"), "gives 2 tables"),
        (transform("source | where N in (source | project N)"), "by itself"),
        (transform(&format!("source // {}", "x".repeat(20_000))), "may have"),
    ];
    for (document, expected) in cases {
        let error = store.put(&document).expect_err(expected);
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        assert!(text.contains(expected), "{text}, not {expected}");
    }
    assert!(store.collector.rules.list().is_empty());
    let mut given = rule(None);
    given["properties"]["immutableId"] = json!("dcr-00000000000000000000000000000001");
    assert_eq!(store.put(&given).expect("a rule").immutable_id, "dcr-00000000000000000000000000000001");
    let other = store.collector.rules.read(&format!("{ID}2"), given.to_string().as_bytes(), None);
    assert!(matches!(other, Err(RuleError::ImmutableId { .. })));
    // What was read before somebody else saved it is not what is there now.
    let had = store.collector.rules.find(ID);
    let read = || store.collector.rules.read(ID, given.to_string().as_bytes(), had.as_ref()).expect("a rule");
    store.put(&given).expect("saved again");
    for had in [had.as_ref(), None] {
        assert!(matches!(store.collector.rules.put(read(), had), Err(RuleError::Changed { .. })));
    }
}

#[test]
fn good_records_are_taken_and_nothing_of_the_others_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path());
    let rule = store.put(&rule(None)).expect("a rule");
    let long = "é".repeat(40_000);
    let body = json!([
        { "TimeGenerated": "2026-05-31T12:00:00Z", "Name": "a", "N": 1, "Bag": { "x": 1 }, "Undeclared": 5 },
        { "Name": "b", "N": "two", "Bag": null },
        17,
        { "Name": long, "N": 4, "Bag": "x".repeat(70_000) },
    ]);
    assert_eq!(store.upload(&rule, &body.to_string(), None).expect("taken"), (3, 1));
    let rows = store.ask(
        "main",
        "App_CL",
        "App_CL | sort by N asc nulls first | project strlen(Name), N, AdditionalFields, strlen(tostring(Bag))",
    );
    let expected = "1,,{\"N\":\"two\"},0 / 1,1,,7 / 32768,4,{\"_Truncated\":{\"Name\":80000,\"Bag\":70002}},65536";
    assert_eq!(rows, expected);
    let kept = store.ask("main", "VidimusQuarantine", "VidimusQuarantine | project TableName, Reason, Raw");
    assert_eq!(kept, "App_CL,Malformed,17");
    // What came without a time has that of its arrival.
    assert_eq!(store.ask("main", "App_CL", "App_CL | where TimeGenerated > ago(1h) | count"), "2");
    for (body, expected) in
        [("", "begins with neither"), ("[{", "EOF"), ("x", "begins with neither"), ("[1] x", "trailing")]
    {
        let error = store.upload(&rule, body, None).expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(store.upload(&rule, "[]", None).expect("nothing"), (0, 0));
    assert_eq!(store.upload(&rule, "{\"Name\":\"alone\"}", None).expect("one"), (1, 0));
}

#[test]
fn the_limit_counts_records_and_not_what_is_between_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path());
    let rule = store.put(&rule(None)).expect("a rule");
    let n = BYTES_MAX / 8;
    let body = format!("[{}]", vec!["{\"N\":10}"; n].join(", "));
    assert!(body.len() > BYTES_MAX + BYTES_MAX / 5);
    assert_eq!(store.upload(&rule, &body, None).expect("taken").0, n as u64);
    let one_more = body.replacen('[', "[{\"N\":1},", 1);
    assert!(matches!(store.upload(&rule, &one_more, None), Err(CollectError::TooLarge { .. })));
}

#[test]
fn an_upload_that_is_sent_again_is_taken_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path());
    let rule = store.put(&rule(Some("source | extend Name = strcat(Name, '!')"))).expect("a rule");
    let body = json!([{ "Name": "a", "N": 1 }, 5]).to_string();
    for _ in 0..3 {
        store.upload(&rule, &body, Some("request-1")).expect("taken");
    }
    assert_eq!(store.ask("main", "App_CL", "App_CL | project Name"), "a!");
    assert_eq!(store.ask("main", "VidimusQuarantine", "VidimusQuarantine | count"), "1");
    // Under the same name, other records are others.
    store.upload(&rule, &json!([{ "Name": "b" }]).to_string(), Some("request-1")).expect("taken");
    assert_eq!(store.ask("main", "App_CL", "App_CL | count"), "2");
}

#[test]
fn transformations_filter_rename_parse_and_convert() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path());
    store
        .vault
        .ensure_table(
            "main",
            "Wide_CL",
            &[
                Column::new("TimeGenerated", KqlType::Datetime),
                Column::new("Who", KqlType::String),
                Column::new("N", KqlType::Long),
                Column::new("Id", KqlType::Guid),
            ],
        )
        .expect("a table");
    let text = "let least = 2; let shout = (s:string) { toupper(s) };
        source
        | where N >= least and Name !has 'secret'
        | parse Name with Who:string ' ' Id
        | extend Extra = columnifexists('Nothing', 'none'), Who = shout(Who)
        | project-away Bag, Name";
    let mut document = rule(Some(text));
    document["properties"]["dataFlows"][0]["outputStream"] = json!("Custom-Wide_CL");
    let saved = store.put(&document).expect("a rule");
    let guid = "6f3c1072-2739-461c-8aa7-3cfc8ff528a8";
    let body = json!([
        { "Name": format!("ann {guid}"), "N": 1 }, { "Name": format!("bob {guid}"), "N": 2 },
        { "Name": "secret thing", "N": 3 }, { "Name": "cat x", "N": "four" }, { "Name": "dan y", "N": 5, "Bag": {} },
    ]);
    assert_eq!(store.upload(&saved, &body.to_string(), None).expect("taken"), (2, 0));
    let rows = store.ask("main", "Wide_CL", "Wide_CL | sort by N asc | project Who, N, tostring(Id), Extra");
    assert_eq!(rows, format!("BOB,2,{guid},none / DAN,5,,none"));
}

#[test]
fn one_stream_may_go_several_ways_and_built_in_streams_have_their_tables_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path());
    let mut document = rule(None);
    document["properties"]["destinations"]["logAnalytics"] =
        json!([{ "name": "w", "workspaceResourceId": "main" }, { "name": "o", "workspaceResourceId": "other" }]);
    document["properties"]["dataFlows"] = json!([
        { "streams": [STREAM], "destinations": ["w", "o"], "outputStream": "Custom-App_CL" },
        { "streams": [STREAM], "destinations": ["o"], "transformKql": "source | where N > 1 | project TimeGenerated, Computer = Name, SyslogMessage = tostring(Bag)", "outputStream": "Microsoft-Syslog" },
        { "streams": ["Microsoft-Syslog"], "destinations": ["w"] },
    ]);
    let saved = store.put(&document).expect("a rule");
    let body = json!([{ "Name": "a", "N": 1 }, { "Name": "b", "N": 2, "Bag": [1] }]).to_string();
    assert_eq!(store.upload(&saved, &body, None).expect("taken").0, 5);
    assert_eq!(store.ask("main", "App_CL", "App_CL | count"), "2");
    assert_eq!(store.ask("other", "App_CL", "App_CL | count"), "2");
    assert_eq!(store.ask("other", "Syslog", "Syslog | project Computer, SyslogMessage"), "b,[1]");
    let syslog = json!([{ "TimeGenerated": "2026-01-01T00:00:00Z", "Computer": "c", "ProcessID": "12" }]).to_string();
    let collected = store.collector.collect(&saved, "Microsoft-Syslog", syslog.as_bytes(), None).expect("taken");
    for pending in collected.pending {
        block_on(pending.finish()).expect("taken");
    }
    assert_eq!(store.ask("main", "Syslog", "Syslog | project Computer, ProcessID"), "c,12");
    let unknown = store.collector.collect(&saved, "Custom-Nothing", b"[]", None);
    assert!(matches!(unknown, Err(CollectError::UnknownStream { .. })));
}

#[test]
fn cef_messages_are_taken_apart() {
    let columns = [Column::new("TimeGenerated", KqlType::Datetime), Column::new("Text", KqlType::String)];
    let text = "source | extend d = parse_cef_dictionary(Text) | extend v = tostring(d.DeviceVendor), n = tostring(d.Name), m = tostring(d.Extension.msg), s = tostring(d.Extension.src), none = isnull(d)";
    let transform = Transform::check(text, &columns, false).expect("a transformation");
    let texts = vec![
        r"CEF:0|Acme|Wall|1.0|100|a\|b|5|src=10.0.0.1 msg=two words here act=drop",
        "no CEF at all",
        "<134>Jan 1 host CEF:0|V|P|1|2|N|3|",
    ];
    let arrays: Vec<arrow::array::ArrayRef> = vec![
        arrow::array::new_null_array(&KqlType::Datetime.arrow(), 3),
        Arc::new(arrow::array::StringViewArray::from(texts)),
    ];
    let batch = arrow::array::RecordBatch::try_new(query::arrow_schema(&columns), arrays).expect("a batch");
    let wanted: Vec<Column> = transform
        .output()
        .iter()
        .filter(|column| column.name.len() == 1 || column.name == "none")
        .filter(|column| column.name != "d")
        .cloned()
        .collect();
    let (rows, origins) = transform.run(&ENGINE, &batch, &wanted, 0).expect("rows");
    assert_eq!(origins, [0, 1, 2]);
    let row = |row: usize| {
        let cells = rows.columns().iter().map(|a| arrow::util::display::array_value_to_string(a, row).expect("a cell"));
        cells.collect::<Vec<_>>().join(",")
    };
    assert_eq!(row(0), r"Acme,a\|b,two words here,10.0.0.1,false");
    assert_eq!(row(1), ",,,,true");
    assert_eq!(row(2), "V,N,,,false");
}
