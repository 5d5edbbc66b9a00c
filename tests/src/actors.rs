//! HTTP clients of a server, with one method for each endpoint, so that no test spells an address.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::contract;
use crate::http;
use crate::raw_rows::RawRows;

/// Bound for a whole answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Query parameters as pairs of name and value.
pub type Query<'a> = &'a [(&'a str, &'a str)];

/// A client that sends the same credentials with every request.
#[derive(Clone, Debug)]
pub struct Actor {
    http: reqwest::Client,
    address: String,
    headers: Vec<(&'static str, String)>,
}

#[derive(Debug)]
#[must_use]
pub struct Request(RequestBuilder);

impl Actor {
    /// Returns a client without credentials. It keeps no connection open after an answer.
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

    /// Adds a bearer token: the administrator's, a hub key, or a JWT.
    pub fn with_token(self, token: &str) -> Self {
        self.with_header("authorization", format!("Bearer {token}"))
    }

    /// The same with a hub key in the header `x-api-key`.
    pub fn with_api_key(self, key: &str) -> Self {
        self.with_header("x-api-key", key.to_owned())
    }

    /// Adds the session cookie that this answer to `POST /api/login` set.
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

    /// Sends the requests to another address, for example a proxy's.
    pub fn through(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// `GET /api/me`
    pub fn me(&self) -> Request {
        self.get("/api/me")
    }

    /// `GET /api/workspaces`
    pub fn workspaces(&self) -> Request {
        self.get("/api/workspaces")
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

    /// `POST /api/admin/sessions/end`
    pub fn end_sessions(&self, fields: &Value) -> Request {
        let request = self.request(Method::POST, "/api/admin/sessions/end");
        Request(request.0.json(fields))
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

    /// `POST /api/datasets/{name}/rows`
    pub fn rows_of_body(&self, dataset: &str, body: &Value) -> Request {
        let request = self.request(Method::POST, &format!("/api/datasets/{dataset}/rows"));
        Request(request.0.json(body))
    }

    /// `GET /api/datasets/{name}/page`
    pub fn page(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/page"))
    }

    /// `GET /api/datasets/{name}/count`
    pub fn count(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/count"))
    }

    /// `GET /api/datasets/{name}/summary`
    pub fn summary(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/summary"))
    }

    /// `GET /api/datasets/{name}/options/{filter}`
    pub fn options(&self, dataset: &str, filter: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/options/{filter}"))
    }

    /// `GET /api/datasets/{name}/export`
    pub fn export(&self, dataset: &str) -> Request {
        self.get(&format!("/api/datasets/{dataset}/export"))
    }

    /// Returns the usage rows that match a query, from a stream with an end record.
    pub async fn usage_rows(&self, query: Query<'_>) -> RawRows {
        self.rows("usage-logs")
            .queries(query)
            .answer()
            .await
            .raw_rows()
            .whole()
    }

    /// Returns the server's count of the usage rows that match a query.
    pub async fn usage_count(&self, query: Query<'_>) -> u64 {
        let count = self.count("usage-logs").queries(query).answer().await.good();
        count.json::<Value>()["rows"]
            .as_u64()
            .expect("a count is a number")
    }

    /// Returns the file that the server exports of the usage rows.
    pub async fn usage_file(&self, query: Query<'_>) -> Vec<u8> {
        self.export("usage-logs")
            .queries(query)
            .answer()
            .await
            .good()
            .body
    }

    /// `GET /api/bundles`
    pub fn bundles(&self) -> Request {
        self.get("/api/bundles")
    }

    /// `GET /api/bundles/{name}/rows`
    pub fn bundle_rows(&self, name: &str) -> Request {
        self.get(&format!("/api/bundles/{name}/rows"))
    }

    /// `GET /api/bundles/{name}/export`
    pub fn bundle_export(&self, name: &str) -> Request {
        self.get(&format!("/api/bundles/{name}/export"))
    }

    /// `GET /api/exports/{id}/download`
    pub fn download_export(&self, id: &str) -> Request {
        self.get(&format!("/api/exports/{id}/download"))
    }

    /// `GET /api/exports/{id}/link`
    pub fn link_export(&self, id: &str) -> Request {
        self.get(&format!("/api/exports/{id}/link"))
    }

    /// `GET /api/exports/{id}/links`
    pub fn export_links(&self, id: &str) -> Request {
        self.get(&format!("/api/exports/{id}/links"))
    }

    /// `DELETE /api/exports/{id}/links/{link}`
    pub fn revoke_link(&self, id: &str, link: &str) -> Request {
        self.request(Method::DELETE, &format!("/api/exports/{id}/links/{link}"))
    }

    /// `POST /api/exports/{id}/verify`
    pub fn verify_export(&self, id: &str) -> Request {
        self.request(Method::POST, &format!("/api/exports/{id}/verify"))
    }

    /// `GET /api/exports/{id}/receipt`
    pub fn export_receipt(&self, id: &str) -> Request {
        self.get(&format!("/api/exports/{id}/receipt"))
    }

    /// `POST /api/exports/cleanup`
    pub fn clean_up_exports(&self, fields: &Value) -> Request {
        let request = self.request(Method::POST, "/api/exports/cleanup");
        Request(request.0.json(fields))
    }

    /// `POST /api/exports`
    pub fn create_export(&self, body: &Value) -> Request {
        let request = self.request(Method::POST, "/api/exports");
        Request(request.0.json(body))
    }

    /// `POST /api/exports/user`
    pub fn export_user_data(&self, body: &Value) -> Request {
        let request = self.request(Method::POST, "/api/exports/user");
        Request(request.0.json(body))
    }

    /// `POST /api/exports/bulk`
    pub fn export_bulk_data(&self, body: &Value) -> Request {
        let request = self.request(Method::POST, "/api/exports/bulk");
        Request(request.0.json(body))
    }

    /// `POST /api/exports/schedule`
    pub fn schedule_export(&self, body: &Value) -> Request {
        let request = self.request(Method::POST, "/api/exports/schedule");
        Request(request.0.json(body))
    }

    /// `GET /api/exports/schedules`
    pub fn schedules(&self) -> Request {
        self.get("/api/exports/schedules")
    }

    /// `GET /api/exports/schedules/{id}`
    pub fn show_schedule(&self, id: u64) -> Request {
        self.get(&format!("/api/exports/schedules/{id}"))
    }

    /// `PATCH /api/exports/schedules/{id}`
    pub fn change_schedule(&self, id: u64, body: &Value) -> Request {
        let request = self.request(Method::PATCH, &format!("/api/exports/schedules/{id}"));
        Request(request.0.json(body))
    }

    /// `DELETE /api/exports/schedules/{id}`
    pub fn delete_schedule(&self, id: u64) -> Request {
        self.request(Method::DELETE, &format!("/api/exports/schedules/{id}"))
    }

    /// `POST /api/exports/schedules/{id}/run`
    pub fn run_schedule(&self, id: u64) -> Request {
        self.request(Method::POST, &format!("/api/exports/schedules/{id}/run"))
    }

    /// `POST /api/exports/process-scheduled`
    pub fn process_scheduled(&self) -> Request {
        self.request(Method::POST, "/api/exports/process-scheduled")
    }

    /// `GET /api/exports/stats`
    pub fn export_statistics(&self) -> Request {
        self.get("/api/exports/stats")
    }

    /// `POST /api/export/conversations`
    pub fn export_conversations(&self, body: &Value) -> Request {
        let request = self.request(Method::POST, "/api/export/conversations");
        Request(request.0.json(body))
    }

    /// `POST /api/export/conversations/ID/re-export`
    pub fn export_conversations_again(&self, id: &str) -> Request {
        self.request(Method::POST, &format!("/api/export/conversations/{id}/re-export"))
    }

    /// `GET /api/export/status/ID`
    pub fn conversation_export(&self, id: &str) -> Request {
        self.get(&format!("/api/export/status/{id}"))
    }

    /// `POST /api/workspaces/ID/exports`
    pub fn export_workspace(&self, workspace: &str, body: &Value) -> Request {
        let request = self.request(Method::POST, &format!("/api/workspaces/{workspace}/exports"));
        Request(request.0.json(body))
    }

    /// `GET` of an address that an answer has given.
    pub fn at(&self, path: &str) -> Request {
        self.get(path)
    }

    /// `DELETE` of an address that an answer has given.
    pub fn delete_at(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// `POST` to an address that an answer has given.
    pub fn post_at(&self, path: &str, body: &Value) -> Request {
        Request(self.request(Method::POST, path).0.json(body))
    }

    /// `PUT` of an address that an answer has given.
    pub fn put_at(&self, path: &str, body: &Value) -> Request {
        Request(self.request(Method::PUT, path).0.json(body))
    }

    /// `PATCH` of an address that an answer has given.
    pub fn patch_at(&self, path: &str, body: &Value) -> Request {
        Request(self.request(Method::PATCH, path).0.json(body))
    }

    /// `GET /api/exports/templates`
    pub fn export_templates(&self) -> Request {
        self.get("/api/exports/templates")
    }

    /// `POST /api/exports/templates`
    pub fn create_export_template(&self, body: &Value) -> Request {
        self.post_at("/api/exports/templates", body)
    }

    /// The address of a template.
    pub fn export_template_address(id: &str) -> String {
        format!("/api/exports/templates/{id}")
    }

    /// `GET /api/admin/export-permissions`
    pub fn export_permissions(&self) -> Request {
        self.get("/api/admin/export-permissions")
    }

    /// `PUT /api/admin/export-permissions`
    pub fn grant_export_permission(&self, body: &Value) -> Request {
        self.put_at("/api/admin/export-permissions", body)
    }

    /// The address of a permission.
    pub fn export_permission_address(id: impl std::fmt::Display) -> String {
        format!("/api/admin/export-permissions/{id}")
    }

    /// `POST /api/exports/bulk-enqueue`
    pub fn create_exports(&self, body: &Value) -> Request {
        let request = self.request(Method::POST, "/api/exports/bulk-enqueue");
        Request(request.0.json(body))
    }

    /// `GET /api/exports`
    pub fn exports(&self) -> Request {
        self.get("/api/exports")
    }

    /// `GET /api/exports/limits`
    pub fn export_limits(&self) -> Request {
        self.get("/api/exports/limits")
    }

    /// `GET /api/exports/{id}`
    pub fn show_export(&self, id: &str) -> Request {
        self.get(&format!("/api/exports/{id}"))
    }

    /// `GET /api/exports/{id}/status`
    pub fn export_status(&self, id: &str) -> Request {
        self.get(&format!("/api/exports/{id}/status"))
    }

    /// `GET /api/exports/{id}/events`
    pub fn export_events(&self, id: &str) -> Request {
        self.get(&format!("/api/exports/{id}/events"))
    }

    /// `POST /api/exports/{id}/cancel`
    pub fn cancel_export(&self, id: &str) -> Request {
        self.request(Method::POST, &format!("/api/exports/{id}/cancel"))
    }

    /// `POST /api/exports/{id}/retry`
    pub fn retry_export(&self, id: &str) -> Request {
        self.request(Method::POST, &format!("/api/exports/{id}/retry"))
    }

    /// `DELETE /api/exports/{id}`
    pub fn delete_export(&self, id: &str) -> Request {
        self.request(Method::DELETE, &format!("/api/exports/{id}"))
    }

    /// `GET /api/probes/stream`
    pub fn probes(&self) -> Request {
        self.get("/api/probes/stream")
    }

    /// `GET /api/probes/endpoints`
    pub fn probe_endpoints(&self) -> Request {
        self.get("/api/probes/endpoints")
    }

    /// `GET /api/sessions/{id}/requests`
    pub fn session_requests(&self, id: &str) -> Request {
        self.get(&format!("/api/sessions/{id}/requests"))
    }

    /// `GET /api/sessions/{id}/requests/{sequence}`
    pub fn session_request(&self, id: &str, sequence: &str) -> Request {
        self.get(&format!("/api/sessions/{id}/requests/{sequence}"))
    }

    /// `GET /api/sessions/{id}/request`
    pub fn newest_session_request(&self, id: &str) -> Request {
        self.get(&format!("/api/sessions/{id}/request"))
    }

    /// `GET /api/sessions/{id}/export`
    pub fn session_export(&self, id: &str) -> Request {
        self.get(&format!("/api/sessions/{id}/export"))
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

    /// The same, answered by a stream of events.
    pub fn clean_up_with_events(&self, fields: &Value) -> Request {
        self.clean_up(fields).header("accept", "text/event-stream")
    }

    /// `GET /api/admin/webhooks/migration`
    pub fn old_webhooks(&self) -> Request {
        self.get("/api/admin/webhooks/migration")
    }

    /// `POST /api/admin/webhooks/migration`
    pub fn migrate_webhooks(&self, fields: &Value) -> Request {
        let request = self.request(Method::POST, "/api/admin/webhooks/migration");
        Request(request.0.json(fields))
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

    /// `GET /metrics`
    pub fn metrics(&self) -> Request {
        self.get("/metrics")
    }

    /// `GET /`: the page itself.
    pub fn front_page(&self) -> Request {
        self.get("/")
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

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
    pub fn query(self, name: &str, value: &str) -> Self {
        Self(self.0.query(&[(name, value)]))
    }

    pub fn queries(self, pairs: Query<'_>) -> Self {
        Self(self.0.query(pairs))
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sends it with another method.
    pub fn with_method(self, method: Method) -> Self {
        let (http, request) = self.0.build_split();
        let mut request = request.expect("the test spells a request");
        *request.method_mut() = method;
        Self(RequestBuilder::from_parts(http, request))
    }

    /// Sets the body. It need not be valid JSON.
    pub fn body(self, body: &str) -> Self {
        Self(self.0.body(body.to_owned()))
    }

    /// Sends the request, reads the answer to its end, or to where the connection breaks, and checks it against the server's
    /// OpenAPI document.
    pub async fn answer(self) -> Answer {
        let (method, path, response) = self.send().await;
        let contract = contract::of(&authority(&response)).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (body, broken) = rest_of(response).await;
        let answer = Answer {
            status,
            headers,
            body,
            broken,
        };
        contract.check(&method, &path, &answer);
        answer
    }

    /// Sends the request and returns the answer after its headers. Dropping the answer closes the connection.
    pub async fn open(self) -> Response {
        let (_, _, response) = self.send().await;
        response
    }

    async fn send(self) -> (Method, String, Response) {
        let (http, request) = self.0.build_split();
        let request = request.expect("the test spells a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await.expect("the server answers");
        (method, path, response)
    }
}

/// Host and port of the server that answered.
fn authority(response: &Response) -> String {
    response.url().authority().to_owned()
}

/// Returns the remaining bytes of an answer, and whether the connection broke before its end.
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
