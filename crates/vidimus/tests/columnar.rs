//! Files that make their readers ask for all memory, or stop them: the server refuses them and goes on.

mod common;

use common::Server;

/// Returns an Avro file whose only block is a few kilobytes that unpack to so many bytes.
fn avro_bomb(bytes: usize) -> Vec<u8> {
    const BLOCK: usize = 128 << 10;
    // A Zstandard frame with a window of 1 MiB, and blocks that say one byte so often.
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    let n_blocks = bytes / BLOCK;
    for n in 1..=n_blocks {
        let header = u32::from(n == n_blocks) | 1 << 1 | (BLOCK as u32) << 3;
        packed.extend_from_slice(&header.to_le_bytes()[..3]);
        packed.push(b'a');
    }
    let mut file = b"Obj\x01".to_vec();
    let text = |file: &mut Vec<u8>, text: &[u8]| {
        file.extend(number(text.len() as i64));
        file.extend_from_slice(text);
    };
    file.extend(number(2));
    text(&mut file, b"avro.schema");
    text(&mut file, br#"{"type":"record","name":"R","fields":[{"name":"Text","type":"string"}]}"#);
    text(&mut file, b"avro.codec");
    text(&mut file, b"zstandard");
    file.extend(number(0));
    file.extend_from_slice(&[7; 16]);
    file.extend(number(1));
    text(&mut file, &packed);
    file.extend_from_slice(&[7; 16]);
    file
}

/// Returns a number as Avro writes it.
fn number(value: i64) -> Vec<u8> {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

/// Returns a Parquet file whose footer announces more columns than there can be.
fn parquet_bomb() -> Vec<u8> {
    // Field 1, an i32: the version. Field 2, a list of structures: how many.
    let mut footer = vec![0x15, 0x02, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07];
    footer.extend_from_slice(&[0; 64]);
    let mut file = b"PAR1".to_vec();
    file.extend_from_slice(&footer);
    file.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    file.extend_from_slice(b"PAR1");
    file
}

#[test]
fn a_file_that_asks_for_everything_takes_nobody_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), &[]).expect("it starts");
    server.make_events("main");
    let send = |format: &str, body: Vec<u8>| {
        let url = format!("{}/v1/rest/ingest/main/Events?streamFormat={format}", server.running.url);
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let request = ureq::http::Request::builder().method("POST").uri(url);
        let request = request.header("Authorization", format!("Bearer {}", server.token())).body(body).expect("one");
        let response = ureq::Agent::from(config).run(request).expect("an answer");
        (response.status().as_u16(), response.into_body().read_to_string().expect("text"))
    };
    for (format, body) in [("avro", avro_bomb(4 << 30)), ("parquet", parquet_bomb())] {
        assert!(body.len() < 200 << 10);
        let (status, answer) = send(format, body);
        assert!(status == 400 && answer.contains("BadRequest_InvalidBlob"), "{format}: {status} {answer}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.running.pid())).expect("a process");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    let kilobytes: u64 = most.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(kilobytes < 1 << 20, "the server itself had {most}");
    assert_eq!(server.post("main", &[], r#"{"N":1}"#).status, 200);
    server.stop();
}
