//! What a server says when it refuses.

use crate::rows::Problem;

/// The problem in the body of an answer that is not a success. Where something other than Decant answered (a proxy
/// in front of it), a problem that says so.
#[must_use]
pub fn problem(status: u16, body: &[u8]) -> Problem {
    let said = serde_json::from_slice(body)
        .ok()
        .filter(|problem: &Problem| !problem.title.is_empty());
    let problem = said.unwrap_or_else(|| Problem {
        title: format!("The server answered {status}"),
        detail: "It gave no reason. A proxy in front of it may have answered in its place.".to_owned(),
        code: "unexpected_answer".to_owned(),
        ..Problem::default()
    });
    Problem { status, ..problem }
}
