//! Stored requests, laid out while they arrive.

use std::sync::Arc;

use wasm_export::json::JsonError;
use wasm_export::pretty::Pretty;
use wasm_export::rows::Problem;
use wasm_export::session_request::Part;

use crate::client::{self, Answer};
use crate::json_lines::JsonLines;

/// Passes the laid-out text of an answer to `take`, in pieces.
///
/// # Errors
/// The connection breaks; the answer is not JSON (`not_json`, with line and column); `take` fails.
pub async fn lay_out(
    answer: Answer,
    mut take: impl AsyncFnMut(&[u8]) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut pieces = answer.pieces()?;
    let mut pretty = Pretty::new();
    let mut out = Vec::new();
    while let Some(piece) = pieces.next().await? {
        pretty.push(&piece, &mut out).map_err(not_json)?;
        take(&out).await?;
        out.clear();
    }
    pretty.finish(&mut out).map_err(not_json)?;
    take(&out).await
}

/// Fetches a part of a stored request as lines.
///
/// # Errors
/// The server answers with a problem, or those of [`lay_out`].
pub async fn part(
    session: String,
    sequence: u64,
    part: Part,
    shows_secrets: bool,
) -> Result<Arc<JsonLines>, Problem> {
    let answer = client::session_request(&session, sequence, Some(part), shows_secrets).await?;
    let mut document = Vec::new();
    lay_out(answer, async |text: &[u8]| {
        document.extend_from_slice(text);
        Ok(())
    })
    .await?;
    let document = String::from_utf8(document).unwrap_or_default();
    let lines = JsonLines::last_member(&document, part.word());
    lines.map(Arc::new).ok_or_else(|| Problem {
        title: "The server's answer cannot be read".to_owned(),
        detail: "The page and the server may have different versions. Reload the page.".to_owned(),
        code: "unreadable".to_owned(),
        ..Problem::default()
    })
}

fn not_json(error: JsonError) -> Problem {
    Problem {
        title: "The stored request is not JSON".to_owned(),
        detail: format!("In the stored document: {error}."),
        code: "not_json".to_owned(),
        ..Problem::default()
    }
}
