//! Stored requests for a demo, as the hub stores them. One of them has a very large body, and one lacks its body.

use std::fmt::Write;

use redis::{AsyncConnectionConfig, Client, cmd, pipe};

use super::error::StoredRequestsError;
use super::session_id::SessionId;
use super::{ANSWER_MAX, BODY, CLIENT_META, CONNECT_MAX, HEADERS, SPECIAL_SETTINGS, UPSTREAM_META};

/// The sessions that get stored requests.
pub const SESSIONS: u32 = 20;

/// The requests of each session that are stored: the newest.
const REQUESTS: u64 = 3;

const BODY_BYTES: usize = 4 << 10;
const LARGE_BODY_BYTES: usize = 20 << 20;

/// A day. The hub stores requests for minutes, and a demo must not fill its Redis for good.
const KEPT_SECONDS: u64 = 24 * 60 * 60;

const REQUEST_HEADERS: &str = r#"{"content-type":"application/json","user-agent":"claude-cli/2.1.3 (external, cli)","authorization":"Bearer sk-demo-not-a-key","x-api-key":"[redacted]","accept":"*/*"}"#;
const CLIENT_REQUEST: &str = r#"{"url":"/v1/messages?beta=true","method":"POST"}"#;
const UPSTREAM_REQUEST: &str =
    r#"{"url":"https://api.anthropic.example/v1/messages?api_key=demo","method":"POST"}"#;
const SETTINGS: &str = r#"[{"type":"provider_parameter_override","hit":true,"changes":[{"path":"temperature","before":0.70,"after":null}]}]"#;

/// What a message says: code, several scripts, and characters that JSON escapes.
const TEXTS: [&str; 4] = [
    "Explain this function:\n\tfn add(a: i32, b: i32) -> i32 {\n\t\ta + b\n\t}\n",
    "请解释这段代码，并给出测试。🔥 \"引号\" 与 \\ 反斜杠",
    "اشرح هذه الدالة سطرًا سطرًا",
    "=SUM(A1:A9), <script>alert(1)</script> & C:\\temp\\new",
];

/// The stored requests of a demo.
#[derive(Debug)]
pub struct Stored {
    pub sessions: usize,
    pub requests: usize,
    /// The id of the session with the largest body.
    pub largest: String,
}

/// Stores requests of these sessions, each with the position of its newest request. A request that is stored already stays.
///
/// # Errors
/// [`StoredRequestsError::NoSessions`], [`StoredRequestsError::BadId`], [`StoredRequestsError::Redis`].
pub async fn store(client: &Client, sessions: Vec<(String, u64)>) -> Result<Stored, StoredRequestsError> {
    let Some((largest, _)) = sessions.first() else {
        return Err(StoredRequestsError::NoSessions);
    };
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(Some(ANSWER_MAX))
        .set_connection_timeout(Some(CONNECT_MAX));
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let mut stored = Stored {
        sessions: sessions.len(),
        requests: 0,
        largest: largest.clone(),
    };
    for (place, (session, newest)) in sessions.iter().enumerate() {
        let session = SessionId::parse(session)?;
        for sequence in newest.saturating_sub(REQUESTS - 1).max(1)..=*newest {
            let is_newest = sequence == *newest;
            let body = match (place, is_newest) {
                (0, true) => Some(body(LARGE_BODY_BYTES, sequence)),
                (1, true) => None,
                _ => Some(body(BODY_BYTES, sequence)),
            };
            let parts = [
                (CLIENT_META, Some(CLIENT_REQUEST)),
                (UPSTREAM_META, Some(UPSTREAM_REQUEST)),
                (HEADERS, Some(REQUEST_HEADERS)),
                (SPECIAL_SETTINGS, (sequence % 2 == 0).then_some(SETTINGS)),
                (BODY, body.as_deref()),
            ];
            let mut commands = pipe();
            for (part, text) in parts {
                if let Some(text) = text {
                    commands.add_command(set_new(session.part_key(sequence, part), text));
                }
            }
            let () = commands.ignore().query_async(&mut connection).await?;
            stored.requests += 1;
        }
        let () = set_new(session.count_key(), &newest.to_string())
            .query_async(&mut connection)
            .await?;
    }
    Ok(stored)
}

/// Sets a key for a day, unless it exists: no request of a hub is replaced.
fn set_new(key: String, value: &str) -> redis::Cmd {
    let mut set = cmd("SET");
    set.arg(key).arg(value).arg("NX").arg("EX").arg(KEPT_SECONDS);
    set
}

/// Returns the body of a request to a model, of at least this many bytes.
fn body(bytes: usize, sequence: u64) -> String {
    let mut body =
        r#"{"model":"claude-sonnet-4-5-20250929","max_tokens":32000,"stream":true,"messages":["#.to_owned();
    for (place, text) in TEXTS.iter().cycle().enumerate() {
        let role = ["user", "assistant"][place % 2];
        let separator = if place == 0 { "" } else { "," };
        let content = serde_json::Value::from(format!("{text} ({sequence}.{place})"));
        let _ = write!(body, r#"{separator}{{"role":"{role}","content":{content}}}"#);
        if body.len() >= bytes {
            break;
        }
    }
    body.push_str("]}");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_of_the_length() {
        let body = body(BODY_BYTES, 7);
        assert!((BODY_BYTES..BODY_BYTES + 500).contains(&body.len()));
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(read["messages"].as_array().unwrap().len() > 4);
    }
}
