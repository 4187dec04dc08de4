//! How many may be inside at a time, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts who is inside.
#[derive(Debug)]
pub struct Turnstile {
    most: usize,
    most_per_address: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Somebody is inside as long as this lives.
#[derive(Debug)]
pub struct Passage {
    turnstile: Arc<Turnstile>,
    address: IpAddr,
}

impl Turnstile {
    /// Nobody is inside.
    #[must_use]
    pub fn new(most: usize, most_per_address: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_address, inside: Mutex::default() })
    }

    /// Lets one more in from that address, if there is place.
    #[must_use]
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Passage> {
        let mut inside = self.lock();
        let of_address = inside.by_address.get(&address).copied().unwrap_or(0);
        if inside.all >= self.most || of_address >= self.most_per_address {
            return None;
        }
        inside.all += 1;
        inside.by_address.insert(address, of_address + 1);
        Some(Passage { turnstile: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing under the lock can panic half-way.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let mut inside = self.turnstile.lock();
        inside.all -= 1;
        if let Some(count) = inside.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inside.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        [10, 0, 0, n].into()
    }

    #[test]
    fn both_bounds_hold_and_places_come_back() {
        let turnstile = Turnstile::new(3, 2);
        let mut inside: Vec<_> = [1, 1, 2].map(|n| turnstile.enter(address(n)).expect("place")).into();
        assert!(turnstile.enter(address(2)).is_none(), "full in all");
        inside.pop();
        assert!(turnstile.enter(address(1)).is_none(), "full for the address");
        let _other = turnstile.enter(address(2)).expect("place");
        inside.clear();
        assert!(turnstile.enter(address(1)).is_some());
        assert_eq!(turnstile.lock().by_address.len(), 1, "who is gone is forgotten");
    }
}
