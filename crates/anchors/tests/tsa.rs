//! Timestamps: one that is kept, and those that `openssl` makes and verifies.

mod common;

use std::fs;
use std::path::PathBuf;

use anchors::tsa::{Authority, TokenError, request, verify};
use common::{ECDSA, Kind, OpensslAuthority, RSA, has_openssl};
use tlog::Hash;

const NONCE: u64 = 0x1122_3344_5566_7788;
const TEXT: &[u8] = b"vault.example/contoso\n300\n9vULeJULtMu01MaQ//tLfAvo5tQXzPDguzXU/RodnqM=\n";

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn authority(of: &OpensslAuthority) -> Authority {
    Authority::from_pem(&of.read("root.pem"), b"").expect("certificates")
}

#[test]
fn no_flipped_bit_of_a_kept_timestamp_says_something_else() {
    for (name, kind) in [("ecdsa", ECDSA), ("rsa", RSA)] {
        if std::env::var_os("UPDATE").is_some() {
            let made = OpensslAuthority::new(kind);
            let response = made.reply(&request(&Hash::of(TEXT), NONCE));
            fs::write(golden(&format!("{name}.tsr")), response).expect("written");
            fs::write(golden(&format!("{name}.pem")), made.read("root.pem")).expect("written");
        }
        let response = fs::read(golden(&format!("{name}.tsr"))).expect("a golden file");
        let root = fs::read(golden(&format!("{name}.pem"))).expect("a golden file");
        let authority = Authority::from_pem(&root, b"").expect("certificates");
        let hash = Hash::of(TEXT);
        let timestamp = verify(&response, &hash, Some(NONCE), &authority).expect("valid");
        assert_eq!((timestamp.policy.as_str(), timestamp.serial.as_slice()), ("1.2.3.4.1", &[0x10, 0x01][..]));
        assert!(timestamp.time_seconds > 1_790_000_000, "{timestamp:?}");
        assert_eq!(verify(&response, &hash, None, &authority), Ok(timestamp.clone()));
        let other = |result| assert_eq!(verify(&response, &Hash::of(b"other"), None, &authority), Err(result));
        other(TokenError::Imprint);
        assert_eq!(verify(&response, &hash, Some(NONCE + 1), &authority), Err(TokenError::Nonce));
        let mut n_refused = 0;
        for bit in 0..response.len() * 8 {
            let mut flipped = response.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match verify(&flipped, &hash, None, &authority) {
                // The envelope has parts that nobody signs, such as the authority's name a second time.
                Ok(found) => assert_eq!(found, timestamp, "bit {bit}"),
                Err(_) => n_refused += 1,
            }
        }
        assert!(n_refused > response.len() * 8 * 3 / 4, "{n_refused} of {}", response.len() * 8);
        for end in 0..response.len() {
            assert!(verify(&response[..end], &hash, None, &authority).is_err(), "{end} bytes");
        }
    }
}

#[test]
fn openssl_answers_our_requests_and_we_believe_its_timestamps() {
    if !has_openssl() {
        return;
    }
    let hash = Hash::of(TEXT);
    let p384 = Kind { key: &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], signature_hash: "sha384", ..RSA };
    let by_sha1 = Kind { certificate_hash: "sha1", signature_hash: "sha512", ..RSA };
    let by_sha512 = Kind { certificate_hash: "sha512", signature_hash: "sha384", ..ECDSA };
    for kind in [RSA, ECDSA, p384, by_sha1, by_sha512] {
        let made = OpensslAuthority::new(kind);
        let response = made.reply(&request(&hash, NONCE));
        let timestamp = verify(&response, &hash, Some(NONCE), &authority(&made)).expect("valid");
        // It prints what it understands of the same bytes.
        fs::write(made.path("response"), &response).expect("written");
        let path = made.path("response").display().to_string();
        let text = made.run(&["ts", "-reply", "-in", &path, "-text"]);
        assert!(text.contains("Nonce: 0x1122334455667788") && text.contains("Status: Granted"), "{text}");
        let seconds = tlog::seconds_text(timestamp.time_seconds).expect("a time");
        assert!(text.contains(&seconds[11..19]), "{seconds}: {text}");
        // Only the answer's chain is missing here, and can be given.
        let both = Authority::from_pem(&made.read("root.pem"), &made.read("middle.pem")).expect("certificates");
        assert_eq!(verify(&response, &hash, Some(NONCE), &both), Ok(timestamp.clone()));
        let stranger = OpensslAuthority::new(ECDSA);
        let refused = verify(&response, &hash, Some(NONCE), &authority(&stranger));
        assert!(matches!(refused, Err(TokenError::Certificate { .. })), "{refused:?}");
    }
}

#[test]
fn authorities_that_are_none_are_not_believed() {
    if !has_openssl() {
        return;
    }
    let hash = Hash::of(TEXT);
    let made = OpensslAuthority::new(ECDSA);
    let response = made.reply(&request(&hash, NONCE));
    assert!(verify(&response, &hash, Some(NONCE), &authority(&made)).is_ok());
    let refusal = made.refuse(&request(&hash, NONCE));
    assert!(matches!(verify(&refusal, &hash, None, &authority(&made)), Err(TokenError::Refused { status: 2 })));
    assert!(matches!(Authority::from_pem(b"", b""), Err(TokenError::Roots)));
    assert!(matches!(Authority::from_pem(&made.read("own.key"), b""), Err(TokenError::Roots)));
}
