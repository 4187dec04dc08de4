//! Being found without an address: `lanline.local` and the service `_lanline._tcp`, by multicast DNS (RFC 6762, 6763).
//!
//! Devices that know mDNS open the page by its name, and programs find the relay. Nothing depends on it: many Android
//! devices and some access points do not pass it on, which is why links carry addresses.

use std::net::SocketAddr;

use mdns_sd::{DaemonEvent, IfKind, ServiceDaemon, ServiceInfo};

use crate::tls::names::MDNS_HOST;

/// The service's type.
pub const SERVICE: &str = "_lanline._tcp.local.";

/// The relay as others on the network find it; it is withdrawn when this is dropped.
pub struct Mdns {
    daemon: ServiceDaemon,
    name: String,
}

impl Mdns {
    /// Announces a port; of a port bound to one address that address, else every address of the machine, as they come
    /// and go.
    ///
    /// # Errors
    /// When the system has no multicast, or somebody keeps the port for themselves.
    pub fn announce(bound: SocketAddr, hostname: &str) -> Result<Self, mdns_sd::Error> {
        let host = format!("{MDNS_HOST}.");
        // No key, no room: whoever may read it is anyone.
        let properties = [("path", "/"), ("txtvers", "1")];
        let instance = if hostname.is_empty() { "Lanline".to_owned() } else { format!("Lanline on {hostname}") };
        let service = if bound.ip().is_unspecified() {
            ServiceInfo::new(SERVICE, &instance, &host, (), bound.port(), &properties[..])?.enable_addr_auto()
        } else {
            ServiceInfo::new(SERVICE, &instance, &host, bound.ip(), bound.port(), &properties[..])?
        };
        let daemon = ServiceDaemon::new()?;
        // The name should lead to this machine from everywhere.
        daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        watch(&daemon)?;
        let name = service.get_fullname().to_owned();
        daemon.register(service)?;
        Ok(Self { daemon, name })
    }
}

/// Says when another machine has the name already, and what else goes wrong later.
fn watch(daemon: &ServiceDaemon) -> Result<(), mdns_sd::Error> {
    let events = daemon.monitor()?;
    let spawned = std::thread::Builder::new().name("mdns-events".into()).spawn(move || {
        while let Ok(event) = events.recv() {
            match event {
                DaemonEvent::NameChange(change) => {
                    tracing::warn!(name = %change.original, now = %change.new_name, "the name is taken on this network");
                }
                DaemonEvent::Error(e) => tracing::warn!(error = %e, "mDNS"),
                _ => {}
            }
        }
    });
    spawned.map(drop).map_err(|e| mdns_sd::Error::Msg(e.to_string()))
}

impl Drop for Mdns {
    fn drop(&mut self) {
        // Both only send a word to the daemon's own thread.
        let _ = self.daemon.unregister(&self.name);
        let _ = self.daemon.shutdown();
    }
}
