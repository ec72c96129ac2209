//! A timestamp authority made of the program `openssl`.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anchors::{Reply, Transport, TransportError};

/// An authority in a folder: a root, one certificate in between, and the authority's own.
pub struct OpensslAuthority {
    folder: tempfile::TempDir,
}

/// What to make of an authority.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Arguments of `openssl req` that say which keys.
    pub key: &'static [&'static str],
    pub usage: &'static str,
    /// How its own certificate is named in what it signs.
    pub certificate_hash: &'static str,
    pub signature_hash: &'static str,
    pub days: &'static str,
}

pub const RSA: Kind = Kind {
    key: &["-newkey", "rsa:2048"],
    usage: "critical,timeStamping",
    certificate_hash: "sha256",
    signature_hash: "sha256",
    days: "36500",
};
pub const ECDSA: Kind = Kind { key: &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ..RSA };

/// Returns whether the program is there; says so if it is not.
pub fn has_openssl() -> bool {
    let is_there = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: the program `openssl` is not there");
    }
    is_there
}

impl OpensslAuthority {
    pub fn new(kind: Kind) -> OpensslAuthority {
        let authority = OpensslAuthority { folder: tempfile::tempdir().expect("a folder") };
        let own = format!("basicConstraints=CA:FALSE\nextendedKeyUsage={}\n", kind.usage);
        authority.certify(kind, "root", None, "basicConstraints=critical,CA:TRUE\n");
        authority.certify(kind, "middle", Some("root"), "basicConstraints=critical,CA:TRUE\n");
        authority.certify(kind, "own", Some("middle"), &own);
        let folder = authority.folder.path().display().to_string();
        let (certificate_hash, signature_hash) = (kind.certificate_hash, kind.signature_hash);
        let config = format!(
            "[tsa]\ndefault_tsa=t\n[t]\nserial={folder}/serial\nsigner_cert={folder}/own.pem\ncerts={folder}/middle.pem\n\
             signer_key={folder}/own.key\nsigner_digest={signature_hash}\ndefault_policy=1.2.3.4.1\ndigests=sha256\n\
             accuracy=secs:1,millisecs:500\nclock_precision_digits=3\nordering=yes\ntsa_name=yes\n\
             ess_cert_id_chain=no\ness_cert_id_alg={certificate_hash}\n"
        );
        fs::write(authority.path("tsa.cnf"), config).expect("written");
        fs::write(authority.path("serial"), "1000\n").expect("written");
        authority
    }

    /// Makes a key and a certificate, signed by another one or by itself.
    fn certify(&self, kind: Kind, name: &str, by: Option<&str>, extensions: &str) {
        let config = format!("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN={name}.example\n[x]\n{extensions}");
        fs::write(self.path("req.cnf"), config).expect("written");
        let (key, pem) = (self.text(&format!("{name}.key")), self.text(&format!("{name}.pem")));
        let config = self.text("req.cnf");
        let mut arguments = vec!["req", "-x509", "-nodes", "-sha256", "-config", &config, "-extensions", "x"];
        arguments.extend(["-days", kind.days, "-keyout", &key, "-out", &pem]);
        arguments.extend(kind.key);
        let issuer = by.map(|by| (self.text(&format!("{by}.pem")), self.text(&format!("{by}.key"))));
        if let Some((certificate, key)) = &issuer {
            arguments.extend(["-CA", certificate, "-CAkey", key]);
        }
        self.run(&arguments);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file")
    }

    /// Runs the program and returns what it prints.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("openssl").args(arguments).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "openssl {arguments:?}: {text}");
        String::from_utf8_lossy(&output.stdout).into_owned() + &text
    }

    /// Answers a request.
    pub fn reply(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.path("request"), request).expect("written");
        let (config, request, reply) = (self.text("tsa.cnf"), self.text("request"), self.text("reply"));
        self.run(&["ts", "-reply", "-config", &config, "-queryfile", &request, "-out", &reply]);
        self.read("reply")
    }

    /// Refuses a request, for it takes other hashes only.
    pub fn refuse(&self, request: &[u8]) -> Vec<u8> {
        let config = String::from_utf8(self.read("tsa.cnf")).expect("text");
        fs::write(self.path("tsa.cnf"), config.replace("digests=sha256", "digests=sha512")).expect("written");
        let reply = self.reply(request);
        fs::write(self.path("tsa.cnf"), config).expect("written");
        reply
    }
}

impl Transport for OpensslAuthority {
    fn get(&self, _: &str) -> Result<Reply, TransportError> {
        Err(TransportError("an authority is not asked this way".to_string()))
    }

    fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Reply, TransportError> {
        assert_eq!((url, content_type), ("http://tsa.example", "application/timestamp-query"));
        let content_type = Some("application/timestamp-reply".to_string());
        Ok(Reply { status: 200, content_type, body: self.reply(&body) })
    }
}
