use super::*;
use crate::{ColumnEntity, Rename};

fn change(steps: Vec<Step>) -> Change {
    Change { event: "TEST".to_string(), steps }
}

fn table(name: &str, stored: &str) -> TableEntity {
    let columns = Some(vec![ColumnEntity::new("N", "N", KqlType::Long)]);
    TableEntity { columns, ..TableEntity::plain(name, stored) }
}

fn rename(from: &str, to: &str, stored: &str) -> Rename {
    Rename { from: from.to_string(), to: to.to_string(), stored: stored.to_string() }
}

fn drop_table(name: &str, stored: &str) -> Step {
    Step::DropTable { name: name.to_string(), stored: stored.to_string() }
}

fn stored(entities: &Entities, name: &str) -> Option<String> {
    entities.table(name).map(|table| table.stored.clone())
}

#[test]
fn documents_come_back() {
    let mapping =
        MappingEntity { table: None, kind: "csv".to_string(), name: "m".to_string(), mapping: "[]".to_string() };
    let function = FunctionEntity {
        name: "F".to_string(),
        parameters: "(a:long)".to_string(),
        body: "{ print a }".to_string(),
        folder: String::new(),
        doc_string: "d".to_string(),
        is_view: true,
    };
    let view = ViewEntity {
        name: "V".to_string(),
        source: "T".to_string(),
        query: "T".to_string(),
        folder: String::new(),
        doc_string: String::new(),
    };
    let steps = vec![
        Step::SetTable(table("T", "T")),
        Step::ReserveTable(table("T", "T.2")),
        drop_table("T", "T"),
        Step::RenameTables(vec![rename("A", "B", "A")]),
        Step::SetFunction(function),
        Step::DropFunction { name: "F".to_string() },
        Step::DropMapping(key_of(&mapping)),
        Step::SetMapping(mapping),
        Step::SetView(view),
        Step::DropView { name: "V".to_string() },
    ];
    let change = change(steps);
    assert_eq!(Change::parse(&change.to_bytes()), Ok(change));
    assert!(Change::parse(br#"{"event":"X","steps":[],"more":1}"#).is_err());
    assert!(Change::parse(br#"{"event":"X","steps":[{"melt":{}}]}"#).is_err());
}

#[test]
fn a_dropped_table_is_gone_until_it_is_brought_back() {
    let mut entities = Entities::default();
    entities.add(0, 1, change(vec![Step::SetTable(table("T", "T"))]));
    entities.add(1, 2, change(vec![drop_table("T", "T")]));
    assert!(entities.table("T").is_none() && entities.is_claimed("T"));
    let [dropped] = entities.dropped() else { panic!("{:?}", entities.dropped()) };
    assert_eq!((dropped.version, dropped.time, &*dropped.table), (1, 2, &table("T", "T")));
    entities.add(2, 3, change(vec![Step::SetTable(table("T", "T.2"))]));
    assert_eq!((stored(&entities, "T").as_deref(), entities.dropped().len()), (Some("T.2"), 1));
    let back = change(vec![Step::SetTable(table("Old", "T"))]);
    assert_eq!(entities.check(&back), Ok(()));
    entities.add(3, 4, back);
    assert_eq!((stored(&entities, "Old").as_deref(), entities.dropped().len()), (Some("T"), 0));
    assert_eq!(entities.version(), 4);
    let twice = change(vec![Step::SetTable(table("Other", "T"))]);
    assert_eq!(entities.check(&twice), Err(EntityError::StoredTwice { stored: "T".to_string() }));
}

#[test]
fn names_can_be_swapped_and_take_their_mappings_along() {
    let mut entities = Entities::default();
    entities.add(0, 0, change(vec![Step::SetTable(table("A", "A"))]));
    let mapping = MappingEntity {
        table: Some("A".to_string()),
        kind: "json".to_string(),
        name: "m".to_string(),
        mapping: "[]".to_string(),
    };
    entities.add(1, 0, change(vec![Step::SetMapping(mapping)]));
    // B was never changed before: it is a stored table as it is.
    let swap = change(vec![Step::RenameTables(vec![rename("A", "B", "A"), rename("B", "A", "B")])]);
    assert_eq!(entities.check(&swap), Ok(()));
    entities.add(2, 0, swap);
    assert_eq!([stored(&entities, "A"), stored(&entities, "B")].map(Option::unwrap), ["B", "A"]);
    let tables: Vec<_> = entities.mappings().map(|(mapping, _)| mapping.table.clone()).collect();
    assert_eq!(tables, [Some("B".to_string())]);
    let clash = change(vec![Step::RenameTables(vec![rename("A", "B", "B")])]);
    assert!(matches!(entities.check(&clash), Err(EntityError::Exists { .. })));
    let both = change(vec![Step::RenameTables(vec![rename("A", "C", "B"), rename("B", "C", "A")])]);
    assert!(matches!(entities.check(&both), Err(EntityError::Exists { .. })));
    entities.add(3, 0, change(vec![drop_table("B", "A")]));
    assert_eq!(entities.mappings().count(), 0, "a table's mappings go with it");
}

#[test]
fn what_cannot_be_is_refused() {
    let entities = Entities::default();
    let check = |step| entities.check(&change(vec![step])).err().map(|error| error.to_string()).unwrap_or_default();
    let columns = |columns: Vec<ColumnEntity>| {
        Step::SetTable(TableEntity { columns: Some(columns), ..TableEntity::plain("T", "T") })
    };
    let n = ColumnEntity::new("N", "N", KqlType::Long);
    assert!(check(columns(vec![n.clone(), n.clone()])).contains("twice"));
    assert!(check(columns(vec![])).contains("at least one"));
    assert!(check(columns(vec![ColumnEntity { ktype: "float128".to_string(), ..n }])).contains("no type"));
    assert!(check(Step::SetTable(table("a/b", "T"))).contains("no name"));
    assert!(check(Step::SetTable(table("T", "../T"))).contains("no name"));
    assert!(check(Step::DropFunction { name: "F".to_string() }).contains("no function `F`"));
    assert_eq!(entities.check(&change(vec![])), Err(EntityError::NoSteps));
}
