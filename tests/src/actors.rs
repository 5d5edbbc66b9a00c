//! Who talks to a server: one method for each endpoint, so that a test never spells an address.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::http;
use crate::raw_rows::RawRows;

/// The longest that a whole answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Query parameters: name and value.
pub type Query<'a> = &'a [(&'a str, &'a str)];

/// Somebody who talks to a server, always with the same credentials.
#[derive(Clone, Debug)]
pub struct Actor {
    http: reqwest::Client,
    address: String,
    headers: Vec<(&'static str, String)>,
}

/// A request that is being put together.
#[derive(Debug)]
#[must_use]
pub struct Request(RequestBuilder);

impl Actor {
    /// Somebody without credentials.
    ///
    /// # Panics
    /// If no HTTP client can be made.
    #[must_use]
    pub fn new(address: &str) -> Self {
        let http = http::client()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .build()
            .expect("an HTTP client without TLS needs nothing");
        Self {
            http,
            address: address.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same with a bearer token: the administrator's, a hub key, or a signed one.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with_header("authorization", format!("Bearer {token}"))
    }

    /// The same with a hub key in the header `x-api-key`.
    #[must_use]
    pub fn with_api_key(self, key: &str) -> Self {
        self.with_header("x-api-key", key.to_owned())
    }

    /// The same with the session cookie of a sign-in.
    #[must_use]
    pub fn with_session(self, sign_in: &Answer) -> Self {
        let cookie = sign_in
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        self.with_header("cookie", cookie)
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same, over another address: a proxy's.
    #[must_use]
    pub fn through(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// `GET /api/me`
    pub fn me(&self) -> Request {
        self.get("/api/me")
    }

    /// `POST /api/login`
    pub fn login(&self, token: &str) -> Request {
        Request(
            self.request(Method::POST, "/api/login")
                .0
                .json(&json!({ "token": token })),
        )
    }

    /// `POST /api/logout`
    pub fn logout(&self) -> Request {
        self.request(Method::POST, "/api/logout")
    }

    /// `GET /api/datasets`
    pub fn datasets(&self) -> Request {
        self.get("/api/datasets")
    }

    /// `GET /api/datasets/{name}`
    pub fn dataset(&self, name: &str) -> Request {
        self.get(&format!("/api/datasets/{name}"))
    }

    /// `GET /api/datasets/{name}/rows`
    pub fn rows(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/rows"))
    }

    /// `GET /api/datasets/{name}/page`
    pub fn page(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/page"))
    }

    /// `GET /api/datasets/{name}/count`
    pub fn count(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/count"))
    }

    /// `GET /api/datasets/{name}/options/{filter}`
    pub fn options(&self, dataset: &str, filter: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/options/{filter}"))
    }

    /// `GET /api/datasets/{name}/export`
    pub fn export(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/export"))
    }

    /// All usage rows that this query leaves, from a stream that came to its end.
    ///
    /// # Panics
    /// If it did not.
    pub async fn usage_rows(&self, query: Query<'_>) -> RawRows {
        self.rows("usage-logs")
            .queries(query)
            .answer()
            .await
            .raw_rows()
            .whole()
    }

    /// How many usage rows this query leaves, as the server counts them.
    ///
    /// # Panics
    /// If it does not.
    pub async fn usage_count(&self, query: Query<'_>) -> u64 {
        let count = self.count("usage-logs").queries(query).answer().await.good();
        count.json::<Value>()["rows"]
            .as_u64()
            .expect("a count is a number")
    }

    /// The file that the server makes of the usage rows.
    ///
    /// # Panics
    /// If it is not whole.
    pub async fn usage_file(&self, query: Query<'_>) -> Vec<u8> {
        self.export("usage-logs")
            .queries(query)
            .answer()
            .await
            .good()
            .body
    }

    /// `GET /api/sessions/{id}/requests`
    pub fn session_requests(&self, id: &str) -> Request {
        self.get(&format!("/api/sessions/{id}/requests"))
    }

    /// `GET /api/sessions/{id}/requests/{sequence}`
    pub fn session_request(&self, id: &str, sequence: &str) -> Request {
        self.get(&format!("/api/sessions/{id}/requests/{sequence}"))
    }

    /// `GET /api/admin/database/export`
    pub fn dump(&self) -> Request {
        self.get("/api/admin/database/export")
    }

    /// `GET /api/admin/database/status`
    pub fn database_status(&self) -> Request {
        self.get("/api/admin/database/status")
    }

    /// `POST /api/admin/database/import` of a dump.
    pub fn import(&self, dump: &[u8], fields: Query<'_>) -> Request {
        self.import_named("backup.dump", dump, fields)
    }

    /// The same of a file of any name.
    pub fn import_named(&self, name: &str, content: &[u8], fields: Query<'_>) -> Request {
        let file = Part::bytes(content.to_vec()).file_name(name.to_owned());
        let form = Form::new().part("file", file);
        let form = fields.iter().fold(form, |form, (name, value)| {
            form.text((*name).to_owned(), (*value).to_owned())
        });
        let request = self.request(Method::POST, "/api/admin/database/import");
        Request(request.0.multipart(form))
    }

    /// `GET /api/admin/database/copies`
    pub fn copies(&self) -> Request {
        self.get("/api/admin/database/copies")
    }

    /// `POST /api/admin/database/copies/{name}/restore`
    pub fn roll_back(&self, name: &str) -> Request {
        self.request(
            Method::POST,
            &format!("/api/admin/database/copies/{name}/restore"),
        )
    }

    /// `POST /api/admin/database/copies/{name}/remove`
    pub fn remove_copy(&self, name: &str) -> Request {
        self.request(Method::POST, &format!("/api/admin/database/copies/{name}/remove"))
    }

    /// `POST /api/admin/log-cleanup/manual`
    pub fn clean_up(&self, fields: &Value) -> Request {
        let request = self.request(Method::POST, "/api/admin/log-cleanup/manual");
        Request(request.0.json(fields))
    }

    /// The same, told of while it goes on.
    pub fn clean_up_with_events(&self, fields: &Value) -> Request {
        self.clean_up(fields).header("accept", "text/event-stream")
    }

    /// `GET /api/admin/database/backups`
    pub fn backups(&self) -> Request {
        self.get("/api/admin/database/backups")
    }

    /// `POST /api/admin/database/backups`
    pub fn make_backup(&self) -> Request {
        self.request(Method::POST, "/api/admin/database/backups")
            .header("content-type", "application/json")
            .body("{}")
    }

    /// `GET /api/admin/database/backups/{name}`
    pub fn download_backup(&self, name: &str) -> Request {
        self.get(&format!("/api/admin/database/backups/{name}"))
    }

    /// `POST /api/admin/database/backups/{name}/{what}`: `prove`, `restore` or `remove`.
    pub fn with_backup(&self, name: &str, what: &str) -> Request {
        self.request(
            Method::POST,
            &format!("/api/admin/database/backups/{name}/{what}"),
        )
    }

    /// `GET /healthz`
    pub fn healthz(&self) -> Request {
        self.get("/healthz")
    }

    /// `GET /readyz`
    pub fn readyz(&self) -> Request {
        self.get("/readyz")
    }

    /// `GET /`: the page itself.
    pub fn front_page(&self) -> Request {
        self.get("/")
    }

    /// `GET` of a file that the page names, or of an address that does not exist.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// A request with a method of the test's choice.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let request = self
            .http
            .request(method, format!("http://{}{path}", self.address));
        Request(
            self.headers
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, value)),
        )
    }
}

impl Request {
    /// With a query parameter.
    pub fn query(self, name: &str, value: &str) -> Self {
        Self(self.0.query(&[(name, value)]))
    }

    /// With several query parameters.
    pub fn queries(self, pairs: Query<'_>) -> Self {
        Self(self.0.query(pairs))
    }

    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With a body that need not be JSON.
    pub fn body(self, body: &str) -> Self {
        Self(self.0.body(body.to_owned()))
    }

    /// Sends it and reads the answer to its end, or to where it breaks off.
    ///
    /// # Panics
    /// If there is no answer at all, or it does not end.
    pub async fn answer(self) -> Answer {
        let response = self.open().await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (body, broken) = rest_of(response).await;
        Answer {
            status,
            headers,
            body,
            broken,
        }
    }

    /// Sends it and gives the answer as soon as its headers are there. Dropping it closes the connection.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn open(self) -> Response {
        self.0.send().await.expect("the server answers")
    }
}

/// What is still to come of an answer, and whether the connection breaks before its end.
///
/// # Panics
/// If it does not end.
pub async fn rest_of(mut response: Response) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let read = async {
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    };
    let broken = tokio::time::timeout(PATIENCE, read)
        .await
        .expect("the answer ends");
    (body, broken)
}
