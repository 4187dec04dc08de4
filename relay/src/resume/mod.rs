//! Taking a seat again after the socket was lost: tokens, and which of them still count.

mod seats;
mod token;

pub use seats::{HOLD_US, Lost, Occupancy, Return, Seats, SessionId, Stale};
pub use token::{Claims, Key};
