//! Objects that come, grow, are replaced and go away.

mod common;

use common::Taken;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use pull::Objects;
use schema::ticks::{DAY, HOUR, SECOND};
use std::sync::Arc;
use stdx::Clock;

struct Bucket {
    store: Arc<InMemory>,
    runtime: tokio::runtime::Runtime,
    taken: Taken,
    may_grow: bool,
}

impl Bucket {
    fn new(may_grow: bool) -> Bucket {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Bucket { store: Arc::new(InMemory::new()), runtime, taken: Taken::new(), may_grow }
    }

    fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.runtime.block_on(self.store.put(&Path::from(name), bytes.into().into())).unwrap();
    }

    /// Starts, and takes what is there so much later; returns the bodies.
    fn round(&mut self, later: i64) -> Vec<String> {
        let before = self.taken.pieces.len();
        let store: Arc<dyn ObjectStore> = self.store.clone();
        let mut feed = Objects::of_store(store, "blobs test", self.may_grow).unwrap();
        self.taken.round(&mut feed, stdx::SystemClock.now_ticks() + later).unwrap();
        self.taken.texts().split_off(before)
    }
}

#[test]
fn appended_lines_are_taken_from_where_we_were() {
    let mut bucket = Bucket::new(true);
    let name = "resourceId=/SUBSCRIPTIONS/S/y=2026/m=05/d=01/h=00/m=00/PT1H.json";
    bucket.put(name, "{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(bucket.round(0), ["{\"n\":1}\n{\"n\":2}\n"]);
    assert!(bucket.round(0).is_empty());
    bucket.put(name, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n");
    bucket.put("empty", "");
    assert_eq!(bucket.round(0), ["{\"n\":3}\n"]);
    bucket.put(name, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n");
    assert_eq!(bucket.round(0), ["{\"n\":4}\n"]);
    // What never gets its end is taken as it is, once.
    assert!(bucket.round(0).is_empty());
    assert_eq!(bucket.round(2 * HOUR), ["{\"n"]);
    assert!(bucket.round(2 * HOUR).is_empty());
    // Another object under the same name is taken from its begin.
    bucket.put(name, "{\"m\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n");
    assert_eq!(bucket.round(0), ["{\"m\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n"]);
    bucket.put(name, "{\"k\":1}\n");
    assert_eq!(bucket.round(0), ["{\"k\":1}\n"]);
}

#[test]
fn a_document_that_is_rewritten_gives_what_is_new() {
    let mut bucket = Bucket::new(true);
    bucket.put("nsg/PT1H.json", "{\"records\":[{\"n\":1}]}");
    assert_eq!(bucket.round(0), ["[{\"n\":1}]"]);
    bucket.put("nsg/PT1H.json", "{\"records\":[{\"n\":1},{\"n\":2},{\"n\":3}]}");
    bucket.put("other.json.gz", b"\x1f\x8bxyz".to_vec());
    assert_eq!(bucket.round(0).len(), 2);
    assert!(bucket.taken.texts().contains(&"[{\"n\":2},{\"n\":3}]".to_string()));
    assert!(bucket.round(2 * HOUR).is_empty());
}

#[test]
fn long_objects_are_taken_in_parts_and_none_is_waited_for_without_end() {
    let mut bucket = Bucket::new(true);
    let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(3 << 20));
    let lines = line.repeat(7);
    bucket.put("long", lines.clone());
    let bodies = bucket.round(0);
    let text = |text: &str| text.replace('\n', "");
    assert!(bodies.len() > 2 && text(&bodies.concat()) == text(&lines), "{} bodies", bodies.len());
    // One record that is longer than anybody reads.
    let endless = format!("{{\"text\":\"{}", "y".repeat(9 << 20));
    bucket.put("endless", endless.clone());
    assert_eq!(bucket.round(2 * HOUR).concat(), endless);
}

#[test]
fn objects_that_never_change_are_taken_as_a_whole_and_forgotten_in_time() {
    let mut bucket = Bucket::new(false);
    bucket.put("a", "{\"Records\":[");
    assert_eq!(bucket.round(0), ["{\"Records\":["]);
    assert!(bucket.round(0).is_empty());
    let path = bucket.taken.path();
    let n_objects = || pull::State::open(&path, "blobs test").unwrap().under("object/").count();
    assert_eq!(n_objects(), 1);
    // As if years had passed: it is known by the time alone.
    let now = stdx::SystemClock.now_ticks();
    let change = pull::Change::set("from", schema::ticks::datetime_text(now + SECOND));
    bucket.taken.change("blobs test", &change);
    let mut forget = pull::Change::default();
    forget.drop.push("object/a".to_string());
    bucket.taken.change("blobs test", &forget);
    assert!(bucket.round(8 * DAY).is_empty());
    assert_eq!(n_objects(), 0);
}
