//! Which rooms there are, and what lets people into them. Kept in a file of the state folder.

use std::{collections::BTreeMap, io, path::Path};

use relay_wire::RoomName;
use serde::{Deserialize, Serialize};

use super::key::{Key, Pin};
use crate::state_dir;

/// The file.
const FILE: &str = "rooms.json";
/// The room that is always there.
pub const LOBBY: &str = "lobby";
/// Rooms that can be kept.
const MAX_ROOMS: usize = 1000;

/// What lets people into a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// In the fragment of the invite link.
    pub key: Key,
    /// For who has no link.
    pub pin: Pin,
    /// Nobody but hosts comes in.
    #[serde(default)]
    pub locked: bool,
    /// Rises when the room is ended: who was in it before does not come back by having been there.
    #[serde(default)]
    pub epoch: u64,
}

impl Record {
    fn new() -> Self {
        Self { key: Key::random(), pin: Pin::random(), locked: false, epoch: 0 }
    }

    /// Key and PIN anew: what lets in now does so no longer.
    pub fn renew(&mut self) {
        (self.key, self.pin) = (Key::random(), Pin::random());
    }
}

/// All rooms that are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    rooms: BTreeMap<RoomName, Record>,
}

/// Why the book is not to be read.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file system does not let us.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody else wrote in it.
    #[error("{FILE} is not as the relay wrote it ({0}); move it away, and all rooms get new keys")]
    Broken(#[from] serde_json::Error),
}

/// No more rooms can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyRooms;

impl Default for Book {
    fn default() -> Self {
        let lobby = RoomName::parse(LOBBY).expect("a good name");
        Self { rooms: BTreeMap::from([(lobby, Record::new())]) }
    }
}

impl Book {
    /// Reads the book of that state folder; where there is none it begins with the lobby.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn read(folder: &Path) -> Result<Self, BookError> {
        let mut book: Self = match std::fs::read(folder.join(FILE)) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(e.into()),
        };
        for (name, record) in Self::default().rooms {
            book.rooms.entry(name).or_insert(record);
        }
        Ok(book)
    }

    /// Keeps the book in that state folder, for its owner only.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        state_dir::write(&folder.join(FILE), &serde_json::to_vec_pretty(self)?, 0o600)
    }

    /// A room that is kept.
    #[must_use]
    pub fn room(&self, name: &RoomName) -> Option<&Record> {
        self.rooms.get(name)
    }

    /// The same, to change.
    pub fn room_mut(&mut self, name: &RoomName) -> Option<&mut Record> {
        self.rooms.get_mut(name)
    }

    /// The room that is always there.
    #[must_use]
    pub fn lobby(&self) -> &Record {
        self.rooms.iter().find(|(name, _)| name.as_str() == LOBBY).expect("it is always there").1
    }

    /// All of them, by name.
    pub fn rooms(&self) -> impl Iterator<Item = (&RoomName, &Record)> {
        self.rooms.iter()
    }

    /// Keeps a room, new or not.
    ///
    /// # Errors
    /// [`TooManyRooms`].
    pub fn add(&mut self, name: &RoomName) -> Result<&mut Record, TooManyRooms> {
        if !self.rooms.contains_key(name) && self.rooms.len() >= MAX_ROOMS {
            return Err(TooManyRooms);
        }
        Ok(self.rooms.entry(name.clone()).or_insert_with(Record::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> RoomName {
        RoomName::parse(name).expect("a good name")
    }

    #[test]
    fn the_lobby_is_always_there() {
        assert!(Book::default().room(&name(LOBBY)).is_some());
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE), r#"{"rooms":{}}"#).expect("written");
        assert!(Book::read(folder.path()).expect("read").room(&name(LOBBY)).is_some());
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_ne!(Book::read(folder.path()).expect("none yet"), Book::read(folder.path()).expect("none yet"));
        let mut book = Book::default();
        book.add(&name("stage")).expect("there is place").locked = true;
        book.room_mut(&name(LOBBY)).expect("there").epoch = 7;
        book.write(folder.path()).expect("written");
        assert_eq!(Book::read(folder.path()).expect("read"), book);
    }

    #[cfg(unix)]
    #[test]
    fn the_keys_are_their_owners_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        Book::default().write(folder.path()).expect("written");
        let mode = std::fs::metadata(folder.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_book_that_somebody_spoiled_is_not_overwritten_but_named() {
        let folder = tempfile::tempdir().expect("a folder");
        for spoiled in ["", "{", r#"{"rooms":{"A B":{}}}"#, r#"{"rooms":{"a":{"key":"short","pin":"000000"}}}"#] {
            std::fs::write(folder.path().join(FILE), spoiled).expect("written");
            let error = Book::read(folder.path()).expect_err("spoiled");
            assert!(error.to_string().contains(FILE), "{error}");
        }
    }

    #[test]
    fn a_new_invite_changes_key_and_pin_and_no_more() {
        let mut record = Record { locked: true, epoch: 3, ..Record::new() };
        let old = record.clone();
        record.renew();
        assert_ne!(record.key, old.key);
        assert_eq!((record.locked, record.epoch), (true, 3));
    }

    #[test]
    fn rooms_are_bounded() {
        let mut book = Book::default();
        for n in 1..MAX_ROOMS {
            book.add(&name(&format!("room-{n}"))).expect("there is place");
        }
        assert_eq!(book.add(&name("one-more")), Err(TooManyRooms));
        assert!(book.add(&name(LOBBY)).is_ok(), "it is there already");
    }
}
