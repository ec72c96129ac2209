//! Bundles that are right, and every way of making them wrong that we could think of: both verifiers have to agree on each.

mod common;

use std::path::Path;
use std::process::Command;

use common::{ORIGIN, Vault, edit, signin, signins, write};
use tlog::bundle::{Files, Pin, VERIFY_PY, verify};
use tlog::note::{SignedNote, Signer};
use tlog::record::{Cell, CellType, SchemaColumn, SchemaDoc, Seed};
use tlog::{Hash, Policy};

/// A bundle that proves nothing: its name, its files, and a part of the reason.
type Bad = (&'static str, Files, &'static str);

fn bad_bundles(vault: &Vault) -> Vec<Bad> {
    let mut bad: Vec<Bad> = Vec::new();
    let mut add = |name, files: Files, why| bad.push((name, files, why));

    // A record is changed, exchanged or invented.
    for (name, from, to) in [
        ("text changed", "user2@", "user3@"),
        ("number changed", "int 50002", "int 50003"),
        ("truth changed", "bool true", "bool false"),
        ("cell dropped", "cell 3 bool true\n", ""),
        ("cell moved", "cell 3 bool true", "cell 2 string 1"),
        ("type changed", "cell 5 long ", "cell 5 timespan "),
        ("position changed", "row 2", "row 3"),
    ] {
        let mut files = vault.one_row();
        edit(&mut files, "batch-1.records", |text| text.replace(from, to));
        let why = match name {
            "type changed" => "column 5 is of type long",
            "position changed" => "too few or too many hashes",
            _ => "leads to the root",
        };
        let why = if name == "position changed" { "leads to the root" } else { why };
        add(name, files, why);
    }
    let mut files = vault.one_row();
    let other = Vault::new().one_row();
    edit(&mut files, "batch-1.records", |text| text.replace("seed ", "seed 00").replacen("00", "", 1) + "hash 00\n");
    add("damaged hash", files, "not a hash");
    let mut files = other;
    files.insert("batch-3.records".to_string(), files["batch-1.records"].clone());
    add("records without a batch", files, "`batch-3.tlog-proof` is missing");

    // A seed beside a hidden cell would let it be guessed; a digest in the place of a value.
    let mut files = vault.hidden_columns();
    edit(&mut files, "batch-1.records", |text| text.replace("row 0\n", &format!("row 0\nseed {}\n", "00".repeat(32))));
    add("seed with hidden cells", files, "not a datetime");
    let mut files = vault.hidden_columns();
    edit(&mut files, "batch-1.records", |text| text.replacen("hidden 1 ", "hidden 2 ", 1));
    add("hidden cell moved", files, "column ids ascend");
    let mut files = vault.hidden_columns();
    edit(&mut files, "batch-1.records", |text| {
        let line = text.lines().find(|line| line.starts_with("hidden 1 ")).expect("a line");
        text.replacen(&format!("{line}\n"), "", 1)
    });
    add("hidden cell dropped", files, "leads to the root");

    // Records are left out, or the claim is bent to fit.
    let mut files = vault.result_set();
    files.remove("batch-7.records");
    files.remove("batch-7.tlog-proof");
    add("batch dropped", files, "that are claimed: 4; that are there: 3");
    let mut files = vault.result_set();
    files.remove("batch-7.records");
    edit(&mut files, "claim", |text| text.replace("rows 4", "rows 3"));
    add("batch without records", files, "shows no record");
    let mut files = vault.result_set();
    edit(&mut files, "claim", |text| text.replace("rows 1 AuditLogs\n", ""));
    add("table not claimed", files, "nothing is claimed about table AuditLogs");
    let mut files = vault.range();
    edit(&mut files, "claim", |text| text.replace("range 3 6", "range 3 7"));
    add("range too long", files, "not those that are claimed");
    let mut files = vault.range();
    edit(&mut files, "claim", |text| text.replace("range 3 6", "range 2 6"));
    add("range shifted", files, "not those that are claimed");
    let mut files = vault.whole_table();
    files.remove("batch-5.records");
    files.remove("batch-5.tlog-proof");
    edit(&mut files, "claim", |text| text.replace("range 0 16", "range 0 15"));
    add("batch cut out of a range", files, "before it is missing");
    let mut files = vault.whole_table();
    edit(&mut files, "claim", |text| text.replace("range 0 16 SigninLogs", "range 0 16 SigninLog"));
    add("another table claimed", files, "nothing is claimed about table SigninLogs");
    let mut files = vault.one_row();
    edit(&mut files, "claim", |text| text.replace("contoso", "fabrikam"));
    add("another log claimed", files, "the checkpoint is of another log");
    let mut files = vault.growth();
    files.retain(|name, _| !name.starts_with("consistency"));
    add("nothing claimed", files, "nothing is claimed");

    // Files are missing.
    for name in vault.one_row().into_keys().filter(|name| !name.contains('.') || name.starts_with("batch")) {
        let mut files = vault.one_row();
        files.remove(&name);
        let why = if name.ends_with(".records") { "that are claimed: 1" } else { "is missing" };
        let why = if name.ends_with(".tlog-proof") { "is missing" } else { why };
        add("file missing", files, why);
    }

    // What column ids mean is bent.
    let mut files = vault.one_row();
    let schema = files.keys().find(|name| name.starts_with("schema-")).cloned().expect("a schema");
    edit(&mut files, &schema, |text| text.replace("UserPrincipalName", "Administrator"));
    add("column renamed", files, "the schema is not that of the batch");

    // Signatures are missing, forged, or of others.
    let stranger = Signer::log(ORIGIN, &[99; 32]).expect("a key");
    let checkpoint = vault.checkpoint(9);
    for (name, note, why) in [
        ("log unsigned", without(&checkpoint, 0), "no key of the log"),
        ("witness missing", without(&checkpoint, 2), "`witnesses` is not met"),
        ("forged log", signed_by(&checkpoint, &stranger), "no key of the log"),
        ("spoiled signature", spoiled(&checkpoint, 0), "the signature by `vault.example/contoso` is not valid"),
        ("spoiled cosignature", spoiled(&checkpoint, 2), "the signature by `witness.example/w2` is not valid"),
    ] {
        let mut files = vault.growth();
        files.insert("checkpoint".to_string(), note.to_text().into_bytes());
        add(name, files, why);
    }
    let mut files = vault.growth();
    files.insert("checkpoint".to_string(), with_order_added(&checkpoint, 0).to_text().into_bytes());
    add("signature in another form", files, "is not valid");
    let mut files = vault.growth();
    edit(&mut files, "consistency-4", |text| spoil_signature(text, ORIGIN));
    add("spoiled earlier checkpoint", files, "is not valid");

    // The log was forked or rolled back: signed with the real keys, but another history.
    let fork = forked();
    let mut files = vault.growth();
    files.insert("checkpoint".to_string(), fork.checkpoint(9).to_text().into_bytes());
    add("forked log", files, "leads to the root");
    let mut files = vault.growth();
    let bytes = fork.growth()["consistency-7"].clone();
    files.insert("consistency-7".to_string(), bytes);
    add("fork in the past", files, "leads to the root");
    let mut files = vault.growth();
    files.insert("checkpoint".to_string(), vault.checkpoint(5).to_text().into_bytes());
    add("rolled back log", files, "too few or too many hashes");
    let mut files = vault.growth();
    files.retain(|name, _| !name.starts_with("consistency-") || name == "consistency-7");
    files.insert("checkpoint".to_string(), vault.checkpoint(5).to_text().into_bytes());
    add("log smaller than before", files, "is not a part of a tree");
    let mut files = vault.one_row();
    files.insert("checkpoint".to_string(), fork.checkpoint(9).to_text().into_bytes());
    add("entry of another log", files, "not that of the bundle");
    let mut files = vault.one_row();
    files.insert("checkpoint".to_string(), fork.checkpoint(9).to_text().into_bytes());
    edit(&mut files, "batch-1.tlog-proof", |text| {
        let (head, _) = text.split_once("\n\n").expect("a checkpoint");
        format!("{head}\n\n{}", fork.checkpoint(9).to_text())
    });
    add("path to another root", files, "leads to the root");
    let mut files = vault.one_row();
    for name in ["tlog-proof", "records"] {
        let bytes = files.remove(&format!("batch-1.{name}")).expect("a file");
        files.insert(format!("batch-2.{name}"), bytes);
    }
    add("entry at another index", files, "another entry");
    let mut files = vault.growth();
    let bytes = files.remove("consistency-4").expect("a file");
    files.insert("consistency-5".to_string(), bytes);
    add("earlier checkpoint misnamed", files, "another size");

    // Proofs are too long or too short.
    let mut files = vault.one_row();
    edit(&mut files, "batch-1.records", |text| format!("{text}hash {}\n", Hash::of(b"more")));
    add("hash too many", files, "too few or too many hashes");
    let mut files = vault.one_row();
    edit(&mut files, "batch-1.records", |text| {
        let end = text.rfind("hash ").expect("a hash");
        text[..end].to_string()
    });
    add("hash too few", files, "too few or too many hashes");
    let mut files = vault.one_row();
    edit(&mut files, "batch-1.tlog-proof", |text| {
        text.replacen("\n\n", &format!("\n{}\n\n", Hash::of(b"more").to_base64()), 1)
    });
    add("path too long", files, "too few or too many hashes");

    // Other forms of the same.
    for (name, file, from, to) in [
        ("carriage returns", "claim", "\n", "\r\n"),
        ("leading zero", "claim", "rows 1", "rows 01"),
        ("trailing blank", "claim", "SigninLogs", "SigninLogs "),
        ("no last line end", "claim", "SigninLogs\n", "SigninLogs"),
        ("upper-case digits", "batch-1.records", "seed 7", "seed A"),
        ("empty line", "batch-1.records", "row 2\n", "row 2\n\n"),
        ("other line ends", "batch-1.records", "row 2\n", "row 2\u{2028}"),
        ("extension line", "checkpoint", "=\n\n", "=\nmore\n\n"),
        ("dash", "checkpoint", "\u{2014} witness.example/w2", "- witness.example/w2"),
    ] {
        let mut files = vault.one_row();
        if name == "upper-case digits" {
            edit(&mut files, file, |text| {
                text.lines()
                    .map(|l| {
                        if l.starts_with("seed") {
                            format!("seed {}\n", l[5..].to_uppercase())
                        } else {
                            format!("{l}\n")
                        }
                    })
                    .collect()
            });
        } else {
            edit(&mut files, file, |text| text.replacen(from, to, 1));
        }
        add(name, files, "");
    }
    // A silence that was none, has no end, or is not claimed.
    let quiet = Vault::quiet();
    let silence = |indexes: &[u64], claims: &[(&str, u64)]| {
        let mut builder = quiet.builder();
        quiet.add_heartbeats(&mut builder, indexes);
        claims.iter().for_each(|(table, next)| builder.silent(table, *next));
        builder
    };
    let why = "the next record of table AuditLogs had number 4 at entry 11, not 3";
    bad.push(("a record between", silence(&[9, 11], &[("AuditLogs", 3)]).finish(), why));
    let why = "had number 16 at entry 9, not 15";
    bad.push(("another number", silence(&[9, 12], &[("SigninLogs", 15)]).finish(), why));
    bad.push(("one heartbeat", silence(&[11], &[("SigninLogs", 16)]).finish(), "no beginning and end"));
    bad.push(("a table that is not named", silence(&[9, 12], &[("Other", 0)]).finish(), "no beginning and end"));
    bad.push(("heartbeats for nothing", silence(&[9, 12], &[]).finish(), "nothing is claimed"));
    let mut with_batch = silence(&[9, 12], &[("SigninLogs", 16)]);
    quiet.add(&mut with_batch, 0, Vec::new());
    bad.push(("a silent table with a batch", with_batch.finish(), "is claimed to be silent and has a batch"));
    let mut with_rows = silence(&[9, 12], &[]);
    quiet.add(&mut with_rows, 0, quiet.rows(0, 2..3));
    bad.push(("rows and heartbeats for nothing", with_rows.finish(), "nothing is claimed about silence"));
    let mut files = quiet.silence();
    let moved = files.remove("heartbeat-11.tlog-proof").unwrap_or_default();
    files.insert("heartbeat-10.tlog-proof".to_string(), moved);
    bad.push(("a heartbeat elsewhere", files, "of another entry"));
    let mut files = quiet.silence();
    files.insert("batch-9.tlog-proof".to_string(), files["heartbeat-9.tlog-proof"].clone());
    bad.push(("a heartbeat as a batch", files, "`vidimus.batch.v1` expected"));
    bad
}

/// A log with the same keys and another first record.
fn forked() -> Vault {
    let mut fork = Vault::new();
    let mut vault = Vault::new();
    vault.tree = tlog::tree::MemoryTree::new();
    vault.batches.clear();
    vault.heartbeat();
    let mut record = signin(0);
    record[1] = Cell::string("somebody.else@contoso.example");
    vault.seal(&signins(), vec![record]);
    for _ in 0..7 {
        vault.heartbeat();
    }
    std::mem::swap(&mut fork.tree, &mut vault.tree);
    fork
}

fn without(note: &SignedNote, idx: usize) -> SignedNote {
    let mut note = note.clone();
    note.signatures.remove(idx);
    note
}

fn signed_by(note: &SignedNote, signer: &Signer) -> SignedNote {
    let mut note = note.clone();
    note.signatures[0] = signer.sign(&note.text, 0);
    note
}

fn spoiled(note: &SignedNote, idx: usize) -> SignedNote {
    let mut note = note.clone();
    note.signatures[idx].bytes[30] ^= 0x10;
    note
}

/// Adds the group's order to the scalar of a signature: the equation still holds, the form is another.
fn with_order_added(note: &SignedNote, idx: usize) -> SignedNote {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut note = note.clone();
    let mut carry = 0;
    for (byte, more) in note.signatures[idx].bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    note
}

/// Writes a key without looking at it.
fn vkey(name: &str, public: [u8; 32]) -> String {
    let key = [&[1][..], &public].concat();
    let id = Hash::of(&[name.as_bytes(), b"\n", &key].concat()).to_string();
    format!("{name}+{}+{}", &id[..8], base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key))
}

fn spoil_signature(text: &str, name: &str) -> String {
    let (head, below) = text.rsplit_once("\n\n").expect("a note");
    let note = format!("{}\n\n{below}", head.rsplit("\n\n").next().expect("a text"));
    let mut note = SignedNote::parse(note.as_bytes()).expect("a note");
    let signature = note.signatures.iter_mut().find(|signature| signature.name == name).expect("a signature");
    signature.bytes[5] ^= 1;
    let lines: String = note.signatures.iter().map(|signature| signature.line() + "\n").collect();
    format!("{head}\n\n{lines}")
}

#[test]
fn good_bundles_are_proved() {
    let vault = Vault::new();
    let mut reports = String::new();
    for (name, files) in vault.bundles() {
        let report = verify(&files, &vault.policy(), &[]).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        reports.push_str(&format!("== {name}\n{}", report.to_text()));
        for row in &report.rows {
            reports.push_str(&row.to_json());
            reports.push('\n');
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &reports).expect("writable");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), reports);
}

/// Evidence outlives programs: what these bytes proved once they have to prove for ever, and we have to write them so again.
#[test]
fn the_bytes_of_bundles_never_change() {
    let vault = Vault::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let is_update = std::env::var_os("UPDATE").is_some();
    let mut golden = vault.bundles();
    golden.push(("policy", Files::from([("policy".to_string(), vault.policy_text().into_bytes())])));
    for (name, mut files) in golden {
        files.retain(|file, _| file != "verify.py" && file != "README.txt");
        if is_update {
            write(&folder.join(name), &files);
        }
        for (file, bytes) in &files {
            let expected = std::fs::read(folder.join(name).join(file)).unwrap_or_default();
            assert!(expected == *bytes, "{name}/{file} differs");
        }
        assert_eq!(std::fs::read_dir(folder.join(name)).expect("a folder").count(), files.len(), "{name}");
    }
}

#[test]
fn bad_bundles_are_refused() {
    let vault = Vault::new();
    for (name, files, why) in bad_bundles(&vault) {
        match verify(&files, &vault.policy(), &[]) {
            Ok(report) => panic!("{name}: accepted\n{}", report.to_text()),
            Err(refusal) => assert!(refusal.to_string().contains(why), "{name}: {refusal}"),
        }
    }
}

#[test]
fn pinned_checkpoints_have_to_be_part_of_the_log() {
    let vault = Vault::new();
    let policy = vault.policy();
    let pin = |vault: &Vault, size| [Pin(vault.checkpoint_of(size))];
    assert!(verify(&vault.growth(), &policy, &pin(&vault, 7)).is_ok());
    assert!(verify(&vault.one_row(), &policy, &pin(&vault, 9)).is_ok());
    let refusal = |files: &Files, pin: &[Pin]| verify(files, &policy, pin).expect_err("no proof").to_string();
    assert!(refusal(&vault.growth(), &pin(&vault, 6)).contains("nothing shows"));
    assert!(refusal(&vault.growth(), &pin(&forked(), 7)).contains("nothing shows"));
    let mut longer = Vault::new();
    longer.heartbeat();
    assert!(refusal(&vault.growth(), &pin(&longer, 10)).contains("rolled back"));
}

#[test]
fn a_lone_hidden_value_cannot_be_guessed_but_could_with_its_salt() {
    let vault = Vault::new();
    let row = vault.row(0, 0, |id| id != 2);
    let digest = row.cells.iter().find_map(|cell| match cell {
        tlog::bundle::RowCell::Hidden { column: 2, digest } => Some(*digest),
        _ => None,
    });
    let digest = digest.expect("a digest");
    let guesses: Vec<String> = (0..=255).map(|last| format!("10.0.0.{last}")).collect();
    let found = |salt: &[u8; 16]| {
        guesses.iter().filter(|g| tlog::record::cell_digest(salt, 2, &Cell::string(g)) == Some(digest)).count()
    };
    // With the record's seed the value is found at once; that is why it is destroyed.
    assert_eq!(found(&vault.batches[0].seeds.seed(0).expect("a seed").salt(2)), 1);
    assert_eq!(found(&[0; 16]), 0);
    assert_eq!(found(&Seed([0; 32]).salt(2)), 0);
    let shown: String =
        vault.hidden_columns().values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    for secret in ["10.0.0.0", "user0@", "user1@", "user4@"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let salts: Vec<[u8; 16]> =
        [0, 1, 4].iter().map(|row| vault.batches[0].seeds.seed(*row).expect("a seed").salt(2)).collect();
    for salt in salts {
        let hex: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!shown.contains(&hex));
    }
}

/// Runs the verifier in Python and returns exit code and output.
fn python(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new("python3")
        .arg(folder.join("verify.py"))
        .arg(folder.join("bundle"))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("Traceback"), "{errors}");
    eprint!("{errors}");
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn python_says_the_same_of_good_bundles() {
    let vault = Vault::new();
    for (name, mut files) in vault.bundles() {
        files.insert("notes \u{1b}.txt".to_string(), Vec::new());
        let folder = tempfile::tempdir().expect("a folder");
        write(&folder.path().join("bundle"), &files);
        std::fs::write(folder.path().join("verify.py"), VERIFY_PY).expect("a file");
        let policy = folder.path().join("policy");
        std::fs::write(&policy, vault.policy_text()).expect("a file");
        let pinned = folder.path().join("pinned");
        std::fs::write(&pinned, vault.checkpoint(9).to_text()).expect("a file");
        let policy = policy.to_str().expect("UTF-8");
        let arguments = ["--policy", policy, "--pinned", pinned.to_str().expect("UTF-8")];
        let report = verify(&files, &vault.policy(), &[Pin(vault.checkpoint_of(9))]).expect("a good bundle");
        assert_eq!(python(folder.path(), &arguments), (0, report.to_text()), "{name}");
        let rows: String = report.rows.iter().map(|row| row.to_json() + "\n").collect();
        assert_eq!(python(folder.path(), &["--policy", policy, "--rows"]), (0, rows), "{name}");
    }
}

#[test]
fn python_refuses_bad_bundles() {
    let vault = Vault::new();
    let folder = tempfile::tempdir().expect("a folder");
    let mut list = String::new();
    for (idx, (name, files, _)) in bad_bundles(&vault).into_iter().enumerate() {
        write(&folder.path().join(format!("{idx}")), &files);
        list.push_str(&format!("{idx} {name}\n"));
    }
    let accepted = drive("refuse_all", folder.path(), &vault.policy_text());
    assert_eq!(accepted, "", "{list}");
}

#[test]
fn every_flipped_bit_is_found_by_both() {
    let vault = Vault::new();
    flip_every_bit("hidden-columns", &vault, vault.hidden_columns());
}

#[test]
fn every_flipped_bit_of_checkpoints_is_found_by_both() {
    let vault = Vault::new();
    flip_every_bit("small-growth", &vault, small_growth(&vault));
}

/// Flips each bit of each file. Whatever is accepted has to mean the same, and the verifier in Python has to accept it, too.
#[test]
fn every_flipped_bit_of_heartbeats_is_found_by_both() {
    let vault = Vault::quiet();
    let mut files = vault.silence();
    // What witnesses signed under earlier checkpoints is not looked at.
    files.remove("consistency-9");
    flip_every_bit("heartbeats", &vault, files);
}

fn flip_every_bit(name: &str, vault: &Vault, files: Files) {
    let policy = vault.policy();
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("bundle"), &files);
    let (policy_text, path) = (vault.policy_text(), folder.path().to_path_buf());
    let theirs = std::thread::spawn(move || drive("flip_all", &path, &policy_text));

    let report = verify(&files, &policy, &[]).expect("a good bundle");
    let mut accepted = String::new();
    let mut n_flips = 0;
    for (file, bytes) in files.iter().filter(|(file, _)| *file != "verify.py" && *file != "README.txt") {
        let mut flipped = files.clone();
        for bit in 0..bytes.len() * 8 {
            n_flips += 1;
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            flipped.insert(file.clone(), changed);
            if let Ok(other) = verify(&flipped, &policy, &[]) {
                assert_eq!(other, report, "{name}: bit {bit} of {file} changes the meaning");
                accepted.push_str(&format!("{file} {bit}\n"));
            }
        }
    }
    assert!(n_flips > 5_000);
    assert_eq!(theirs.join().expect("it ends"), accepted, "{name}");
    assert_eq!(accepted, "", "{name}");
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Changes a file as a forger or a careless program might: lines, words and bytes.
fn mutated(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const PARTS: [&[u8]; 16] = [
        b"\n",
        b"\r\n",
        b" ",
        b"0",
        b"-",
        b"=",
        b"+",
        b"\\",
        b"\\x41",
        b"\0",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xff",
        b"18446744073709551616",
        b"cell 3 bool true\n",
        b"hidden 1 00\n",
    ];
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (at, other) = (numbers.below(lines.len()), numbers.below(lines.len()));
    match numbers.below(6) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[other].clone()),
        2 => lines.swap(at, other),
        3 => {
            let place = numbers.below(lines[at].len());
            lines[at].splice(place..place, PARTS[numbers.below(PARTS.len())].iter().copied());
        }
        4 => {
            let place = numbers.below(lines[at].len());
            lines[at][place] = PARTS[numbers.below(PARTS.len())][0];
        }
        _ => {
            let place = numbers.below(lines[at].len());
            let end = (place + 1 + numbers.below(4)).min(lines[at].len());
            lines[at].drain(place..end);
        }
    }
    lines.concat()
}

#[test]
fn both_verifiers_judge_any_change_alike() {
    let vault = Vault::new();
    let policy = vault.policy();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let bundles = [vault.hidden_columns(), vault.range(), vault.result_set(), vault.growth()];
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected = String::new();
    let mut n_changed = 0;
    for (idx, files) in bundles.iter().enumerate() {
        write(&folder.path().join(format!("{idx}")), files);
        let names: Vec<&String> = files.keys().filter(|name| *name != "verify.py" && *name != "README.txt").collect();
        for _ in 0..600 {
            let name = names[numbers.below(names.len())];
            let bytes = mutated(&files[name], &mut numbers);
            if bytes == files[name] {
                continue;
            }
            let mut changed = files.clone();
            changed.insert(name.clone(), bytes.clone());
            let id = format!("{idx}-{n_changed:05}-{name}");
            std::fs::write(folder.path().join(&id), bytes).expect("a file");
            n_changed += 1;
            if let Ok(report) = verify(&changed, &policy, &[]) {
                // Only what an earlier checkpoint carries beside the log's signature may change, or its order.
                assert!(name.starts_with("consistency-") || name == "checkpoint", "{id}: {}", report.to_text());
                expected.push_str(&format!("{id}\n"));
            }
        }
    }
    assert!(n_changed > 2000);
    assert_eq!(drive("judge_changes", folder.path(), &vault.policy_text()), expected);
}

#[test]
fn both_verifiers_show_any_value_alike() {
    let mut vault = Vault::new();
    let mut numbers = Numbers(42);
    let kinds = [CellType::Real, CellType::Decimal, CellType::Datetime, CellType::Timespan, CellType::Dynamic];
    let columns =
        (0u16..).zip(kinds).map(|(id, kind)| SchemaColumn { id, kind, name: kind.word().to_string() }).collect();
    let schema = SchemaDoc { table: "Values".to_string(), id: 1, columns };
    let record = |_| {
        let mut decimal = [0u8; 32];
        let n_bytes = numbers.below(33);
        decimal[32 - n_bytes..].iter_mut().for_each(|byte| *byte = numbers.next() as u8);
        let real = match numbers.below(3) {
            0 => f64::from_bits(numbers.next()),
            1 => numbers.next() as i32 as f64 / 1000.0,
            _ => 10f64.powi(numbers.below(40) as i32 - 20),
        };
        let text: String = (0..4).filter_map(|_| char::from_u32(numbers.next() as u32 % 0x300)).collect();
        let day = numbers.next() as i64 % 3_155_378_975_999_999_999;
        let bits = numbers.next() as i64;
        let span = bits >> numbers.below(60);
        vec![
            Cell::Real(real),
            Cell::Decimal(decimal),
            Cell::Datetime(day),
            Cell::Timespan(span),
            Cell::Dynamic(text.into()),
        ]
    };
    vault.seal(&schema, (0..500).map(record).collect());
    let last = vault.batches.len() - 1;
    let mut builder = vault.builder();
    vault.add(&mut builder, last, vault.rows(last, 0..500));
    let files = builder.finish();
    let report = verify(&files, &vault.policy(), &[]).expect("a good bundle");
    let rows: String = report.rows.iter().map(|row| row.to_json() + "\n").collect();
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("bundle"), &files);
    std::fs::write(folder.path().join("verify.py"), VERIFY_PY).expect("a file");
    let policy = folder.path().join("policy");
    std::fs::write(&policy, vault.policy_text()).expect("a file");
    let (code, printed) = python(folder.path(), &["--policy", policy.to_str().expect("UTF-8"), "--rows"]);
    assert_eq!(code, 0);
    for (ours, theirs) in rows.lines().zip(printed.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(rows.lines().count(), printed.lines().count());
}

/// One earlier checkpoint, signed by the log alone.
fn small_growth(vault: &Vault) -> Files {
    let mut files = vault.growth();
    files.retain(|name, _| !name.starts_with("consistency-") || name == "consistency-7");
    edit(&mut files, "consistency-7", |text| {
        text.lines().filter(|line| !line.contains(" witness")).map(|line| format!("{line}\n")).collect()
    });
    files
}

#[test]
fn cut_off_files_are_refused() {
    let vault = Vault::new();
    for (name, files) in [("hidden-columns", vault.hidden_columns()), ("growth", vault.growth())] {
        for (file, bytes) in files.iter().filter(|(file, _)| *file != "verify.py" && *file != "README.txt") {
            let mut cut = files.clone();
            for end in 0..bytes.len() {
                cut.insert(file.clone(), bytes[..end].to_vec());
                match verify(&cut, &vault.policy(), &[]) {
                    Err(_) => {}
                    // Witnesses' signatures under an earlier checkpoint may go: only the log's counts there.
                    Ok(_) => assert!(file.starts_with("consistency-"), "{name}: {file} cut at {end}"),
                }
            }
        }
    }
}

/// Runs a function of `drive.py` with the verifier as a module.
fn drive(function: &str, folder: &Path, policy: &str) -> String {
    let code = tempfile::tempdir().expect("a folder");
    std::fs::write(code.path().join("verify.py"), VERIFY_PY).expect("a file");
    std::fs::write(code.path().join("policy"), policy).expect("a file");
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drive.py");
    let output = Command::new("python3")
        .arg(driver)
        .arg(function)
        .arg(code.path())
        .arg(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn policies_are_read_alike() {
    let vault = Vault::new();
    let text = vault.policy_text();
    let policies = [
        text.clone(),
        text.replace("all W1", "1 W1"),
        text.replace("all W1", "0 W1"),
        text.replace("all W1", "3 W1"),
        text.replace("quorum witnesses\n", ""),
        text.replace("quorum witnesses", "quorum none"),
        text.replace("log ", "\tlog  "),
        text.replace("W2\n", "W3\n"),
        text.replace("witness W2 ", "witness W1 "),
        format!("{text}quorum none\n"),
        format!("# \u{e9}\n\n{text} \n"),
        text.replace('\n', "\r\n"),
        text.replace("+", "+0"),
        text.replace("=\n", "\n"),
    ];
    // Keys that are no points, points of small order, and points in a second form.
    let mut keys: Vec<[u8; 32]> = vec![[0; 32], [1; 32], [2; 32], [0xff; 32], [0x80; 32]];
    for first in 0..=255 {
        for last in [0x00, 0x7f, 0x80, 0xff] {
            let mut key = [if last & 0x7f == 0 { 0 } else { 0xff }; 32];
            (key[0], key[31]) = (first, last);
            keys.push(key);
        }
    }
    let order_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    keys.push(Hash::from_hex(order_8).expect("a key").0);
    let with_key = |key| format!("log {}\nquorum none\n", vkey("x", key));
    let policies: Vec<String> = policies.into_iter().chain(keys.into_iter().map(with_key)).collect();
    assert!(Policy::parse(policies.last().expect("a policy")).is_err());
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected = String::new();
    for (idx, policy) in policies.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{idx:04}")), policy).expect("a file");
        if Policy::parse(policy).is_ok() {
            expected.push_str(&format!("{idx:04}\n"));
        }
    }
    assert_eq!(drive("policies", folder.path(), &text), expected);
    assert!(expected.lines().count() > 100);
}
