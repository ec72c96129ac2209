//! A source in this process, and what is taken of it.
#![allow(dead_code, reason = "each test file uses its own part")]

use axum::Router;
use pull::{Change, Client, Content, Delivered, Feed, Pending, PullError, Round, SignIn, State, follow};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Serves routes on a free port of this machine as long as the test runs.
pub fn serve(routes: Router) -> String {
    let (sender, receiver) = std::sync::mpsc::channel::<SocketAddr>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
    });
    format!("http://{}", receiver.recv().unwrap())
}

/// Those who wait are asked for how long, and go on at once.
pub type Waits = Arc<Mutex<Vec<u64>>>;

pub fn client(url: &str, sign_in: SignIn) -> (Client, Waits) {
    let waits = Waits::default();
    let seen = waits.clone();
    let pause = move |wait: Duration| seen.lock().unwrap().push(wait.as_secs());
    (Client::new(url, sign_in, None, false).unwrap().with_pause(Arc::new(pause)), waits)
}

/// What is taken of a source, over several rounds and starts.
pub struct Taken {
    folder: tempfile::TempDir,
    /// The pieces, by their names: a server takes each once.
    pub pieces: Vec<(String, String, Content, Vec<u8>)>,
    /// Deliveries that fail from now on, after they were taken.
    pub failures: usize,
}

impl Taken {
    pub fn new() -> Taken {
        Taken { folder: tempfile::tempdir().unwrap(), pieces: Vec::new(), failures: 0 }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Starts, and takes what is there at `now`.
    pub fn round(&mut self, feed: &mut dyn Feed, now: i64) -> Result<Round, PullError> {
        let mut state = State::open(&self.path(), &feed.name()).unwrap();
        let mut round = Round::default();
        let (pieces, failures) = (&mut self.pieces, &mut self.failures);
        let mut deliver = |Pending { header, body }: &Pending| {
            let bytes = std::fs::read(body).unwrap();
            let before = pieces.iter().find(|(id, ..)| *id == header.id);
            match before {
                Some((.., known)) => assert_eq!(known, &bytes, "{} is something else by now", header.label),
                None => pieces.push((header.id.clone(), header.label.clone(), header.content.clone(), bytes)),
            }
            if *failures > 0 {
                *failures -= 1;
                let source = "it went away".into();
                return Err(PullError::Deliver { label: header.label.clone(), is_temporary: true, source });
            }
            Ok(Delivered { taken: 1, quarantined: 0 })
        };
        follow(feed, &mut state, &|| now, &mut deliver, &mut round)?;
        Ok(round)
    }

    pub fn texts(&self) -> Vec<String> {
        self.pieces.iter().map(|(.., body)| String::from_utf8_lossy(body).into_owned()).collect()
    }

    /// Returns a member of all records, sorted.
    pub fn ids(&self, member: &str) -> Vec<String> {
        let records = self.pieces.iter().filter(|(.., content, _)| !matches!(content, Content::Lost(_)));
        let mut ids: Vec<String> = records
            .flat_map(|(.., body)| serde_json::from_slice::<Vec<Value>>(body).unwrap())
            .map(|record| record[member].as_str().unwrap().to_string())
            .collect();
        ids.sort();
        ids
    }

    pub fn change(&self, source: &str, change: &Change) {
        State::open(&self.path(), source).unwrap().apply(change).unwrap();
    }
}

pub fn ticks(text: &str) -> i64 {
    schema::ticks::parse_datetime(text).unwrap()
}
