//! How many may be inside at a time, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many may be inside from one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerAddress {
    most: usize,
    /// Loopback is not one participant's address but that of a proxy, or of programs on this machine.
    spares_loopback: bool,
}

impl PerAddress {
    /// So many from each address, and any number from this machine itself.
    #[must_use]
    pub const fn from_elsewhere(most: usize) -> Self {
        Self { most, spares_loopback: true }
    }

    /// So many from each address, whichever it is.
    #[must_use]
    pub const fn from_anywhere(most: usize) -> Self {
        Self { most, spares_loopback: false }
    }

    /// Another number by the same rule.
    #[must_use]
    pub const fn with(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// The number.
    #[must_use]
    pub const fn most(self) -> usize {
        self.most
    }

    fn takes_no_more(self, address: IpAddr, inside: usize) -> bool {
        inside >= self.most && !(self.spares_loopback && address.to_canonical().is_loopback())
    }
}

/// Counts who is inside.
#[derive(Debug)]
pub struct Turnstile {
    most: usize,
    per_address: PerAddress,
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
    pub fn new(most: usize, per_address: PerAddress) -> Arc<Self> {
        Arc::new(Self { most, per_address, inside: Mutex::default() })
    }

    /// Lets one more in from that address, if there is place.
    #[must_use]
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Passage> {
        let mut inside = self.lock();
        let of_address = inside.by_address.get(&address).copied().unwrap_or(0);
        if inside.all >= self.most || self.per_address.takes_no_more(address, of_address) {
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
        let turnstile = Turnstile::new(3, PerAddress::from_elsewhere(2));
        let mut inside: Vec<_> = [1, 1, 2].map(|n| turnstile.enter(address(n)).expect("place")).into();
        assert!(turnstile.enter(address(2)).is_none(), "full in all");
        inside.pop();
        assert!(turnstile.enter(address(1)).is_none(), "full for the address");
        let _other = turnstile.enter(address(2)).expect("place");
        inside.clear();
        assert!(turnstile.enter(address(1)).is_some());
        assert_eq!(turnstile.lock().by_address.len(), 1, "who is gone is forgotten");
    }

    #[test]
    fn this_machine_is_spared_unless_told_otherwise() {
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"].map(|a| a.parse().expect("an address")) {
            let spared = Turnstile::new(3, PerAddress::from_elsewhere(2));
            let all: Vec<_> = std::iter::from_fn(|| spared.enter(address)).collect();
            assert_eq!(all.len(), 3, "{address}: bounded in all");
            let strict = Turnstile::new(3, PerAddress::from_anywhere(2));
            let all: Vec<_> = std::iter::from_fn(|| strict.enter(address)).collect();
            assert_eq!(all.len(), 2, "{address}");
        }
    }
}
