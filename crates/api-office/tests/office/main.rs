//! The endpoints over a real store, by a client that knows nothing but HTTP.

mod common;
mod feed;
mod graph;
mod round_trip;
mod wire;
