//! Nothing shows a secret: no message, no text for debugging, no file.

mod common;

use common::{CHEAP, WORDS, World, passphrase};
use keys::{BackendError, Key, KeyBackend, KeyError, PassphraseSource, Purpose, SealedKeys};
use sequencer::storage::Storage;

const SECRET: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";

fn texts(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}

fn shows_nothing(text: &str) {
    let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let decimal = format!("{:?}", &SECRET[..4]);
    let sign_of_secret =
        [WORDS, "correct horse", "contents", "0123456789abcdef", &hex[..16], decimal.trim_matches(['[', ']'])];
    for secret in sign_of_secret {
        assert!(!text.contains(secret), "`{secret}` is in {text}");
    }
}

#[test]
fn no_text_shows_a_secret() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let keys = SealedKeys::new(open.store.clone());
    shows_nothing(&format!("{:?} {:?}", passphrase(WORDS), Key::from_bytes(SECRET)));
    keys.create("contoso", "vault.example/contoso", &Key::from_bytes(SECRET)).expect("a key");
    let mut errors: Vec<Box<dyn std::error::Error>> = Vec::new();
    errors.push(keys.create("contoso", "vault.example/contoso", &Key::from_bytes(SECRET)).expect_err("there").into());
    errors.push(keys.create("contoso", "no origin+", &Key::from_bytes(SECRET)).expect_err("no origin").into());
    let mut blob = b"contents".to_vec();
    errors.push(sealer.open(Purpose::Wal, "1", &mut blob).expect_err("not sealed").into());
    sealer.seal(Purpose::Wal, "1", &mut blob).expect("sealed");
    errors.push(sealer.open(Purpose::Wal, "2", &mut blob).expect_err("elsewhere").into());
    let mut wrapped = open.backend.wrap(b"here", &Key::from_bytes(SECRET)).expect("wrapped");
    shows_nothing(&format!("{wrapped:?}"));
    errors.push(open.backend.unwrap(b"there", &wrapped).expect_err("elsewhere").into());
    wrapped.bytes[40] ^= 1;
    errors.push(open.backend.unwrap(b"here", &wrapped).expect_err("damaged").into());
    drop((open, sealer, keys));
    errors.push(world.backend("correct horse, wrong battery").err().expect("refused").into());
    world.disk.corrupt("contoso/ring.0000000001", 150, 1);
    let open = world.open_with(WORDS).expect("a store");
    errors.extend(open.unusable.into_iter().map(|unusable| unusable.error.into()));
    errors.push(
        open.store.rewrap_all(|_| Ok(())).expect("a summary").outcomes.remove(0).result.expect_err("damaged").into(),
    );
    assert!(errors.len() >= 8);
    errors.iter().for_each(|error| shows_nothing(&texts(error.as_ref())));
}

#[test]
fn a_passphrase_that_cannot_be_used_is_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("passphrase");
    std::fs::write(&path, [WORDS.as_bytes(), &[0xff]].concat()).expect("written");
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("changed");
    let error = PassphraseSource::File(path).get().expect_err("no text");
    assert!(matches!(error, BackendError::Passphrase { .. }));
    shows_nothing(&texts(&error));
}

/// The secrets that a test knows are in no file, neither as bytes nor as digits.
#[test]
fn no_file_shows_a_secret() {
    let world = World::new(1);
    let open = world.open();
    SealedKeys::new(open.store.clone())
        .create("contoso", "vault.example/contoso", &Key::from_bytes(SECRET))
        .expect("a key");
    open.backend.change_passphrase(&passphrase(WORDS), CHEAP).expect("changed");
    let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut n_files = 0;
    for folder in ["", "contoso", "fabrikam"] {
        for name in world.disk.list(folder).expect("names") {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let Some(bytes) = world.disk.read(&path).expect("read") else { continue };
            n_files += 1;
            for secret in [&SECRET[..16], &hex.as_bytes()[..16], WORDS.as_bytes(), b"vault.example"] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{path}");
            }
        }
    }
    assert_eq!(n_files, 5, "mode, root keys, two rings, a signing key");
}

#[test]
fn random_bytes_that_fail_are_not_used() {
    struct Empty;
    impl stdx::Entropy for Empty {
        fn fill(&self, _: &mut [u8]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
    }
    let world = World::new(1);
    drop(world.open());
    let without = World { disk: world.disk.clone(), entropy: std::sync::Arc::new(Empty) };
    let open = without.open_with(WORDS).expect("reading needs none");
    let sealer = open.store.sealer("contoso").expect("keys");
    let mut bytes = b"contents".to_vec();
    assert!(matches!(sealer.seal(Purpose::Wal, "1", &mut bytes), Err(KeyError::Entropy(_))));
    assert_eq!(bytes, b"contents");
    assert!(matches!(open.store.new_epoch("contoso", Purpose::Wal), Err(KeyError::Entropy(_))));
    assert!(matches!(open.backend.rotate(), Err(BackendError::Entropy(_))));
    assert!(sealer.seal_stream(Purpose::Wal, "1", 4096, Vec::new()).is_err());
}
