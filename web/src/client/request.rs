//! One HTTP request and its answer, by `fetch`.

use js_sys::{Reflect, Uint8Array};
use leptos::prelude::window;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_export::browser::answer::problem;
use wasm_export::rows::Problem;
use web_sys::{AbortController, Headers, ReadableStreamDefaultReader, RequestInit, Response};

/// An answer whose body is not read yet. Dropping it aborts the request.
pub struct Answer {
    response: Response,
    abort: AbortOnDrop,
}

/// A body that is read while it arrives. Dropping it aborts the request.
pub struct Pieces {
    reader: ReadableStreamDefaultReader,
    _abort: AbortOnDrop,
}

struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) async fn get(url: &str) -> Result<Answer, Problem> {
    send(url, &RequestInit::new()).await
}

/// The answer has no body, also that of a refusal.
pub(super) async fn head(url: &str) -> Result<Answer, Problem> {
    let init = RequestInit::new();
    init.set_method("HEAD");
    send(url, &init).await
}

pub(super) async fn post(url: &str, body: &impl Serialize) -> Result<Answer, Problem> {
    send_json("POST", "*/*", url, body).await
}

pub(super) async fn put(url: &str, body: &impl Serialize) -> Result<Answer, Problem> {
    send_json("PUT", "*/*", url, body).await
}

pub(super) async fn patch(url: &str, body: &impl Serialize) -> Result<Answer, Problem> {
    send_json("PATCH", "*/*", url, body).await
}

/// Sends an empty object, for operations without parameters.
pub(super) async fn post_empty(url: &str) -> Result<Answer, Problem> {
    post(url, &serde_json::Map::new()).await
}

pub(super) async fn delete(url: &str) -> Result<Answer, Problem> {
    let init = RequestInit::new();
    init.set_method("DELETE");
    send(url, &init).await
}

/// Asks for server-sent events instead of JSON.
pub(super) async fn post_for_events(url: &str, body: &impl Serialize) -> Result<Answer, Problem> {
    send_json("POST", "text/event-stream", url, body).await
}

async fn send_json(
    method: &str,
    accepted: &str,
    url: &str,
    body: &impl Serialize,
) -> Result<Answer, Problem> {
    let init = RequestInit::new();
    init.set_method(method);
    let body = serde_json::to_string(body).map_err(|error| unsendable(&error))?;
    init.set_body(&JsValue::from_str(&body));
    let headers = Headers::new().map_err(|_| unreachable())?;
    for (name, value) in [("content-type", "application/json"), ("accept", accepted)] {
        headers.set(name, value).map_err(|_| unreachable())?;
    }
    init.set_headers(&headers);
    send(url, &init).await
}

async fn send(url: &str, init: &RequestInit) -> Result<Answer, Problem> {
    let abort = AbortOnDrop(AbortController::new().map_err(|_| unreachable())?);
    init.set_signal(Some(&abort.0.signal()));
    let response = JsFuture::from(window().fetch_with_str_and_init(url, init))
        .await
        .map_err(|_| unreachable())?;
    let answer = Answer {
        response: response.unchecked_into(),
        abort,
    };
    if answer.response.ok() {
        Ok(answer)
    } else {
        Err(problem(answer.response.status(), &answer.bytes().await?))
    }
}

impl Answer {
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, Problem> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| Problem {
            title: "The server's answer cannot be read".to_owned(),
            detail: format!(
                "The page and the server may have different versions. Reload the page. ({error})"
            ),
            code: "unreadable".to_owned(),
            ..Problem::default()
        })
    }

    pub(super) async fn bytes(&self) -> Result<Vec<u8>, Problem> {
        let body = self.response.array_buffer().map_err(|_| unreachable())?;
        let body = JsFuture::from(body).await.map_err(|_| unreachable())?;
        Ok(Uint8Array::new(&body).to_vec())
    }

    pub fn pieces(self) -> Result<Pieces, Problem> {
        let body = self.response.body().ok_or_else(unreachable)?;
        Ok(Pieces {
            reader: body.get_reader().unchecked_into(),
            _abort: self.abort,
        })
    }
}

impl Pieces {
    /// Returns the next chunk, of any length, or `None` at the end of a complete body.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let read = JsFuture::from(self.reader.read())
            .await
            .map_err(|_| unreachable())?;
        let value = Reflect::get(&read, &JsValue::from_str("value")).unwrap_or_default();
        Ok(value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }
}

fn unreachable() -> Problem {
    Problem {
        title: "The server cannot be reached".to_owned(),
        detail: "The server was stopped, or the network connection broke.".to_owned(),
        code: "connection_lost".to_owned(),
        status: 0,
        ..Problem::default()
    }
}

/// No request type of the page fails to serialise.
fn unsendable(error: &serde_json::Error) -> Problem {
    Problem {
        title: "The request could not be written".to_owned(),
        detail: format!("{error}."),
        code: "unsendable".to_owned(),
        ..Problem::default()
    }
}
