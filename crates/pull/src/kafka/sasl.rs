//! Signing in to brokers: what is said, and whether the answer is theirs.
//!
//! # Source
//! RFC 4616 (PLAIN), RFC 5802 and RFC 7677 (SCRAM).

use auth::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// How a password is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl Mechanism {
    pub const ALL: [Mechanism; 3] = [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Who signs in.
#[derive(Debug, Clone)]
pub struct Login {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: Secret,
}

/// Rounds that a broker may ask for: with fewer the password is guessed too easily, with more nobody comes to an end.
const ROUNDS: std::ops::RangeInclusive<u32> = 4096..=10_000_000;

/// Returns what PLAIN says.
pub(super) fn plain(login: &Login) -> Secret {
    Secret::new(format!("\0{}\0{}", login.user, login.password.expose()))
}

/// A conversation by SCRAM.
pub(super) struct Scram<'a> {
    login: &'a Login,
    nonce: String,
    /// What proves that the broker knows the password too.
    expected: Vec<u8>,
}

impl<'a> Scram<'a> {
    /// Begins; `nonce` is what nobody can know before.
    pub fn new(login: &'a Login, nonce: String) -> Scram<'a> {
        Scram { login, nonce, expected: Vec::new() }
    }

    fn bare(&self) -> String {
        let user = self.login.user.replace('=', "=3D").replace(',', "=2C");
        format!("n={user},r={}", self.nonce)
    }

    /// Returns the first words.
    pub fn first(&self) -> String {
        format!("n,,{}", self.bare())
    }

    /// Returns the last words, which prove the password, for the broker's first.
    pub fn last(&mut self, answer: &str) -> Result<String, String> {
        let member = |name: char| {
            let mut members = answer.split(',');
            members.find_map(|member| member.strip_prefix(name)?.strip_prefix('='))
        };
        let nonce = member('r').filter(|nonce| nonce.len() > self.nonce.len() && nonce.starts_with(&self.nonce));
        let nonce = nonce.ok_or("the broker repeats another nonce than ours")?;
        let salt = member('s').and_then(|salt| STANDARD.decode(salt).ok()).ok_or("the broker gives no salt")?;
        let rounds = member('i').and_then(|rounds| rounds.parse().ok()).filter(|rounds| ROUNDS.contains(rounds));
        let rounds = rounds.ok_or("the broker asks for too few or too many rounds")?;
        let without_proof = format!("c=biws,r={nonce}");
        let said = format!("{},{answer},{without_proof}", self.bare());
        let password = self.login.password.expose().as_bytes();
        let (proof, expected) = match self.login.mechanism {
            Mechanism::ScramSha512 => prove(&HASH_512, password, &salt, rounds, said.as_bytes()),
            _ => prove(&HASH_256, password, &salt, rounds, said.as_bytes()),
        };
        self.expected = expected;
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)))
    }

    /// Checks the broker's last words.
    pub fn check(&self, answer: &str) -> Result<(), String> {
        if let Some(why) = answer.strip_prefix("e=") {
            return Err(format!("the broker says {why}"));
        }
        let signature = answer.strip_prefix("v=").and_then(|rest| rest.split(',').next());
        let signature = signature.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        match bool::from(signature.ct_eq(&self.expected)) && !self.expected.is_empty() {
            true => Ok(()),
            false => Err("the broker does not know the password".to_string()),
        }
    }
}

/// A hash and the authentication code by it.
struct Hash {
    digest: fn(&[u8]) -> Vec<u8>,
    code: fn(&[u8], &[u8]) -> Vec<u8>,
}

const HASH_256: Hash = Hash {
    digest: |bytes| Sha256::digest(bytes).to_vec(),
    // A key of any length is one.
    code: |key, bytes| {
        Hmac::<Sha256>::new_from_slice(key)
            .map(|code| code.chain_update(bytes).finalize().into_bytes().to_vec())
            .unwrap_or_default()
    },
};
const HASH_512: Hash = Hash {
    digest: |bytes| Sha512::digest(bytes).to_vec(),
    code: |key, bytes| {
        Hmac::<Sha512>::new_from_slice(key)
            .map(|code| code.chain_update(bytes).finalize().into_bytes().to_vec())
            .unwrap_or_default()
    },
};

fn xor(into: &mut [u8], other: &[u8]) {
    into.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}

/// Returns the proof of a password, and what the broker proves it by.
fn prove(hash: &Hash, password: &[u8], salt: &[u8], rounds: u32, said: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut last = (hash.code)(password, &[salt, &[0, 0, 0, 1]].concat());
    let mut salted = last.clone();
    for _ in 1..rounds {
        last = (hash.code)(password, &last);
        xor(&mut salted, &last);
    }
    let mut proof = (hash.code)(&salted, b"Client Key");
    let stored = (hash.digest)(&proof);
    xor(&mut proof, &(hash.code)(&stored, said));
    let server = (hash.code)(&salted, b"Server Key");
    (proof, (hash.code)(&server, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(mechanism: Mechanism) -> Login {
        Login { mechanism, user: "user".into(), password: Secret::new("pencil".into()) }
    }

    #[test]
    fn the_words_are_those_of_the_rfc() {
        let login = login(Mechanism::ScramSha256);
        let mut scram = Scram::new(&login, "rOprNGfwEbeRWgbNEkqO".into());
        assert_eq!(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let answer = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = scram.last(answer).unwrap();
        let nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        assert_eq!(last, format!("c=biws,{nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
        assert_eq!(scram.check("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        assert!(scram.check("v=AAAA").is_err() && scram.check("e=no").is_err() && scram.check("").is_err());
        assert_eq!(plain(&login).expose(), "\0user\0pencil");
    }

    #[test]
    fn a_broker_that_cheats_is_refused() {
        let login = login(Mechanism::ScramSha512);
        for answer in [
            "r=other,s=AAAA,i=4096",
            "r=n,s=AAAA,i=4096",
            "r=nx,s=?,i=4096",
            "r=nx,s=AAAA,i=1",
            "r=nx,s=AAAA,i=99999999",
            "",
        ] {
            assert!(Scram::new(&login, "n".into()).last(answer).is_err(), "{answer}");
        }
        let mut scram = Scram::new(&login, "n".into());
        assert!(scram.check("v=").is_err());
        assert!(scram.last("r=nx,s=AAAA,i=4096").is_ok());
    }
}
