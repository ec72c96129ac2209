//! Azure's own emulator of its storage, when it is at hand: as the program `azurite`, or as the script that `VIDIMUS_AZURITE` names.

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::Taken;
use hmac::{Hmac, KeyInit, Mac};
use pull::{AzureKey, PullError, SignIn, azure};
use schema::ticks::{DAY, UNIX_EPOCH, civil};
use sha2::Sha256;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use stdx::Clock;

const ACCOUNT: &str = "devstoreaccount1";
/// The emulator's key, which everybody knows.
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const TYPE: &str = "application/octet-stream";
const BLOB: &str = "resourceId=/SUBSCRIPTIONS/S/y=2026/m=05/d=01/h=00/m=00/PT1H.json";

struct Azurite {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Azurite {
    /// Starts it; `None` when it is not there.
    fn start() -> Option<Azurite> {
        let mut command = match std::env::var_os("VIDIMUS_AZURITE") {
            Some(script) => {
                let mut command = Command::new("node");
                command.arg(script);
                command
            }
            None => Command::new("azurite"),
        };
        let folder = tempfile::tempdir().unwrap();
        let ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"];
        command.args(["--silent", "--disableTelemetry", "--skipApiVersionCheck"]).args(ports);
        let child = command.arg("--location").arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.ok()?;
        let mut lines = BufReader::new(child.stdout.take()?).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("Blob service is successfully listening"))?;
        std::thread::spawn(move || lines.for_each(drop));
        let url = line.split("at ").last()?.trim().to_string();
        Some(Azurite { child, url, _folder: folder })
    }

    /// Puts something, signed with the account's key.
    ///
    /// # Source
    /// "Authorize with Shared Key".
    fn put(&self, path: &str, query: &[(&str, &str)], kind: Option<&str>, body: &str) {
        let date = http_date(stdx::SystemClock.now_ticks());
        let mut headers = vec![("x-ms-date", date.as_str()), ("x-ms-version", "2021-12-02")];
        headers.extend(kind.map(|kind| ("x-ms-blob-type", kind)));
        headers.sort_unstable();
        let named: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let asked: String = query.iter().map(|(name, value)| format!("\n{name}:{value}")).collect();
        let length = if body.is_empty() { String::new() } else { body.len().to_string() };
        let text = format!("PUT\n\n\n{length}\n\n{TYPE}\n\n\n\n\n\n\n{named}/{ACCOUNT}/{ACCOUNT}/{path}{asked}");
        let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
        mac.update(text.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = ureq::put(format!("{}/{ACCOUNT}/{path}?{}", self.url, query.join("&")));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request
            .header("content-type", TYPE)
            .header("authorization", format!("SharedKey {ACCOUNT}:{signature}"))
            .send(body);
        assert_eq!(answer.unwrap().status(), 201, "{path}");
    }

    fn append(&self, text: &str) {
        self.put(&format!("box/{BLOB}"), &[("comp", "appendblock")], None, text);
    }

    fn round(&self, taken: &mut Taken, key: AzureKey) -> Result<Vec<String>, PullError> {
        let before = taken.pieces.len();
        let mut feed = azure(&format!("{}/{ACCOUNT}/box", self.url), key, false).unwrap();
        taken.round(&mut feed, stdx::SystemClock.now_ticks())?;
        Ok(taken.texts().split_off(before))
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a time as HTTP writes it.
fn http_date(now: i64) -> String {
    let (days, time) = ((now - UNIX_EPOCH).div_euclid(DAY), civil(now));
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days.rem_euclid(7) as usize];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let clock: String = schema::ticks::datetime_text(now).chars().skip(11).take(8).collect();
    format!("{weekday}, {:02} {} {} {clock} GMT", time.day, months[time.month as usize - 1], time.year)
}

#[test]
fn blobs_that_grow_are_taken_from_where_we_were() {
    let Some(azurite) = Azurite::start() else {
        println!("skipped: neither the program `azurite` nor the script of VIDIMUS_AZURITE can be started");
        return;
    };
    let key = || AzureKey::Shared(auth::Secret::new(KEY.to_string()));
    azurite.put("box", &[("restype", "container")], None, "");
    azurite.put(&format!("box/{BLOB}"), &[], Some("AppendBlob"), "");
    azurite.append("{\"n\":1}\r\n{\"n\":2}\r\n{\"n");
    let mut taken = Taken::new();
    assert_eq!(azurite.round(&mut taken, key()).unwrap(), ["{\"n\":1}\r\n{\"n\":2}\r\n"]);
    assert!(azurite.round(&mut taken, key()).unwrap().is_empty());
    azurite.append("\":3}\r\n{\"n\":4}\r\n");
    assert_eq!(azurite.round(&mut taken, key()).unwrap(), ["{\"n\":3}\r\n{\"n\":4}\r\n"]);
    azurite.put("box/nsg/PT1H.json", &[], Some("BlockBlob"), "{\"records\":[{\"n\":1}]}");
    assert_eq!(azurite.round(&mut taken, key()).unwrap(), ["[{\"n\":1}]"]);
    azurite.put("box/nsg/PT1H.json", &[], Some("BlockBlob"), "{\"records\":[{\"n\":1},{\"n\":2}]}");
    assert_eq!(azurite.round(&mut taken, key()).unwrap(), ["[{\"n\":2}]"]);
    // Who has no key sees nothing, and is told so.
    let refused = azurite.round(&mut taken, AzureKey::SignIn(SignIn::anonymous())).unwrap_err();
    assert!(matches!(refused, PullError::Object { .. }), "{refused}");
}
