//! Real logs, when `VIDIMUS_SAMPLES` names the folder that holds them: each is recognised and taken whole.

mod common;

use common::run;
use sources::{Sniff, detect};

#[test]
fn samples_are_recognised_and_taken() {
    let Some(folder) = std::env::var_os("VIDIMUS_SAMPLES") else { return };
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".zip") || name.ends_with(".md") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let source = detect(&Sniff::new(&name, &bytes)).unwrap_or_else(|| panic!("{name} is not recognised"));
        let got = run(source, &name, &bytes, &[]);
        let tables: Vec<String> = got.tables.iter().map(|(table, batch)| format!("{table} {}", batch.n)).collect();
        println!("{name}: {} {} {:?}", source.name, tables.join(", "), got.counts);
        assert_eq!(got.counts.rejected, 0, "{name}: {:?}", got.rejects.first());
    }
}
