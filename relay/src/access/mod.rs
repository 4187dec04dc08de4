//! Who may come into which room: keys, PINs, tickets and the host key.
//!
//! [`door`] decides, without clock or disk; [`Access`] lends it to the routes and keeps the rooms on disk.

pub mod api;
pub mod book;
pub mod door;
pub mod guesses;
pub mod host_api;
pub mod key;
pub mod refusal;
pub mod tickets;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

pub use book::{Book, BookError, Record};
pub use door::{Door, Shown};
pub use key::{Key, Pin};
pub use refusal::Refusal;
pub use tickets::Pass;

use crate::state_dir;

/// The file with the host key.
const HOST_KEY: &str = "host.key";

/// The door, shared, and where its rooms are kept.
#[derive(Debug)]
pub struct Access {
    door: Mutex<Door>,
    folder: Option<PathBuf>,
    /// Held while the rooms are written, so that what is written last is what was true last.
    writing: Mutex<()>,
}

impl Access {
    /// Keys as that state folder has them, or new ones, which are kept there. Without a folder they are gone with the relay.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn load(folder: Option<&Path>, open: bool) -> Result<Self, BookError> {
        let (host_key, book) = match folder {
            Some(folder) => (host_key(folder)?, Book::read(folder)?),
            None => (Key::random(), Book::default()),
        };
        if let Some(folder) = folder {
            book.write(folder)?;
        }
        Ok(Self {
            door: Mutex::new(Door::new(open, host_key, book)),
            folder: folder.map(Path::to_owned),
            writing: Mutex::new(()),
        })
    }

    /// Keeps the rooms as they are now. Waits for the disk, so not on a thread that others need.
    ///
    /// # Errors
    /// Whatever the file system says; the rooms are as they are until the relay ends.
    pub fn keep(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let book = self.door().book.clone();
        book.write(folder)
    }

    /// The door, for a moment: it is not to be held across anything that waits.
    pub fn door(&self) -> MutexGuard<'_, Door> {
        // What is done under the lock is whole or not begun, so a panic leaves it good.
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn host_key(folder: &Path) -> Result<Key, BookError> {
    let path = folder.join(HOST_KEY);
    match fs::read_to_string(&path) {
        Ok(text) => Key::parse(text.trim()).ok_or_else(|| {
            let sentence = format!("{HOST_KEY} holds no key; move it away, and the relay makes a new one");
            BookError::Io(io::Error::new(io::ErrorKind::InvalidData, sentence))
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let key = Key::random();
            state_dir::write(&path, format!("{key}\n").as_bytes(), 0o600)?;
            Ok(key)
        }
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_wire::RoomName;

    #[test]
    fn keys_survive_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = || {
            let access = Access::load(Some(folder.path()), false).expect("loaded");
            let door = access.door();
            let lobby = RoomName::parse(book::LOBBY).expect("a good name");
            (door.host_key().clone(), door.book.room(&lobby).expect("there").clone())
        };
        assert_eq!(keys(), keys());
    }

    #[test]
    fn a_spoiled_host_key_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(HOST_KEY), "not a key").expect("written");
        let error = Access::load(Some(folder.path()), false).expect_err("spoiled");
        assert!(error.to_string().contains(HOST_KEY), "{error}");
    }
}
