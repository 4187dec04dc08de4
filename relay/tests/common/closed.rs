//! A relay that lets in who shows a key.

use relay::{Config, Limits, access::Record};
use serde_json::json;

use super::{Answer, Client, TestRelay};

/// A relay that lets in who shows a key, and the keys.
pub struct Closed {
    pub relay: TestRelay,
    pub lobby: Record,
    pub host_key: String,
    pub state: tempfile::TempDir,
}

impl Closed {
    pub fn start() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        Self::in_folder(tempfile::tempdir().expect("a folder"), limits)
    }

    /// With what an earlier one kept.
    pub fn in_folder(state: tempfile::TempDir, limits: Limits) -> Self {
        let folder = Some(state.path().to_owned());
        let relay = TestRelay::with(Config { plain: true, state_dir: folder, limits, ..Config::default() });
        let doors = relay.doors.clone().expect("of this process");
        Self { relay, lobby: doors.lobby.expect("closed"), host_key: doors.host_key.to_string(), state }
    }

    /// What a key gets: the status, and the ticket or the code.
    pub async fn ask(&self, body: &serde_json::Value) -> (u16, String) {
        let json = [("Content-Type", "application/json")];
        let answer = self.relay.http("POST", "/api/v1/tickets", &json, &body.to_string()).await;
        let word = if answer.status == 200 { "ticket" } else { "error" };
        (answer.status, answer.json()[word].as_str().expect("a word").to_owned())
    }

    pub async fn ticket(&self, name: &str, role: &str) -> String {
        let key = if role == "host" { &self.host_key } else { &self.lobby.key.to_string() };
        let (status, ticket) = self.ask(&json!({ "room": "lobby", "name": name, "role": role, "key": key })).await;
        assert_eq!(status, 200, "{ticket}");
        ticket
    }

    pub async fn enter(&self, ticket: &str) -> Client {
        self.relay.join_at(&format!("/ws?ticket={ticket}")).await
    }

    /// What a host asks for.
    pub async fn host(&self, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.host_key);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.relay.http(method, &format!("/api/v1/rooms{path}"), &headers, body).await
    }
}
