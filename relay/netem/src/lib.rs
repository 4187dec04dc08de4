//! Bad networks, and whether the machine itself is to blame, for tests and benches only.
//!
//! - [`link`]: one direction of a link in virtual time: delay, jitter, loss, rate, stalls, blackouts, all from one
//!   seed. It does no I/O and reads no clock.
//! - [`recovery`]: what a transport that repeats what was lost makes of such a link.
//! - [`wire`] (Linux, root): two of those links under real sockets, as IP packets between two network namespaces.
//! - [`proxy`]: a TCP proxy that resets, falls silent, cuts everything into single bytes, or swallows more than it
//!   passes on.
//! - [`packets`] (Linux, root): all that an interface of a network namespace sees.
//! - [`machine`]: how long threads under test waited for a core.

pub mod link;
pub mod machine;
pub mod proxy;
pub mod recovery;

#[cfg(target_os = "linux")]
pub mod namespace;
#[cfg(target_os = "linux")]
pub mod packets;
#[cfg(target_os = "linux")]
mod tun;
#[cfg(target_os = "linux")]
pub mod wire;

/// Whether this is what a system says that has no network namespaces or no TUN, or has them for others only: tests then
/// skip with a sentence.
#[cfg(target_os = "linux")]
#[must_use]
pub fn is_not_to_be_had(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound)
        || matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ENXIO))
}

pub use link::{Conditions, Link, Outage};
