//! `probe`: measures the delay from mouth to ear through a relay.
use crate::cli::ProbeArgs;
use crate::exit::Failure;

/// Measures.
///
/// # Errors
/// [`Failure`].
pub async fn run(_args: ProbeArgs) -> Result<(), Failure> {
    Err(Failure::Other("not there yet".into()))
}
