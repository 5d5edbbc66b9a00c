//! The stored requests of a session.

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequests {
    pub session_id: String,
    pub requests: Vec<StoredRequest>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredRequest {
    pub sequence: u64,
    pub method: Option<String>,
    pub client_url: Option<String>,
    pub upstream_url: Option<String>,
    pub body_bytes: u64,
    pub complete: bool,
}

impl StoredRequest {
    /// Returns why the request cannot be downloaded, or `None` if it can.
    pub fn missing(&self) -> Option<&'static str> {
        match (self.complete, self.body_bytes) {
            (true, _) => None,
            (false, 0) => Some("The body is not stored."),
            (false, _) => Some("The headers are not stored."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> StoredRequest {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_missing_is_said_by_name() {
        for (json, missing) in [
            (r#"{"sequence":3,"bodyBytes":12,"complete":true}"#, None),
            (
                r#"{"sequence":2,"bodyBytes":0,"complete":false}"#,
                Some("The body is not stored."),
            ),
            (
                r#"{"sequence":1,"bodyBytes":12,"complete":false}"#,
                Some("The headers are not stored."),
            ),
        ] {
            assert_eq!(request(json).missing(), missing, "{json}");
        }
    }

    #[test]
    fn the_servers_list_is_read() {
        let json = r#"{"sessionId":"s","requests":[{"sequence":4,"method":"POST","clientUrl":"/v1/messages",
            "upstreamUrl":null,"bodyBytes":7,"complete":true}]}"#;
        let list: SessionRequests = serde_json::from_str(json).unwrap();
        assert_eq!(list.session_id, "s");
        let [request] = &list.requests[..] else {
            panic!("{list:?}")
        };
        assert_eq!(request.client_url.as_deref(), Some("/v1/messages"));
        assert_eq!(request.upstream_url, None);
    }
}
