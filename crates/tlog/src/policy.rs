//! Whom the verifier trusts: logs, witnesses, and how many of these must have seen a checkpoint.
//!
//! Follows C2SP tlog-policy; the file has to be UTF-8 here. A policy comes from the one who verifies, never with the evidence.

use std::collections::{BTreeMap, BTreeSet};

use crate::note::{Algorithm, SignedNote, Verified, VerifierKey};
use crate::text::number;
use crate::{Checkpoint, TextError};

/// The most lines that define something.
const DEFINITIONS_MAX: usize = 1024;

/// Trusted logs and witnesses and a quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    /// `None` when no witness is asked for.
    quorum: Option<String>,
}

/// A witness that the policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// The name in the policy.
    pub name: String,
    pub key: VerifierKey,
    /// Where a log submits its checkpoints, before `/add-checkpoint`; who only verifies needs none.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// What a signed checkpoint shows to someone with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub checkpoint: Checkpoint,
    /// The keys of the log that signed.
    pub signers: Vec<VerifierKey>,
    /// Every witness of the policy, in its order.
    pub witnesses: Vec<WitnessView>,
    /// The name of the quorum that is met; `None` when the policy asks for none.
    pub quorum: Option<String>,
}

/// A witness of the policy and whether it saw the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessView {
    /// The name in the policy.
    pub name: String,
    pub state: WitnessState,
}

/// Whether a witness saw a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WitnessState {
    /// At this time by its clock, in seconds since 1970.
    SeenAt(u64),
    /// There is no cosignature by it.
    Silent,
    /// Its algorithm is not verified here.
    Unverified,
}

/// A checkpoint is not acceptable to a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error(transparent)]
    Text(#[from] TextError),
    #[error("the policy knows no log `{origin}`")]
    UnknownLog { origin: String },
    #[error("no key of the log `{origin}` that the policy trusts signed the checkpoint")]
    NotSigned { origin: String },
    #[error("the signature by `{name}` is not valid")]
    BadSignature { name: String },
    #[error("too few witnesses saw the checkpoint: `{quorum}` is not met")]
    Quorum { quorum: String },
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// When a line is none of `log`, `witness`, `group` and `quorum`, defines a name or key twice, or uses a name that is not
    /// defined above it.
    ///
    /// # Source
    /// C2SP tlog-policy, "Policy file syntax and structure".
    pub fn parse(text: &str) -> Result<Policy, TextError> {
        let mut policy = Policy { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None };
        let mut quorum_line = None;
        for (idx, line) in text.split('\n').enumerate() {
            let error = |why: String| TextError { what: "policy", line: idx + 1, why };
            if line.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
                return Err(error("control characters".to_string()));
            }
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["log", vkey] | ["log", vkey, _] => policy.add_log(vkey).map_err(error)?,
                ["witness", name, vkey] => policy.add_witness(name, vkey, None).map_err(error)?,
                ["witness", name, vkey, url] => policy.add_witness(name, vkey, Some(url)).map_err(error)?,
                ["group", name, threshold, members @ ..] => {
                    policy.add_group(name, threshold, members).map_err(error)?;
                }
                ["quorum", name] => {
                    if quorum_line.replace(idx).is_some() {
                        return Err(error("a second quorum".to_string()));
                    }
                    if *name != "none" {
                        policy.known(name).map_err(error)?;
                        policy.quorum = Some((*name).to_string());
                    }
                }
                [first, ..] => return Err(error(format!("`{first}` is not understood here"))),
            }
            if policy.logs.len() + policy.witnesses.len() + policy.groups.len() > DEFINITIONS_MAX {
                return Err(error("too many definitions".to_string()));
            }
        }
        match quorum_line {
            Some(_) => Ok(policy),
            None => {
                let line = text.split('\n').count();
                Err(TextError { what: "policy", line, why: "no quorum; `quorum none` asks for no witness".to_string() })
            }
        }
    }

    fn add_log(&mut self, vkey: &str) -> Result<(), String> {
        let key = VerifierKey::parse(vkey).map_err(|error| error.to_string())?;
        if key.algorithm() == Algorithm::CosignatureV1 {
            return Err("a log does not sign with a witness's key".to_string());
        }
        if self.logs.iter().any(|other| other.public() == key.public()) {
            return Err("the log's key is there twice".to_string());
        }
        self.logs.push(key);
        Ok(())
    }

    fn add_witness(&mut self, name: &str, vkey: &str, url: Option<&str>) -> Result<(), String> {
        self.unknown(name)?;
        let key = VerifierKey::parse(vkey).map_err(|error| error.to_string())?;
        if key.algorithm() == Algorithm::Ed25519 {
            return Err("a witness does not sign with a log's key".to_string());
        }
        if self.witnesses.iter().any(|other| other.key.public() == key.public()) {
            return Err("the witness's key is there twice".to_string());
        }
        self.witnesses.push(PolicyWitness { name: name.to_string(), key, url: url.map(str::to_string) });
        Ok(())
    }

    fn add_group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), String> {
        self.unknown(name)?;
        let mut own = BTreeSet::new();
        for member in members {
            self.known(member)?;
            if self.groups.iter().any(|group| group.members.iter().any(|other| other == member)) || !own.insert(*member)
            {
                return Err(format!("`{member}` is a member twice"));
            }
        }
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            k => number(k).and_then(|k| usize::try_from(k).ok()).ok_or("the threshold is not a number")?,
        };
        if threshold == 0 || threshold > members.len() {
            return Err("the threshold does not fit the number of members".to_string());
        }
        let members = members.iter().map(|member| (*member).to_string()).collect();
        self.groups.push(Group { name: name.to_string(), threshold, members });
        Ok(())
    }

    fn is_known(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.name == name) || self.groups.iter().any(|group| group.name == name)
    }

    fn known(&self, name: &str) -> Result<(), String> {
        if self.is_known(name) { Ok(()) } else { Err(format!("`{name}` is not defined above")) }
    }

    fn unknown(&self, name: &str) -> Result<(), String> {
        if self.is_known(name) || name == "none" { Err(format!("`{name}` is defined already")) } else { Ok(()) }
    }

    /// Returns the keys of the logs that are trusted.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// Returns the witnesses, whether the quorum needs them or not.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Returns the name of the quorum; `None` when no witness is asked for.
    pub fn quorum(&self) -> Option<&str> {
        self.quorum.as_deref()
    }

    /// Verifies a checkpoint's signatures by its log.
    ///
    /// # Errors
    /// When no trusted key of the log signed it, or one that claims to have did not.
    ///
    /// # Source
    /// C2SP signed-note, "Signatures": unknown keys are passed over, a bad signature by a known key spoils the note.
    pub fn check_log(&self, note: &SignedNote) -> Result<(Checkpoint, Vec<VerifierKey>), PolicyError> {
        let checkpoint = Checkpoint::parse(&note.text)?;
        let signers = self.signers(note, &checkpoint.origin)?;
        Ok((checkpoint, signers))
    }

    /// Verifies the signatures by a log and returns its keys that signed, at least one.
    pub(crate) fn signers(&self, note: &SignedNote, origin: &str) -> Result<Vec<VerifierKey>, PolicyError> {
        let keys: Vec<_> = self.logs.iter().filter(|key| key.name() == origin).collect();
        if keys.is_empty() {
            return Err(PolicyError::UnknownLog { origin: origin.to_string() });
        }
        let mut signers = Vec::new();
        for key in keys {
            if verify_all(note, key)?.is_some() {
                signers.push(key.clone());
            }
        }
        if signers.is_empty() { Err(PolicyError::NotSigned { origin: origin.to_string() }) } else { Ok(signers) }
    }

    /// Verifies a checkpoint's signatures by its log and by witnesses.
    ///
    /// # Errors
    /// As [`Policy::check_log`] and [`Policy::check_quorum`].
    pub fn check(&self, note: &SignedNote) -> Result<Sighting, PolicyError> {
        let (checkpoint, signers) = self.check_log(note)?;
        let witnesses = self.check_quorum(note)?;
        Ok(Sighting { checkpoint, signers, witnesses, quorum: self.quorum.clone() })
    }

    /// Verifies a checkpoint's signatures by witnesses only, for the log itself, which knows its own. Returns every witness of the
    /// policy, in its order.
    ///
    /// # Errors
    /// When the signature by a witness is not valid or the quorum is not met.
    pub fn check_quorum(&self, note: &SignedNote) -> Result<Vec<WitnessView>, PolicyError> {
        let mut witnesses = Vec::new();
        let mut met = BTreeMap::new();
        for PolicyWitness { name, key, .. } in &self.witnesses {
            let state = match (verify_all(note, key)?, key.algorithm()) {
                (Some(Verified::SeenAt(time)), _) => WitnessState::SeenAt(time),
                (_, Algorithm::Other(_)) => WitnessState::Unverified,
                _ => WitnessState::Silent,
            };
            met.insert(name.as_str(), matches!(state, WitnessState::SeenAt(_)));
            witnesses.push(WitnessView { name: name.clone(), state });
        }
        // Members stand above their groups, so one pass is enough.
        for group in &self.groups {
            let n_met = group.members.iter().filter(|member| met.get(member.as_str()) == Some(&true)).count();
            met.insert(&group.name, n_met >= group.threshold);
        }
        match self.quorum.as_ref().filter(|quorum| met.get(quorum.as_str()) != Some(&true)) {
            Some(quorum) => Err(PolicyError::Quorum { quorum: quorum.clone() }),
            None => Ok(witnesses),
        }
    }
}

/// Verifies every signature line by a key and returns what the first one says; `None` when there is none that can be verified.
fn verify_all(note: &SignedNote, key: &VerifierKey) -> Result<Option<Verified>, PolicyError> {
    let mut first = None;
    if matches!(key.algorithm(), Algorithm::Other(_)) {
        return Ok(first);
    }
    for signature in note.signatures.iter().filter(|signature| signature.is_by(key)) {
        let bad = || PolicyError::BadSignature { name: key.name().to_string() };
        let verified = signature.verify(&note.text, key).ok_or_else(bad)?;
        first.get_or_insert(verified);
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hash;
    use crate::note::Signer;

    fn signer(number: u8) -> Signer {
        Signer::witness(&format!("w{number}.example"), &[number; 32]).expect("a key")
    }

    fn policy(below: &str) -> String {
        let log = Signer::log("log.example", &[9; 32]).expect("a key");
        let mut text = format!("# trusted\nlog {}\n", log.verifier());
        for number in 1..=3 {
            text.push_str(&format!("\twitness W{number}  {} https://example\n", signer(number).verifier()));
        }
        text + below
    }

    fn note(witnesses: &[u8]) -> SignedNote {
        let log = Signer::log("log.example", &[9; 32]).expect("a key");
        let checkpoint = Checkpoint { origin: "log.example".to_string(), size: 3, root: Hash::of(b"root") };
        let mut note = SignedNote::sign(checkpoint.text(), &log);
        for number in witnesses {
            note.signatures.push(signer(*number).sign(&note.text, 1_700_000_000));
        }
        note
    }

    #[test]
    fn quorums_count_members() {
        let cases: &[(&str, &[u8], bool)] = &[
            ("quorum none\n", &[], true),
            ("quorum W1\n", &[], false),
            ("quorum W1\n", &[1], true),
            ("quorum W1\n", &[2, 3], false),
            ("group G 2 W1 W2 W3\nquorum G\n", &[3, 1], true),
            ("group G 2 W1 W2 W3\nquorum G\n", &[3, 3], false),
            ("group G any W1 W2\ngroup H all G W3\nquorum H\n", &[2, 3], true),
            ("group G any W1 W2\ngroup H all G W3\nquorum H\n", &[1, 2], false),
        ];
        for (below, witnesses, is_met) in cases {
            let policy = Policy::parse(&policy(below)).expect("a policy");
            assert_eq!(policy.check(&note(witnesses)).is_ok(), *is_met, "{below} {witnesses:?}");
        }
    }

    #[test]
    fn bad_signatures_of_known_keys_spoil_the_note() {
        let policy = Policy::parse(&policy("quorum none\n")).expect("a policy");
        let mut spoiled = note(&[1]);
        spoiled.signatures[1].bytes[20] ^= 1;
        assert!(matches!(policy.check(&spoiled), Err(PolicyError::BadSignature { name }) if name == "w1.example"));
        // Who is not known may sign as badly as they like.
        let mut unknown = note(&[4]);
        unknown.signatures[1].bytes[20] ^= 1;
        let sighting = policy.check(&unknown).expect("acceptable");
        assert!(sighting.witnesses.iter().all(|witness| witness.state == WitnessState::Silent));
        let mut unsigned = note(&[1]);
        unsigned.signatures.remove(0);
        assert!(matches!(policy.check(&unsigned), Err(PolicyError::NotSigned { .. })));
    }

    #[test]
    fn other_policies_are_refused() {
        for below in [
            "",
            "quorum W9\n",
            "quorum W1\nquorum W1\n",
            "group G 0 W1\nquorum G\n",
            "group G 3 W1 W2\nquorum G\n",
            "group G all\nquorum G\n",
            "group G any G\nquorum G\n",
            "group G any W1 W1\nquorum G\n",
            "group G any W1\ngroup H any W1\nquorum H\n",
            "group W1 any W2\nquorum W1\n",
            "group none any W2\nquorum none\n",
            "group G 01 W1\nquorum G\n",
            "allow everything\nquorum none\n",
            "quorum none\r\n",
        ] {
            assert!(Policy::parse(&policy(below)).is_err(), "{below:?}");
        }
        assert!(Policy::parse(&format!("{}{}", policy(""), policy("quorum none\n"))).is_err());
    }
}
