//! Topics of brokers that are not ours (librdkafka's), and of one in this process that says what those cannot be made to say.

mod common;

use auth::Secret;
use common::Taken;
use pull::{Content, Kafka, KafkaOptions, Login, Mechanism, PullError, Round};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

fn options(brokers: &str, topics: &[&str]) -> KafkaOptions {
    KafkaOptions {
        brokers: brokers.split(',').map(str::to_string).collect(),
        topics: topics.iter().map(|topic| topic.to_string()).collect(),
        source: None,
        since: None,
        login: None,
        ca: None,
        is_plain: true,
        is_once: true,
    }
}

/// Starts, and takes what is there; returns the lines that come of it, and what was found wrong.
fn round(taken: &mut Taken, options: &KafkaOptions) -> Result<(Vec<Value>, Vec<String>), PullError> {
    let before = taken.pieces.len();
    let mut feed = Kafka::new(options.clone())?;
    let _: Round = taken.round(&mut feed, 0)?;
    let mut lines = Vec::new();
    for (.., content, body) in &taken.pieces[before..] {
        match content {
            Content::Lost(why) => {
                lines.push(json!({ "gap": why, "of": serde_json::from_slice::<Value>(body).unwrap() }))
            }
            _ => lines
                .extend(String::from_utf8_lossy(body).lines().map(|line| serde_json::from_str::<Value>(line).unwrap())),
        }
    }
    lines.sort_by_key(|line| line.to_string());
    Ok((lines, pull::Feed::problems(&mut feed)))
}

/// A message: its partition, key and value.
type Message<'a> = (i32, Option<&'a str>, Option<&'a [u8]>);

/// A cluster of librdkafka's, and who writes to it.
struct Cluster {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Cluster {
    fn new(topics: &[(&str, i32)]) -> Cluster {
        let cluster = MockCluster::new(3).unwrap();
        topics.iter().for_each(|(topic, n)| cluster.create_topic(topic, *n, 1).unwrap());
        Cluster { cluster }
    }

    fn options(&self, topics: &[&str]) -> KafkaOptions {
        options(&self.cluster.bootstrap_servers(), topics)
    }

    fn write(&self, packing: &str, topic: &str, messages: &[Message<'_>]) {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.cluster.bootstrap_servers()).set("compression.type", packing);
        let producer: BaseProducer = config.set("linger.ms", "50").create().unwrap();
        for (partition, key, value) in messages {
            let mut record = BaseRecord::<str, [u8]>::to(topic).partition(*partition).timestamp(1_777_629_600_123);
            record.key = *key;
            record.payload = *value;
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(30)).unwrap();
    }
}

#[test]
fn messages_are_taken_from_where_we_were() {
    let cluster = Cluster::new(&[("app", 3), ("diagnostics", 1)]);
    let options = cluster.options(&["app", "diagnostics"]);
    let mut taken = Taken::new();
    assert_eq!(round(&mut taken, &options).unwrap().0, Vec::<Value>::new());
    let diagnostics = r#"{"records":[{"time":"2026-05-01T10:00:00Z","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V","category":"AuditEvent","operationName":"SecretGet"},{"time":"2026-05-01T10:00:01Z","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V","category":"AuditEvent","operationName":"SecretSet"}]}"#;
    cluster.write("none", "diagnostics", &[(0, None, Some(diagnostics.as_bytes()))]);
    cluster.write(
        "lz4",
        "app",
        &[
            (0, Some("k"), Some(br#"{"n":1}"#)),
            (2, None, Some(b"two\nlines")),
            (0, None, Some(br#"[{"n":2},{"n":3}]"#)),
        ],
    );
    let (lines, problems) = round(&mut taken, &options).unwrap();
    assert_eq!(problems, Vec::<String>::new());
    let app = |event: Value, fields: Value| json!({ "event": event, "sourcetype": "app", "source": "app", "time": 1_777_629_600.123, "fields": fields });
    assert_eq!(
        lines[..4],
        [
            app(json!("two\nlines"), json!({ "Partition": 2, "Offset": 0 })),
            app(json!({"n":1}), json!({ "Partition": 0, "Offset": 0, "Key": "k" })),
            app(json!({"n":2}), json!({ "Partition": 0, "Offset": 1 })),
            app(json!({"n":3}), json!({ "Partition": 0, "Offset": 1 })),
        ]
    );
    let of_format: Vec<(&Value, &Value)> =
        lines[4..].iter().map(|line| (&line["sourcetype"], &line["event"]["operationName"])).collect();
    assert_eq!(
        of_format,
        [(&json!("azure_diagnostics"), &json!("SecretGet")), (&json!("azure_diagnostics"), &json!("SecretSet"))]
    );
    assert_eq!(round(&mut taken, &options).unwrap().0, Vec::<Value>::new());
    // What has no value or is no text is not lost.
    cluster.write(
        "snappy",
        "app",
        &[(1, Some("gone"), None), (1, None, Some(b"\xff\x00")), (1, None, Some(b"\0\0\0\0\x07{\"n\":4}"))],
    );
    let (lines, _) = round(&mut taken, &options).unwrap();
    assert_eq!(lines[0], app(json!({"n":4}), json!({ "Partition": 1, "Offset": 2 })));
    let lost = |why: &str, bytes: &str| json!({ "lost": bytes, "why": format!("the message at app/1 {why}") });
    assert_eq!(lines[1..], [lost("1 is no text", "/wA="), lost("0 has no value, but its key", "Z29uZQ==")]);
    // Of a format that is given.
    cluster.write("none", "app", &[(0, None, Some(b"more"))]);
    let mut with_other = options.clone();
    with_other.source = Some("syslog".to_string());
    let (lines, _) = round(&mut taken, &with_other).unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["sourcetype"], &lines[0]["event"]), (&json!("syslog"), &json!("more")));
}

#[test]
fn what_was_not_acknowledged_is_delivered_again_and_many_messages_come_in_pieces() {
    let cluster = Cluster::new(&[("app", 1)]);
    let options = cluster.options(&["app"]);
    let mut taken = Taken::new();
    let message = format!("{{\"text\":\"{}\"}}", "x".repeat(500_000));
    for _ in 0..6 {
        cluster.write("none", "app", &[(0, None, Some(message.as_bytes())), (0, None, Some(b"{\"n\":1}"))]);
    }
    taken.failures = 1;
    let mut feed = Kafka::new(options.clone()).unwrap();
    assert!(taken.round(&mut feed, 0).is_err());
    round(&mut taken, &options).unwrap();
    assert_eq!(round(&mut taken, &options).unwrap().0, Vec::<Value>::new());
    let lines: usize = taken.texts().iter().map(|text| text.lines().count()).sum();
    assert_eq!(lines, 12);
}

/// A partition's log: where it begins, its batches (first and last offset, bytes), and transactions that were aborted.
#[derive(Default, Clone)]
struct Log {
    start: i64,
    batches: Vec<(i64, i64, Vec<u8>)>,
    aborted: Vec<(i64, i64)>,
}

impl Log {
    fn end(&self) -> i64 {
        self.batches.last().map_or(self.start, |(_, last, _)| last + 1)
    }

    /// Adds a batch of messages, or a mark of a transaction's end.
    fn add(&mut self, attributes: i16, producer: i64, values: &[&str]) {
        let (base, mut body) = (self.end(), Vec::new());
        for (n, value) in values.iter().enumerate() {
            let mut record = vec![0, 0, 2 * n as u8];
            match attributes & 0x20 {
                0 => record.push(1),
                _ => record.extend([8, 0, 0, 0, value.parse::<u8>().unwrap()]),
            }
            record.push(2 * value.len() as u8);
            record.extend(value.as_bytes());
            record.push(0);
            body.push(2 * record.len() as u8);
            body.extend(record);
        }
        let mut checked = attributes.to_be_bytes().to_vec();
        checked.extend((values.len() as i32 - 1).to_be_bytes());
        checked.extend(1_777_629_600_000_i64.to_be_bytes());
        checked.extend(1_777_629_600_000_i64.to_be_bytes());
        checked.extend(producer.to_be_bytes());
        checked.extend([0; 6]);
        checked.extend((values.len() as i32).to_be_bytes());
        checked.extend(body);
        let mut bytes = base.to_be_bytes().to_vec();
        bytes.extend((checked.len() as i32 + 9).to_be_bytes());
        bytes.extend([0, 0, 0, 0, 2]);
        bytes.extend(crc32c(&checked).to_be_bytes());
        bytes.extend(checked);
        self.batches.push((base, base + values.len() as i64 - 1, bytes));
    }
}

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82F6_3B78 & 0_u32.wrapping_sub(crc & 1)))
    };
    !bytes.iter().fold(!0, step)
}

/// A broker whose logs are as the test says.
#[derive(Clone)]
struct Fake {
    logs: Arc<Mutex<BTreeMap<i32, Log>>>,
    /// Who may sign in, by PLAIN; everybody when empty.
    login: &'static str,
    address: String,
}

impl Fake {
    fn start(login: &'static str) -> Fake {
        Fake::listen(login, None)
    }

    /// Listens, by TLS with a certificate and its key.
    fn listen(login: &'static str, tls: Option<Arc<ServerConfig>>) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let fake = Fake { logs: Arc::default(), login, address };
        let served = fake.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (fake, tls) = (served.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    Some(tls) => fake.serve(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)),
                    None => fake.serve(stream),
                });
            }
        });
        fake
    }

    fn log(&self, partition: i32, change: impl FnOnce(&mut Log)) {
        change(self.logs.lock().unwrap().entry(partition).or_default());
    }

    fn serve(&self, mut stream: impl Read + Write) {
        let mut length = [0; 4];
        let mut is_in = self.login.is_empty();
        // Who speaks TLS where none is spoken seems to announce very many bytes.
        while stream.read_exact(&mut length).is_ok() && length[0] == 0 {
            let mut request = vec![0; i32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            let key = i16::from_be_bytes([request[0], request[1]]);
            let name = 10 + i16::from_be_bytes([request[8], request[9]]) as usize;
            let body = &request[name..];
            if !is_in && !matches!(key, 17 | 18 | 36) {
                return;
            }
            let answer = match key {
                18 => [&[0, 0, 0, 0, 0, 1][..], &[0, 1, 0, 4, 0, 11]].concat(),
                17 if body.ends_with(b"PLAIN") && !body.ends_with(b"XPLAIN") => vec![0, 0, 0, 0, 0, 0],
                17 => [&[0, 33, 0, 0, 0, 1][..], &text("PLAIN")].concat(),
                36 => {
                    is_in = body[4..] == *self.login.as_bytes();
                    match is_in {
                        true => vec![0, 0, 0xFF, 0xFF, 0, 0, 0, 0],
                        false => [&[0, 58][..], &text("no such user"), &[0, 0, 0, 0]].concat(),
                    }
                }
                3 => self.metadata(),
                2 => self.offsets(body),
                1 => self.records(body),
                other => panic!("{other}"),
            };
            let mut out = (answer.len() as i32 + 4).to_be_bytes().to_vec();
            out.extend(&request[4..8]);
            out.extend(answer);
            stream.write_all(&out).unwrap();
        }
    }

    fn metadata(&self) -> Vec<u8> {
        let (host, port) = self.address.rsplit_once(':').unwrap();
        let mut out = [&[0; 4][..], &[0, 0, 0, 1, 0, 0, 0, 7], &text(host)].concat();
        out.extend(port.parse::<i32>().unwrap().to_be_bytes());
        out.extend([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 7]);
        out.extend([0, 0, 0, 1, 0, 0]);
        out.extend(text("app"));
        let logs = self.logs.lock().unwrap();
        out.push(0);
        out.extend((logs.len() as i32).to_be_bytes());
        for number in logs.keys() {
            out.extend([0, 0]);
            out.extend(number.to_be_bytes());
            out.extend([0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        out
    }

    fn offsets(&self, body: &[u8]) -> Vec<u8> {
        // Who asks, isolation, one topic `app`, one partition.
        let partition = i32::from_be_bytes(body[18..22].try_into().unwrap());
        let at = i64::from_be_bytes(body[22..30].try_into().unwrap());
        let log = self.logs.lock().unwrap()[&partition].clone();
        let offset = match at {
            -2 => log.start,
            -1 => log.end(),
            ms if ms > 1_777_629_600_000 => -1,
            _ => log.start,
        };
        let mut out = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &text("app"), &[0, 0, 0, 1]].concat();
        out.extend(partition.to_be_bytes());
        out.extend([0; 10]);
        out.extend(offset.to_be_bytes());
        out
    }

    fn records(&self, body: &[u8]) -> Vec<u8> {
        // Who asks, waits, bytes, isolation, session, one topic `app`, one partition, the leader's epoch.
        let partition = i32::from_be_bytes(body[38..42].try_into().unwrap());
        let offset = i64::from_be_bytes(body[46..54].try_into().unwrap());
        let log = self.logs.lock().unwrap()[&partition].clone();
        let is_there = (log.start..=log.end()).contains(&offset);
        let mut out = [&[0; 10][..], &[0, 0, 0, 1], &text("app"), &[0, 0, 0, 1]].concat();
        out.extend(partition.to_be_bytes());
        out.extend([0, if is_there { 0 } else { 1 }]);
        out.extend([0; 24]);
        out.extend((log.aborted.len() as i32).to_be_bytes());
        for (producer, first) in &log.aborted {
            out.extend(producer.to_be_bytes());
            out.extend(first.to_be_bytes());
        }
        out.extend([0xFF; 4]);
        let records: Vec<u8> = log
            .batches
            .iter()
            .filter(|(_, last, _)| is_there && *last >= offset)
            .flat_map(|(.., bytes)| bytes.clone())
            .collect();
        out.extend((records.len() as i32).to_be_bytes());
        out.extend(records);
        out
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as i16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["event"].as_str()).collect()
}

#[test]
fn transactions_that_were_aborted_are_passed_and_partitions_that_come_later_are_found() {
    let fake = Fake::start("");
    let options = options(&fake.address, &["app"]);
    let mut taken = Taken::new();
    fake.log(0, |log| {
        log.add(0x10, 1, &["aborted"]);
        log.add(0x10, 2, &["committed"]);
        log.add(0x30, 1, &["0"]);
        log.add(0x30, 2, &["1"]);
        log.add(0, -1, &["a", "b"]);
        log.aborted.push((1, 0));
    });
    assert_eq!(events(&round(&mut taken, &options).unwrap().0), ["a", "b", "committed"]);
    // Nothing but marks: the position moves behind them.
    fake.log(0, |log| log.add(0x30, 1, &["1"]));
    assert_eq!(round(&mut taken, &options).unwrap().0, Vec::<Value>::new());
    fake.log(3, |log| log.add(0, -1, &["of a new partition"]));
    assert_eq!(events(&round(&mut taken, &options).unwrap().0), ["of a new partition"]);
    let state = pull::State::open(&taken.path(), &format!("kafka {}", fake.address)).unwrap();
    let offsets: Vec<(&str, i64)> = state.under("offset/").map(|(key, value)| (key, value.as_i64().unwrap())).collect();
    assert_eq!(offsets, [("app/0", 7), ("app/3", 1)]);
}

#[test]
fn what_is_kept_no_more_is_recorded() {
    let fake = Fake::start("");
    let options = options(&fake.address, &["app"]);
    let mut taken = Taken::new();
    fake.log(0, |log| log.add(0, -1, &["a", "b"]));
    assert_eq!(events(&round(&mut taken, &options).unwrap().0), ["a", "b"]);
    fake.log(0, |log| {
        (log.start, log.batches) = (9, Vec::new());
        log.add(0, -1, &["j"]);
    });
    let (lines, problems) = round(&mut taken, &options).unwrap();
    assert_eq!(events(&lines), ["j"]);
    let gap = lines.iter().find(|line| line.get("gap").is_some()).unwrap();
    assert_eq!(gap["of"], json!({ "topic": "app", "partition": 0, "from": 2, "to": 9, "end": 10 }));
    assert!(problems[0].contains("does not keep these messages any more; it goes on at 9"), "{problems:?}");
    // A topic that was made anew.
    fake.log(0, |log| {
        *log = Log::default();
        log.add(0, -1, &["new"]);
    });
    let (lines, _) = round(&mut taken, &options).unwrap();
    assert_eq!((events(&lines), lines.len()), (vec!["new"], 2));
    assert_eq!(round(&mut taken, &options).unwrap().0, Vec::<Value>::new());
}

#[test]
fn a_beginning_is_a_time_where_one_is_given() {
    let fake = Fake::start("");
    fake.log(0, |log| log.add(0, -1, &["a"]));
    let mut options = options(&fake.address, &["app"]);
    options.since = Some(common::ticks("2026-05-01T10:00:01Z"));
    let mut taken = Taken::new();
    assert_eq!(round(&mut taken, &options).unwrap().0, Vec::<Value>::new());
    fake.log(0, |log| log.add(0, -1, &["b"]));
    assert_eq!(events(&round(&mut taken, &options).unwrap().0), ["b"]);
    options.since = Some(common::ticks("2026-05-01T10:00:00Z"));
    assert_eq!(events(&round(&mut Taken::new(), &options).unwrap().0), ["a", "b"]);
}

#[test]
fn who_may_not_sign_in_is_told_and_the_secret_is_not() {
    let fake = Fake::start("\0$ConnectionString\0Endpoint=sb://x/;Key=c2VjcmV0");
    fake.log(0, |log| log.add(0, -1, &["a"]));
    let mut options = options(&fake.address, &["app"]);
    let login = |mechanism, password: &str| Login {
        mechanism,
        user: "$ConnectionString".into(),
        password: Secret::new(password.into()),
    };
    options.login = Some(login(Mechanism::Plain, "Endpoint=sb://x/;Key=c2VjcmV0"));
    assert_eq!(events(&round(&mut Taken::new(), &options).unwrap().0), ["a"]);
    let wrong = |options: &KafkaOptions| {
        let error = round(&mut Taken::new(), options).unwrap_err();
        assert!(!error.is_temporary(), "{error}");
        assert!(!format!("{error:?} {options:?}").contains("wr0ng"), "{error:?}");
        error.to_string()
    };
    options.login = Some(login(Mechanism::Plain, "wr0ng"));
    assert!(wrong(&options).ends_with("refuses to be signed in to: no such user"), "{}", wrong(&options));
    options.login = Some(login(Mechanism::ScramSha512, "wr0ng"));
    assert!(wrong(&options).contains("refuses SCRAM-SHA-512, and knows PLAIN"), "{}", wrong(&options));
    // A broker without TLS where TLS is spoken, and none at all.
    options.is_plain = false;
    assert!(matches!(round(&mut Taken::new(), &options), Err(PullError::Broker { .. })));
    options.brokers = vec!["127.0.0.1:1".to_string()];
    assert!(round(&mut Taken::new(), &options).unwrap_err().is_temporary());
}

#[test]
fn brokers_are_spoken_to_by_tls_and_only_by_certificates_that_are_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_string()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_string()]).unwrap();
    let path = |name: &str, pem: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        Some(path)
    };
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let fake = Fake::listen("\0ann\0secret", Some(Arc::new(config)));
    fake.log(0, |log| log.add(0, -1, &["a"]));
    let mut options = options(&fake.address, &["app"]);
    options.login =
        Some(Login { mechanism: Mechanism::Plain, user: "ann".into(), password: Secret::new("secret".into()) });
    (options.is_plain, options.ca) = (false, path("ca.pem", made.cert.pem()));
    assert_eq!(events(&round(&mut Taken::new(), &options).unwrap().0), ["a"]);
    options.ca = path("other.pem", other.cert.pem());
    assert!(matches!(round(&mut Taken::new(), &options), Err(PullError::Broker { .. })));
    options.ca = path("none.pem", "no certificate".to_string());
    assert!(matches!(round(&mut Taken::new(), &options), Err(PullError::Secret { .. })));
}
