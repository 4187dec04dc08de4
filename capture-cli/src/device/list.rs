//! Which devices there are, and which one a name means.

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host};

use super::name_of;
use crate::exit::Failure;

/// Which way a device is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A microphone.
    In,
    /// A speaker.
    Out,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::In => "microphone",
            Self::Out => "speaker",
        }
    }
}

/// The table `devices` prints.
///
/// # Errors
/// [`Failure::Device`] where there is none at all.
pub fn table() -> Result<String, Failure> {
    let _quiet = quiet_alsa();
    let mut table = String::new();
    let mut any = false;
    for host in hosts() {
        let mut lines = String::new();
        for way in [Way::In, Way::Out] {
            let default = default_of(&host, way).and_then(|device| device.id().ok());
            for device in devices_of(&host, way).into_iter().filter(|device| !is_plugin(device)) {
                let id = device.id().ok();
                let mark = if id.is_some() && id == default { '*' } else { ' ' };
                let id = id.map_or_else(|| "?".into(), |id| crate::roster::escape(id.id()));
                lines += &format!("{mark} {:<10}  {}  [{id}]\n", way.word(), name_of(&device));
                any = true;
            }
        }
        if !lines.is_empty() {
            table += &format!("{}\n{lines}", host.id().name());
        }
    }
    if any {
        Ok(format!(
            "{table}(* is the default; --input-device and --output-device take a name, a part of it, or what is in brackets)"
        ))
    } else {
        Err(Failure::Device(
            "there is no microphone and no speaker here: plug one in, start a sound server, or use --file and --out"
                .into(),
        ))
    }
}

/// The device of that name, or the default one.
///
/// # Errors
/// [`Failure::Device`] where there is none; it names those there are.
pub fn find(name: Option<&str>, way: Way) -> Result<Device, Failure> {
    let _quiet = quiet_alsa();
    let Some(name) = name else {
        let default = default_of(&cpal::default_host(), way);
        return default.filter(|device| serves(device, way)).ok_or_else(|| {
            let instead = if way == Way::In { "--file" } else { "--out" };
            Failure::Device(format!(
                "there is no {}: name one (see `capture-cli devices`), or use {instead}",
                way.word()
            ))
        });
    };
    let devices: Vec<Device> = hosts().iter().flat_map(|host| devices_of(host, way)).collect();
    let names: Vec<[String; 3]> = devices.iter().map(names_of).collect();
    let index = choose(name, &names).map_err(|what| {
        let known = devices.iter().zip(&names).filter(|(device, _)| !is_plugin(device));
        let known: Vec<String> =
            known.map(|(_, names)| names).map(|[shown, id, _]| format!("  {shown}  [{id}]")).collect();
        let known = if known.is_empty() { "  (none)".into() } else { known.join("\n") };
        Failure::Device(format!("{what} a {} named {name:?}; there are:\n{known}", way.word()))
    })?;
    devices.into_iter().nth(index).ok_or_else(|| Failure::Device("the device has just gone".into()))
}

/// Index of the one that is meant: by full name first, then by a part of it that only one has.
fn choose(name: &str, devices: &[[String; 3]]) -> Result<usize, &'static str> {
    let name = name.to_lowercase();
    let full = devices.iter().position(|names| names.iter().any(|n| n.to_lowercase() == name));
    if let Some(index) = full {
        return Ok(index);
    }
    let mut parts = (0..devices.len()).filter(|&i| devices[i].iter().any(|n| n.to_lowercase().contains(&name)));
    match (parts.next(), parts.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => Err("there is more than one that could be"),
        (None, _) => Err("there is not"),
    }
}

fn names_of(device: &Device) -> [String; 3] {
    let id = device.id();
    let short = id.as_ref().map_or_else(|_| String::new(), |id| id.id().to_owned());
    [name_of(device), short, id.map_or_else(|_| String::new(), |id| id.to_string())]
}

/// ALSA lists its own plug-ins as devices, with or without a card behind them. They can be named, but not recommended.
fn is_plugin(device: &Device) -> bool {
    let Ok(id) = device.id() else { return false };
    let real = |name: &str| {
        name.contains("CARD=")
            || ["default", "hw", "plughw", "sysdefault"].contains(&name.split(':').next().unwrap_or(""))
    };
    id.host().name() == "ALSA" && !real(id.id())
}

fn hosts() -> Vec<Host> {
    let default = cpal::default_host();
    let others = cpal::available_hosts().into_iter().filter(|&id| id != default.id());
    let others: Vec<Host> = others.filter_map(|id| cpal::host_from_id(id).ok()).collect();
    std::iter::once(default).chain(others).collect()
}

fn devices_of(host: &Host, way: Way) -> Vec<Device> {
    host.devices().map(|devices| devices.filter(|device| serves(device, way)).collect()).unwrap_or_default()
}

fn default_of(host: &Host, way: Way) -> Option<Device> {
    match way {
        Way::In => host.default_input_device(),
        Way::Out => host.default_output_device(),
    }
}

fn serves(device: &Device, way: Way) -> bool {
    match way {
        Way::In => device.supports_input(),
        Way::Out => device.supports_output(),
    }
}

/// ALSA's library tells standard error about every card that is not there; who asked for a list wants the list.
#[cfg(target_os = "linux")]
fn quiet_alsa() -> impl Sized {
    alsa::Output::local_error_handler()
}

#[cfg(not(target_os = "linux"))]
fn quiet_alsa() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_full_name_first_and_then_the_only_part() {
        let devices =
            [["Mic", "hw:1", "alsa:hw:1"], ["Mic Array", "hw:2", "alsa:hw:2"], ["Headset", "usb", "alsa:usb"]]
                .map(|names| names.map(String::from));
        assert_eq!(choose("mic", &devices), Ok(0));
        assert_eq!(choose("array", &devices), Ok(1));
        assert_eq!(choose("usb", &devices), Ok(2));
        assert_eq!(choose("alsa:hw:2", &devices), Ok(1));
        assert!(choose("hw", &devices).unwrap_err().contains("more than one"));
        assert!(choose("nothing", &devices).unwrap_err().contains("not"));
    }
}
