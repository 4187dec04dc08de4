//! What a host does in a room.

use relay_engine::ParticipantId;
use relay_wire::{MutedBy, Participant, Role, ServerMessage, close};

use super::{Room, dismiss, member::Member};
use crate::queues::Close;

impl Room {
    /// Mutes one, or all but the hosts. What they send is not heard until they say that the microphone is on again.
    pub(super) fn mute_by_host(&mut self, whom: Option<ParticipantId>) {
        let meant = |member: &Member| whom.map_or(member.role == Role::Talker, |id| member.id == id);
        let mut muted = Vec::new();
        for member in self.members.iter_mut().filter(|member| meant(member)) {
            member.silenced = true;
            if !std::mem::replace(&mut member.muted, true) {
                muted.push(member.id);
            }
        }
        for id in muted {
            self.broadcast(&ServerMessage::Muted { id: id.0, muted: true, by: Some(MutedBy::Host) });
        }
    }

    /// Tells somebody that they are removed; their seat is taken from them elsewhere.
    pub(super) fn remove(&self, id: ParticipantId) {
        if let Some(egress) = self.egress(id) {
            dismiss(
                egress,
                "the host removed you from the room",
                false,
                Close { code: close::REMOVED, reason: "removed" },
            );
        }
    }

    /// Tells everybody that the room is over.
    pub(super) fn end(&self) {
        for egress in self.egresses() {
            dismiss(egress, "the host ended the room", false, Close { code: close::ENDED, reason: "ended" });
        }
    }

    pub(super) fn roster(&self) -> Vec<Participant> {
        self.members.iter().map(Member::listing).collect()
    }

    pub(super) fn is_silenced(&self, id: ParticipantId) -> bool {
        self.position(id).is_some_and(|at| self.members[at].silenced)
    }
}
