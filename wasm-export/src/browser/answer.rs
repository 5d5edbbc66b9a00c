//! Reads the problem in a refusal of the server.

use crate::rows::Problem;

/// Returns the problem in the body of an answer that is not a success. When the body is not Decant's, but that of a
/// proxy, the returned problem explains this.
pub fn problem(status: u16, body: &[u8]) -> Problem {
    let said = serde_json::from_slice(body)
        .ok()
        .filter(|problem: &Problem| !problem.title.is_empty());
    let problem = said.unwrap_or_else(|| Problem {
        title: format!("The server answered {status}"),
        detail: "The response has no reason. A proxy may have answered instead of the server.".to_owned(),
        code: "unexpected_answer".to_owned(),
        ..Problem::default()
    });
    Problem { status, ..problem }
}
