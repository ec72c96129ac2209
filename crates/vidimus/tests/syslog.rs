//! Syslog, from sockets to tables: what is sent is there, also after the server was stopped or its store had no room.

mod common;

use common::{Server, wait_for};
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;

/// A server that takes syslog over UDP and TCP.
struct Taking {
    server: Server,
    udp: SocketAddr,
    tcp: SocketAddr,
}

fn start(data: &Path, args: &[&str]) -> Taking {
    let listen = ["--syslog-udp", "127.0.0.1:0", "--syslog-tcp", "127.0.0.1:0", "--syslog-workspace", "main"];
    let server = Server::start(data, &[&listen, args].concat()).expect("it starts");
    let address = |transport: &str| {
        let said = format!("vidimus: syslog over {transport} on ");
        let line = server.running.said.iter().find_map(|line| line.strip_prefix(&said));
        line.and_then(|address| address.parse().ok()).expect("an address")
    };
    let (udp, tcp) = (address("UDP"), address("TCP"));
    Taking { server, udp, tcp }
}

impl Taking {
    /// Returns what a query answers, without its header.
    fn rows(&self, database: &str, query: &str) -> Vec<String> {
        let (is_done, out, error) = self.server.run("query", &["--database", database, "--format", "csv", query]);
        assert!(is_done, "{error}");
        out.lines().skip(1).map(str::to_string).collect()
    }

    fn wait_for(&self, query: &str, expected: &[&str]) {
        wait_for(query, || (self.rows("main", query) == expected).then_some(()));
    }
}

#[test]
fn messages_land_where_the_agent_of_microsoft_puts_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let taking = start(&folder.path().join("data"), &[]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let send = |bytes: &[u8]| socket.send_to(bytes, taking.udp).expect("it is sent");
    send(b"<34>Feb  3 22:14:15 gw su[231]: session opened\n  for root");
    send(b"no syslog at all");
    send(b"<13>Feb  3 22:15:00 fw CEF:0|Contoso|Wall|1.2|100|Denied|5|src=192.0.2.7 act=deny");
    send(b"<13>\xff\xfe");
    let mut stream = TcpStream::connect(taking.tcp).expect("a connection");
    let message = "<165>1 2026-05-01T09:30:00.250Z web1 app 7 ID47 [origin ip=\"192.0.2.1\"] two\nlines";
    stream
        .write_all(format!("{} {message}<14>May  1 09:31:00 web2 app: line\n", message.len()).as_bytes())
        .expect("sent");
    let columns = "HostIP, Computer, Facility, SeverityLevel, ProcessName, ProcessID, SyslogMessage = replace_string(SyslogMessage, '\\n', '/')";
    let query = format!("Syslog | order by SyslogMessage asc | project strcat_delim('|', {columns})");
    taking.wait_for(
        &query,
        &[
            "127.0.0.1|web2|user|info|app||line",
            "127.0.0.1|127.0.0.1|||||no syslog at all",
            "127.0.0.1|gw|auth|crit|su|231|session opened/  for root",
            "127.0.0.1|web1|local4|notice|app|7|two/lines",
        ],
    );
    let query =
        "CommonSecurityLog | project strcat_delim('|', Computer, DeviceVendor, Activity, SourceIP, DeviceAction)";
    taking.wait_for(query, &["fw|Contoso|Denied|192.0.2.7|deny"]);
    let query = "VidimusQuarantine | project strcat_delim('|', TableName, Reason, Detail, Raw)";
    taking.wait_for(query, &["syslog|Encoding|byte 4 of the message is not UTF-8 (from 127.0.0.1)|PDEzPv/+"]);
    taking.server.stop();
}

#[test]
fn what_was_sent_is_there_after_a_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let taking = start(&data, &[]);
    const N: usize = 20_000;
    let streams: Vec<_> = (0..4)
        .map(|k| {
            let mut stream = TcpStream::connect(taking.tcp).expect("a connection");
            std::thread::spawn(move || {
                let lines: String = (0..N / 4).map(|n| format!("<13>Feb  3 22:14:15 h app: {k}-{n}\n")).collect();
                stream.write_all(lines.as_bytes()).expect("sent");
                stream
            })
        })
        .collect();
    // The connections stay open; all that they carried has come when the server is told to stop.
    let streams: Vec<TcpStream> = streams.into_iter().map(|thread| thread.join().expect("it ends")).collect();
    taking.server.stop();
    drop(streams);
    let taking = start(&data, &[]);
    assert_eq!(
        taking.rows("main", "Syslog | summarize count(), dcount(SyslogMessage, 4)")[0].split(',').next(),
        Some("20000")
    );
    assert_eq!(taking.rows("main", "Syslog | distinct SyslogMessage | count"), ["20000"]);
    taking.server.stop();
}

#[test]
fn who_may_not_send_is_recorded_beside_who_may_not_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let taking = start(&data, &["--syslog-from", "192.0.2.0/24", "--syslog-from", "198.51.100.7"]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for _ in 0..5 {
        socket.send_to(b"<13>a", taking.udp).expect("it is sent");
    }
    let _ = TcpStream::connect(taking.tcp).expect("a connection").write_all(b"<13>a\n");
    let query = "AzureActivity | where OperationNameValue has 'REFUSE' and isempty(Properties_d.further) \
                 | project strcat_delim('|', CallerIpAddress, Properties_d.protocol) | order by print_0 asc";
    let query = query.replace(" | order by print_0 asc", "");
    let expected = ["127.0.0.1|syslog over TCP", "127.0.0.1|syslog over UDP"];
    wait_for("refusals", || {
        let mut rows = taking.rows("vidimus", &query);
        rows.sort();
        (rows == expected).then_some(())
    });
    taking.server.stop();
    let taking = start(&data, &[]);
    let query = "AzureActivity | where OperationNameValue has 'REFUSE' | summarize sum(toint(Properties_d.further))";
    assert_eq!(taking.rows("vidimus", query), ["4"]);
    let query = "AzureActivity | where OperationNameValue has 'SERVERS/START' and isnotempty(Properties_d.syslogFrom) | distinct tostring(Properties_d.syslogFrom) | order by Properties_d_syslogFrom asc";
    assert_eq!(taking.rows("vidimus", query), ["\"192.0.2.0/24, 198.51.100.7/32\"", "this machine"]);
    assert_eq!(taking.rows("main", "union isfuzzy=true Syslog | count"), ["0"]);
    taking.server.stop();
}

#[test]
fn what_is_missing_is_said_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let failed = |args: &[&str]| match Server::start(folder.path(), args) {
        Ok(_) => panic!("it starts with {args:?}"),
        Err(said) => said,
    };
    assert!(failed(&["--syslog-udp", "127.0.0.1:0"]).contains("--syslog-workspace"));
    let to = |workspace| ["--syslog-udp", "127.0.0.1:0", "--syslog-workspace", workspace];
    assert!(failed(&to("nowhere")).contains("there is no workspace `nowhere`"));
    assert!(failed(&to("vidimus")).contains("the server's own"));
    assert!(failed(&["--syslog-tls", "127.0.0.1:0", "--syslog-workspace", "main"]).contains("--tls-cert"));
    assert!(failed(&[&to("main")[..], &["--syslog-from", "192.0.2.0/99"]].concat()).contains("a network such as"));
}
