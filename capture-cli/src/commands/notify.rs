//! `notify`: a notification to everyone in a room, over HTTP, without taking part.

use relay_wire::Notice;
use relay_wire::Role;

use crate::cli::NotifyArgs;
use crate::exit::Failure;
use crate::net::http;

/// Sends the notification and says where it went.
///
/// # Errors
/// [`Failure::Usage`] for a text against the rules, [`Failure::Connect`] where the relay is not reached or refuses.
pub async fn run(args: NotifyArgs) -> Result<(), Failure> {
    let target = args.room.target(Role::Talker)?;
    let notice = Notice { severity: args.severity.into(), title: args.title, text: args.text };
    notice.check().map_err(|e| Failure::Usage(e.to_string()))?;
    let delivered = http::notify(&target, &notice).await.map_err(|e| Failure::Connect(e.to_string()))?;
    if !args.room.quiet {
        let people = if delivered.participants == 1 { "participant" } else { "participants" };
        eprintln!("sent to {} {people} in room {}", delivered.participants, target.address.room);
    }
    Ok(())
}
