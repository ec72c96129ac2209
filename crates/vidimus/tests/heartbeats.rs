//! Signs of life of a server's logs: of workspaces in which nothing happens too.

mod common;

use common::{Server, run, wait_for};
use tlog::entry::Entry;
use tlog::tile::{Tile, parse_entry_bundle};

/// Returns the entries of a workspace's log, which are fewer than a tile.
fn entries(server: &Server, workspace: &str) -> Vec<Entry> {
    let size = server.get(&format!("/v1/workspaces/{workspace}"))["log"]["publishedSize"].as_u64().unwrap_or(0);
    let Some(tile) = Tile::of_log(0, 0, size) else { return Vec::new() };
    let path = server.data.join(format!("ws/{workspace}/log/{}", tile.entries_path()));
    let bytes = std::fs::read(path).expect("entries");
    let entries = parse_entry_bundle(&bytes, tile.width()).expect("entries");
    entries.into_iter().map(|entry| Entry::parse(entry).expect("an entry")).collect()
}

#[test]
fn a_quiet_log_says_so_at_intervals() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data, &["--heartbeat-every", "100ms", "--workspace", "quiet"]).expect("it starts");
    let beats = wait_for("heartbeats", || Some(entries(&server, "quiet")).filter(|entries| entries.len() >= 4));
    let times: Vec<i64> = beats
        .iter()
        .map(|entry| match entry {
            Entry::Heartbeat(heartbeat) => heartbeat.time,
            other => panic!("{other:?}"),
        })
        .collect();
    // Ticks of 100 ns: not more often than was asked for, by the sequencer's clock.
    assert!(times[1..].windows(2).all(|pair| pair[1] - pair[0] >= 1_000_000), "{times:?}");
    server.stop();
    let (is_whole, out, error) = run(&["verify", data.to_str().expect("text")]);
    assert!(is_whole, "{out}{error}");

    let server = Server::start(&data, &["--heartbeat-every", "1h", "--workspace", "other"]).expect("it starts");
    let size = |name: &str| server.get("/v1/status")["logs"][name]["publishedSize"].as_u64().unwrap_or(0);
    let before = (size("quiet"), size("other"));
    // Each look of the sequencer would have made one at the interval of before.
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert_eq!(((size("quiet"), size("other")), before.1), (before, 0));
    server.stop();
}
