//! HTTP/1.1 or HTTP/2 over TCP, with or without TLS.
//!
//! ```text
//! TcpListener ─ a place among the connections ─ TLS ─ requests, each header within its time ─► Router
//! ```
//!
//! A client that dawdles is bounded: TLS and headers must arrive in time, an idle connection is closed, and there are only
//! so many. What is in a body, and how long it may take, is the router's.

mod arm;
mod body;
mod error;
mod listener;
mod sender;
mod tls;
mod unread;

pub use arm::arm_paths;
pub use body::{BodyError, BodyLimits, gather_body, read_body, unpack_body};
pub use error::HttpError;
pub use listener::{HttpListener, HttpOptions, HttpVersion};
pub use sender::sender_of;
pub use tls::TlsFiles;
