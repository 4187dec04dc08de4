//! The relay: one port for page, API and socket, and rooms that mix on their own threads.
//!
//! A packet's way through this crate: [`listen`] accepts and speaks TLS, [`handshake`] refuses or upgrades (whom
//! [`access`] lets in), a [`session`] parses and stamps what arrives and hands it to the room's [`mixer`] thread, where [`room`] drives
//! the sans-IO engine and writes what it sends to each listener's [`egress`]. What a link does not take at once waits there in
//! [`queues`] until the session's [`writer`] may write it. Nothing on that way waits for anybody else.

pub mod access;
pub mod addresses;
pub mod audio_queue;
pub mod authority;
pub mod banner;
pub mod check;
pub mod cli;
pub mod clock;
pub mod closing;
pub mod config;
pub mod connection;
pub mod egress;
pub mod handshake;
pub mod help;
pub mod host;
pub mod http;
pub mod kernel;
pub mod listen;
pub mod mdns;
pub mod mixer;
pub mod naps;
pub mod origin;
pub mod page;
pub mod patience;
pub mod problem;
pub mod qr;
pub mod queues;
pub mod rate;
pub mod reach;
pub mod registry;
pub mod relay;
pub mod reports;
pub mod resume;
pub mod room;
pub mod session;
pub mod shutdown;
pub mod state_dir;
pub mod switch;
pub mod tls;
pub mod turnstile;
pub mod writer;

pub use config::{Config, Limits};
pub use relay::{Relay, StartError};
