//! Real servers and witnesses on free ports of this machine, and requests to them.
#![allow(dead_code, reason = "each test file uses its own part")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub fn vidimus(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vidimus"));
    command.args(args).env_remove("VIDIMUS_TOKEN").stdin(Stdio::null());
    command
}

/// Runs the program to its end; returns whether it succeeded, what it printed and what it said is wrong.
pub fn run(args: &[&str]) -> (bool, String, String) {
    let Output { status, stdout, stderr } = vidimus(args).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status.success(), text(&stdout), text(&stderr))
}

/// A program that runs until it is told to stop.
pub struct Running {
    child: Child,
    pub url: String,
    /// What it said before.
    pub said: Vec<String>,
}

impl Running {
    /// Starts the program and waits until it says where it listens, on the output that it says so.
    fn start(command: &mut Command, is_said_on_stdout: bool) -> Result<Running, String> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (said, other): (Box<dyn BufRead + Send>, Box<dyn BufRead + Send>) = if is_said_on_stdout {
            (Box::new(BufReader::new(stdout)), Box::new(BufReader::new(stderr)))
        } else {
            (Box::new(BufReader::new(stderr)), Box::new(BufReader::new(stdout)))
        };
        let rest = std::thread::spawn(move || other.lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
        let mut lines = said.lines().map_while(Result::ok);
        let mut said = Vec::new();
        let url = lines.find_map(|line| {
            let at = line.find("http://");
            let url = at.and_then(|at| line[at..].split_whitespace().next().map(str::to_string));
            said.push(line);
            url
        });
        let Some(url) = url else {
            let _ = child.wait();
            return Err(rest.join().unwrap_or_default());
        };
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Running { child, url, said })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: &str) {
        let _ = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(mut self) {
        self.signal("-TERM");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server with a folder of data.
pub struct Server {
    pub running: Running,
    pub data: PathBuf,
    token: String,
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<String>,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

impl Server {
    /// Starts a server; an error is what it said is wrong.
    pub fn start(data: &Path, args: &[&str]) -> Result<Server, String> {
        let folder = data.to_str().expect("text");
        let mut command = vidimus(&["serve", "--data", folder, "--listen", "127.0.0.1:0"]);
        let running = Running::start(command.args(args), true)?;
        let token = std::fs::read_to_string(data.join("owner.token")).expect("a token").trim().to_string();
        Ok(Server { running, data: data.to_path_buf(), token })
    }

    pub fn stop(self) {
        self.running.stop();
    }

    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.call_as(Some(&self.token), method, path, headers, body)
    }

    pub fn call_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.running.url));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.as_bytes().to_vec()).expect("a request");
        let response = ureq::Agent::from(config).run(request).expect("an answer");
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().expect("text").to_string());
        let status = response.status().as_u16();
        Reply { status, retry_after, text: response.into_body().read_to_string().expect("text") }
    }

    pub fn get(&self, path: &str) -> Value {
        let reply = self.call("GET", path, &[], "");
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// Hands in a record of the table `Events`.
    pub fn post(&self, workspace: &str, headers: &[(&str, &str)], record: &str) -> Reply {
        self.call("POST", &format!("/v1/workspaces/{workspace}/tables/Events/records"), headers, record)
    }

    pub fn make_events(&self, workspace: &str) {
        let columns = r#"{"columns":[{"name":"N","type":"long"},{"name":"Text","type":"string"}]}"#;
        let reply = self.call("PUT", &format!("/v1/workspaces/{workspace}/tables/Events"), &[], columns);
        assert_eq!(reply.status, 200, "{}", reply.text);
    }

    /// Returns the public key of a workspace's log.
    pub fn key(&self, workspace: &str) -> String {
        self.get(&format!("/v1/workspaces/{workspace}"))["keys"][0].as_str().expect("a key").to_string()
    }

    /// Runs the program against the server.
    pub fn run(&self, command: &str, args: &[&str]) -> (bool, String, String) {
        let Output { status, stdout, stderr } = vidimus(&[command, "--server", &self.running.url])
            .args(args)
            .env("VIDIMUS_TOKEN", &self.token)
            .output()
            .expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (status.success(), text(&stdout), text(&stderr))
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns how many records a query has in a workspace.
    pub fn count(&self, workspace: &str, query: &str) -> i64 {
        let query = format!("{query} | count");
        let (is_done, out, error) = self.run("query", &["--database", workspace, "--format", "jsonl", &query]);
        assert!(is_done, "{workspace}: {query}: {error}");
        serde_json::from_str::<Value>(out.trim()).expect("JSON")["Count"].as_i64().expect("a number")
    }
}

/// A command that follows a source into a server.
pub struct Follower<'a> {
    pub server: &'a Server,
    pub args: Vec<String>,
}

impl Follower<'_> {
    fn command(&self) -> Command {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let mut command = vidimus(&args);
        command.env("VIDIMUS_TOKEN", self.server.token()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end; returns whether it succeeded, what it printed and what it said is wrong.
    pub fn run(&self) -> (bool, String, String) {
        let Output { status, stdout, stderr } = self.command().output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (status.success(), text(&stdout), text(&stderr))
    }

    /// Starts it, and lets it run.
    pub fn start(&self) -> Child {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    }

    /// Kills it when it comes to a place for the n-th time; returns whether it did.
    pub fn kill_at(&self, place: &str, nth: u64) -> bool {
        let mut child = stdx::crash_at(&mut self.command(), place, nth).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let is_there = lines.into_iter().any(|line| line.starts_with(stdx::CRASH_SIGN));
        let _ = child.kill();
        let _ = child.wait();
        is_there
    }
}

/// A witness with a folder of its own.
pub struct Witness {
    pub folder: PathBuf,
    pub key: String,
    pub running: Option<Running>,
    address: String,
}

impl Witness {
    /// Makes a key.
    pub fn new(folder: &Path) -> Witness {
        let (is_made, key, error) =
            run(&["witness", "--dir", folder.to_str().expect("text"), "--create", "w.example/1"]);
        assert!(is_made, "{error}");
        let (folder, key) = (folder.to_path_buf(), key.trim().to_string());
        Witness { folder, key, running: None, address: "127.0.0.1:0".to_string() }
    }

    /// Starts it, where it was before if it ran before.
    pub fn start(&mut self, logs: &[&str]) {
        let mut command =
            vidimus(&["witness", "--dir", self.folder.to_str().expect("text"), "--listen", &self.address]);
        for log in logs {
            command.args(["--log", log]);
        }
        let running = Running::start(&mut command, false).expect("it starts");
        self.address = running.url.trim_start_matches("http://").to_string();
        self.running = Some(running);
    }

    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Returns a policy that asks for this witness, and names logs.
    pub fn policy(&self, logs: &[&str]) -> String {
        let logs: String = logs.iter().map(|log| format!("log {log}\n")).collect();
        format!("{logs}witness W {} http://{}\nquorum W\n", self.key, self.address)
    }
}

pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
