//! `devices`: which microphones and speakers there are.

use crate::exit::Failure;

/// What a build without the feature `audio` says.
#[cfg(not(feature = "audio"))]
pub const WITHOUT_AUDIO: &str =
    "this build of capture-cli has no microphone or speaker (built without the feature \"audio\")";

/// Lists them, the defaults marked.
///
/// # Errors
/// [`Failure::Device`] where there is none.
#[cfg(feature = "audio")]
pub fn run() -> Result<(), Failure> {
    println!("{}", crate::device::list::table()?);
    Ok(())
}

/// Says that there can be none.
///
/// # Errors
/// [`Failure::Device`], always.
#[cfg(not(feature = "audio"))]
pub fn run() -> Result<(), Failure> {
    Err(Failure::Device(WITHOUT_AUDIO.into()))
}
