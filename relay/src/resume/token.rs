//! Resume tokens: what a seat's holder shows to take it again, signed so that nobody else can write one.

use std::{io, path::Path};

use data_encoding::BASE64URL_NOPAD;
use relay_wire::{Colour, DisplayName, Role, RoomName};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::state_dir;

/// The key's file in the state folder.
const FILE: &str = "resume.key";
const KEY_LEN: usize = 32;
/// A token older than this brings nobody back.
const MAX_AGE_MS: u64 = 12 * 60 * 60 * 1000;
/// Wall clocks are set back now and then, hardly ever by more than this.
const MAX_EARLY_MS: u64 = 60_000;
/// Longer than any token of ours; nothing longer is looked at.
const MAX_LEN: usize = 1024;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The room.
    pub room: RoomName,
    /// The room's epoch when the token was issued: it ends with a removal and the room's end.
    pub epoch: u64,
    /// The participant's id in the room.
    pub id: u32,
    /// What they are called.
    pub name: DisplayName,
    /// What they are shown in.
    #[serde(default)]
    pub colour: Colour,
    /// What they may do.
    pub role: Role,
    /// Which stay in the room.
    pub session: SessionId,
    /// Which of that session's tokens, counted from 1.
    pub generation: u32,
    /// Milliseconds since 1970.
    pub issued_ms: u64,
}

/// What tokens are signed with.
#[derive(Debug)]
pub struct Key(hmac::Key);

impl Key {
    /// The key kept in that folder, made if it is not there; without a folder one that lasts as long as the relay runs.
    ///
    /// # Errors
    /// Whatever the file system says; also when the system has no random numbers.
    pub fn load_or_make(folder: Option<&Path>) -> io::Result<Self> {
        let path = folder.map(|folder| folder.join(FILE));
        if let Some(path) = &path {
            match std::fs::read(path) {
                Ok(bytes) if bytes.len() == KEY_LEN => return Ok(Self::new(&bytes)),
                Ok(_) => {
                    tracing::warn!(path = %path.display(), "the key of resume tokens is damaged; a new one is made");
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        let mut bytes = [0; KEY_LEN];
        SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system has no random numbers"))?;
        if let Some(path) = &path {
            state_dir::write(path, &bytes, 0o600)?;
        }
        Ok(Self::new(&bytes))
    }

    fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The token that says so.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let body = serde_json::to_vec(claims).expect("plain structs with string keys always serialise");
        let tag = hmac::sign(&self.0, &body);
        format!("{}.{}", BASE64URL_NOPAD.encode(&body), BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    /// What the token says, if it was signed with this key and is not too old at that time (milliseconds since 1970).
    #[must_use]
    pub fn verify(&self, token: &str, now_ms: u64) -> Option<Claims> {
        if token.len() > MAX_LEN {
            return None;
        }
        let (body, tag) = token.split_once('.')?;
        let body = BASE64URL_NOPAD.decode(body.as_bytes()).ok()?;
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
        // Constant time, and before anything of the body is looked at.
        hmac::verify(&self.0, &body, &tag).ok()?;
        let claims: Claims = serde_json::from_slice(&body).ok()?;
        let fresh = claims.issued_ms <= now_ms + MAX_EARLY_MS && now_ms.saturating_sub(claims.issued_ms) <= MAX_AGE_MS;
        fresh.then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_793_000_000_000;

    fn claims() -> Claims {
        Claims {
            room: RoomName::parse("lobby").expect("a good name"),
            epoch: 3,
            id: 7,
            name: DisplayName::parse("Zoë").expect("a good name"),
            colour: Colour::of(4),
            role: Role::Listener,
            session: SessionId(u64::MAX),
            generation: 2,
            issued_ms: NOW_MS,
        }
    }

    fn key() -> Key {
        Key::load_or_make(None).expect("random numbers")
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let key = key();
        let token = key.sign(&claims());
        assert_eq!(key.verify(&token, NOW_MS), Some(claims()));
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "fit for an address: {token}");
    }

    #[test]
    fn the_longest_token_fits() {
        let key = key();
        let longest = Claims {
            room: RoomName::parse(&"r".repeat(32)).expect("a good name"),
            name: DisplayName::parse(&"\u{1F600}".repeat(32)).expect("a good name"),
            epoch: u64::MAX,
            id: u32::MAX,
            generation: u32::MAX,
            ..claims()
        };
        assert_eq!(key.verify(&key.sign(&longest), NOW_MS), Some(longest));
    }

    #[test]
    fn a_changed_foreign_or_broken_token_says_nothing() {
        let key = key();
        let token = key.sign(&claims());
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("still ASCII");
            assert_eq!(key.verify(&forged, NOW_MS), None, "changed at {at}");
        }
        let foreign = self::key().sign(&claims());
        let (body, _) = token.split_once('.').expect("two parts");
        for broken in
            [foreign.as_str(), "", ".", body, &format!("{body}."), &token[..token.len() - 1], &"x".repeat(5000)]
        {
            assert_eq!(key.verify(broken, NOW_MS), None, "{broken}");
        }
    }

    #[test]
    fn a_token_lives_for_twelve_hours() {
        let key = key();
        let token = key.sign(&claims());
        for (now_ms, good) in [
            (NOW_MS + MAX_AGE_MS, true),
            (NOW_MS + MAX_AGE_MS + 1, false),
            (NOW_MS - MAX_EARLY_MS, true),
            (NOW_MS - MAX_EARLY_MS - 1, false),
        ] {
            assert_eq!(key.verify(&token, now_ms).is_some(), good, "{now_ms}");
        }
    }

    #[test]
    fn a_kept_key_knows_its_tokens_again_and_a_damaged_one_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = || Key::load_or_make(Some(folder.path())).expect("a key");
        let token = key().sign(&claims());
        assert!(key().verify(&token, NOW_MS).is_some());
        std::fs::write(folder.path().join(FILE), b"short").expect("written");
        let token = key().sign(&claims());
        assert!(key().verify(&token, NOW_MS).is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
