//! How many datagrams the kernel threw away because their socket had no room.
//!
//! # Source
//! Linux, proc_pid_net(5), `/proc/net/udp` and `/proc/net/udp6`.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use tokio::net::UdpSocket;

const TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];

/// Counts what is dropped of a socket.
#[derive(Debug)]
pub struct Drops {
    /// The number by which the kernel's tables know the socket.
    inode: u64,
    /// What it said last, modulo 2³².
    seen: u32,
}

impl Drops {
    /// Begins to count.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn of(socket: &UdpSocket) -> io::Result<Drops> {
        let inode = fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd()))?.ino();
        Ok(Drops { inode, seen: read(inode)? })
    }

    /// Returns how many were dropped since it was asked last.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn since(&mut self) -> io::Result<u64> {
        let now = read(self.inode)?;
        let since = now.wrapping_sub(self.seen);
        self.seen = now;
        Ok(u64::from(since))
    }
}

fn read(inode: u64) -> io::Result<u32> {
    for table in TABLES {
        // Without IPv6 there is no table of it.
        let Ok(text) = fs::read_to_string(table) else { continue };
        if let Some(drops) = find(&text, inode) {
            return Ok(drops);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "the socket is in no table of the kernel's"))
}

/// Returns what a table says of a socket.
fn find(table: &str, inode: u64) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_ours = words.get(9).and_then(|word| word.parse().ok()) == Some(inode);
        // The kernel counts in 32 bits, and may show them as a negative number.
        let drops = words.last().filter(|_| is_ours)?.parse::<i64>().ok()?;
        u32::try_from(drops & i64::from(u32::MAX)).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_s_row_is_found() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                     \x20 211: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 71 2 000000002c 0\n\
                     \x20 212: 0100007F:0203 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 72 2 000000002d -2\n";
        assert_eq!((find(table, 71), find(table, 72), find(table, 73)), (Some(0), Some(u32::MAX - 1), None));
    }
}
