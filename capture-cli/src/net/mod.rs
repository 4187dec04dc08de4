//! The way to the relay and back.

pub mod backoff;
pub mod connect;
pub mod http;
pub mod kernel;
pub mod link;
mod session;
mod stay;
pub mod ticket;
pub mod tls;
