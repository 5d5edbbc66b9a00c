//! The served OpenAPI document as a contract. Each answer must have a documented status and media type. Its JSON must match
//! the schema, without a property that the schema does not name.

use std::collections::HashMap;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::answer::Answer;
use crate::http;

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const EVENTS: &str = "text/event-stream";
const PROBLEM_SCHEMA: &str = "/components/schemas/Problem";

/// Names the document for the compiler of schemas, which asks nobody for it.
const URL: &str = "decant:/openapi.json";

/// All servers of a test run are the same program.
static CONTRACT: OnceCell<Contract> = OnceCell::const_new();

/// The contract of all servers.
pub struct Contract {
    /// Closed against properties that it does not name.
    document: Value,
    schemas: Schemas,
    /// By the JSON pointer in the document.
    indices: HashMap<String, SchemaIndex>,
}

/// Returns the contract, and asks the server at this address for it if none has been asked yet.
///
/// # Panics
/// If there is no document at this address.
pub async fn of(address: &str) -> &'static Contract {
    let fetch = async || {
        let http = http::client()
            .build()
            .expect("an HTTP client without TLS needs nothing");
        let answer = http
            .get(format!("http://{address}/api/openapi.json"))
            .send()
            .await;
        let document = answer.expect("the server answers").bytes().await;
        let document = document.expect("the document is whole");
        Contract::new(serde_json::from_slice(&document).expect("the document is JSON"))
    };
    CONTRACT.get_or_init(fetch).await
}

impl Contract {
    fn new(mut document: Value) -> Self {
        close(&mut document);
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        let known = compiler.add_resource(URL, document.clone());
        known.expect("the URL is one");
        let mut schemas = Schemas::new();
        let compiled = pointers(&document).into_iter().map(|pointer| {
            let index = compiler.compile(&format!("{URL}#{pointer}"), &mut schemas);
            let index = index.unwrap_or_else(|error| panic!("{pointer}: {error:#}"));
            (pointer, index)
        });
        let indices = compiled.collect();
        Self {
            document,
            schemas,
            indices,
        }
    }

    /// Checks an answer to a request of this path.
    ///
    /// # Panics
    /// If the answer is not as the document describes it.
    pub fn check(&self, method: &Method, path: &str, answer: &Answer) {
        if let Err(problem) = self.examine(method, path, answer) {
            let body: String = answer.text().chars().take(2_000).collect();
            panic!("{method} {path} answered {}: {problem}\n{body}", answer.status);
        }
    }

    fn examine(&self, method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
        let media_type = answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap_or_default();
        if method == Method::HEAD {
            return match answer.body.is_empty() {
                true => Ok(()),
                false => Err("an answer to HEAD has a body".to_owned()),
            };
        }
        let Some(operation) = self.operation(method, path) else {
            // The page, its files, and what is not there.
            return match media_type {
                PROBLEM => self.check_json(PROBLEM_SCHEMA, &answer.decompressed()),
                _ => Ok(()),
            };
        };
        let response = self.response(&operation, answer.status)?;
        let Some(content) = self.document.pointer(&format!("{response}/content")) else {
            return match answer.body.is_empty() {
                true => Ok(()),
                false => Err("no body is documented".to_owned()),
            };
        };
        if content.get(media_type).is_none() {
            return Err(format!("the media type {media_type:?} is not documented"));
        }
        if answer.broken {
            return Ok(());
        }
        let schema = format!("{response}/content/{}/schema", escaped(media_type));
        match media_type {
            // A file of rows: its numbers may have more digits than any program reads.
            JSON if content[media_type]["schema"].is_null() => Ok(()),
            JSON | PROBLEM => self.check_json(&schema, &answer.decompressed()),
            EVENTS => events(&answer.text()).try_for_each(|event| self.check_value(&schema, &event?)),
            _ => Ok(()),
        }
    }

    /// Returns the JSON pointer of the operation that answers to this path.
    fn operation(&self, method: &Method, path: &str) -> Option<String> {
        let paths = self.document["paths"].as_object()?;
        let template = paths.keys().find(|template| matches(template, path))?;
        let pointer = format!("/paths/{}/{}", escaped(template), method.as_str().to_lowercase());
        self.document.pointer(&pointer).is_some().then_some(pointer)
    }

    /// Returns the JSON pointer of the response with this status.
    fn response(&self, operation: &str, status: u16) -> Result<String, String> {
        let pointer = format!("{operation}/responses/{status}");
        let response = self
            .document
            .pointer(&pointer)
            .ok_or("this status is not documented")?;
        match response["$ref"].as_str() {
            Some(reference) => Ok(reference.trim_start_matches('#').to_owned()),
            None => Ok(pointer),
        }
    }

    fn check_json(&self, schema: &str, body: &[u8]) -> Result<(), String> {
        let value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        self.check_value(schema, &value)
    }

    fn check_value(&self, schema: &str, value: &Value) -> Result<(), String> {
        let index = self.indices.get(schema).ok_or("it has no schema")?;
        let checked = self.schemas.validate(value, *index);
        checked.map_err(|error| error.to_string())
    }
}

/// The JSON pointers of the schemas of all answers.
fn pointers(document: &Value) -> Vec<String> {
    let mut pointers = vec![PROBLEM_SCHEMA.to_owned()];
    let mut add = |responses: String| {
        let statuses = document.pointer(&responses).and_then(Value::as_object);
        for (status, response) in statuses.into_iter().flatten() {
            let contents = response["content"].as_object().into_iter().flatten();
            let with_schema = contents.filter(|(_, content)| content["schema"].is_object());
            pointers.extend(with_schema.map(|(media_type, _)| {
                format!("{responses}/{status}/content/{}/schema", escaped(media_type))
            }));
        }
    };
    add("/components/responses".to_owned());
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let methods = item.as_object().into_iter().flat_map(Map::keys);
        methods.for_each(|method| add(format!("/paths/{}/{method}/responses", escaped(path))));
    }
    pointers
}

/// Whether a path is of this template: `/api/datasets/{name}`.
fn matches(template: &str, path: &str) -> bool {
    let (mut parts, mut names) = (path.split('/'), template.split('/'));
    let fits = |name: &str, part: &str| name == part || name.starts_with('{') && !part.is_empty();
    names
        .by_ref()
        .all(|name| parts.next().is_some_and(|part| fits(name, part)))
        && parts.next().is_none()
}

/// A member's name in a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The events of a stream as objects of `event` and `data`.
fn events(stream: &str) -> impl Iterator<Item = Result<Value, String>> {
    let blocks = stream
        .split("\n\n")
        .filter(|block| !block.is_empty() && !block.starts_with(':'));
    blocks.map(|block| {
        let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
        let (Some(event), Some(data)) = (field("event: "), field("data: ")) else {
            return Err(format!("this is no event: {block}"));
        };
        let mut data: Value = serde_json::from_str(data).map_err(|error| format!("{error}: {data}"))?;
        // The name of the event stands in the data once more, for clients that read no other line.
        let named = data.as_object_mut().and_then(|data| data.remove("type"));
        if named.as_ref().and_then(Value::as_str) != Some(event) {
            return Err(format!("the `type` of the data is not the event's name: {block}"));
        }
        Ok(json!({ "event": event, "data": data }))
    })
}

/// Forbids properties that no schema names. A schema is closed where it is used, not where it is declared: `allOf` needs
/// the declared one open.
fn close(document: &mut Value) {
    let named = document["components"]["schemas"].clone();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas
            .values_mut()
            .for_each(|schema| close_parts(schema, &named));
    }
    close_responses(&mut document["components"]["responses"], &named);
    let paths = document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        close_responses(&mut operation["responses"], &named);
    }
}

fn close_responses(responses: &mut Value, named: &Value) {
    let responses = responses.as_object_mut().into_iter().flat_map(Map::values_mut);
    let contents = responses.filter_map(|response| response.get_mut("content")?.as_object_mut());
    for content in contents.flat_map(Map::values_mut) {
        close_use(&mut content["schema"], named);
    }
}

fn close_use(schema: &mut Value, named: &Value) {
    close_parts(schema, named);
    if names_properties(schema, named)
        && let Some(schema) = schema.as_object_mut()
        && !schema.contains_key("additionalProperties")
    {
        schema.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
}

/// Closes what a schema uses, but not the schema itself.
fn close_parts(schema: &mut Value, named: &Value) {
    for list in ["oneOf", "anyOf"] {
        let choices = schema.get_mut(list).and_then(Value::as_array_mut);
        choices
            .into_iter()
            .flatten()
            .for_each(|choice| close_use(choice, named));
    }
    let parts = schema.get_mut("allOf").and_then(Value::as_array_mut);
    parts
        .into_iter()
        .flatten()
        .for_each(|part| close_parts(part, named));
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let properties = properties.into_iter().flat_map(Map::values_mut);
    properties.for_each(|property| close_use(property, named));
    for part in ["items", "additionalProperties"] {
        if let Some(part) = schema.get_mut(part).filter(|part| part.is_object()) {
            close_use(part, named);
        }
    }
}

fn names_properties(schema: &Value, named: &Value) -> bool {
    let declared = schema["$ref"]
        .as_str()
        .and_then(|reference| named.get(reference.rsplit('/').next()?));
    let parts = schema["allOf"].as_array().into_iter().flatten();
    schema.get("properties").is_some()
        || declared.is_some_and(|schema| names_properties(schema, named))
        || parts.into_iter().any(|part| names_properties(part, named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> Contract {
        let object = |properties: Value| json!({ "type": "object", "properties": properties });
        let content = |media_type: &str, name: &str| json!({ media_type: { "schema": { "$ref": format!("#/components/schemas/{name}") } } });
        Contract::new(json!({
            "paths": { "/things/{name}": { "get": { "responses": {
                "200": { "description": "", "content": content(JSON, "Thing") },
                "201": { "description": "", "content": content(EVENTS, "Event") },
                "204": { "description": "" },
            } } } },
            "components": { "responses": {}, "schemas": {
                "Problem": {},
                "Thing": { "allOf": [
                    { "$ref": "#/components/schemas/Base" },
                    { "type": "object", "required": ["at"], "properties": { "at": { "type": "string", "format": "date-time" } } },
                ] },
                "Base": object(json!({ "parts": { "type": "array", "items": object(json!({ "n": { "type": "integer" } })) } })),
                "Event": { "oneOf": [object(json!({ "event": { "const": "end" }, "data": object(json!({ "rows": {} })) }))] },
            } },
        }))
    }

    fn examined(path: &str, status: u16, media_type: &str, body: &str) -> Result<(), String> {
        let answer = Answer {
            status,
            headers: [(reqwest::header::CONTENT_TYPE, media_type.parse().unwrap())]
                .into_iter()
                .collect(),
            body: body.into(),
            broken: false,
        };
        contract().examine(&Method::GET, path, &answer)
    }

    #[test]
    fn an_answer_as_it_is_documented_passes() {
        for (status, media_type, body) in [
            (
                200,
                "application/json; charset=utf-8",
                r#"{"at":"2026-01-28T12:00:00Z","parts":[{"n":1}]}"#,
            ),
            (
                201,
                EVENTS,
                "event: end\ndata: {\"rows\":1,\"type\":\"end\"}\n\n: a comment\n\n",
            ),
            (204, "", ""),
        ] {
            assert_eq!(examined("/things/a", status, media_type, body), Ok(()), "{body}");
        }
        assert_eq!(examined("/elsewhere", 200, "text/html", "<p>"), Ok(()));
    }

    #[test]
    fn what_is_not_documented_fails() {
        for (status, media_type, body, problem) in [
            (500, JSON, "{}", "status"),
            (200, "text/plain", "", "media type"),
            (204, JSON, "{}", "no body"),
            (200, JSON, "{}", "missing"),
            (200, JSON, r#"{"at":"yesterday"}"#, "date-time"),
            (200, JSON, r#"{"at":"2026-01-28T12:00:00Z","new":1}"#, "new"),
            (
                200,
                JSON,
                r#"{"at":"2026-01-28T12:00:00Z","parts":[{"n":1,"new":2}]}"#,
                "new",
            ),
            (
                201,
                EVENTS,
                "event: later\ndata: {\"type\":\"later\"}\n\n",
                "at '/event'",
            ),
            (
                201,
                EVENTS,
                "event: end\ndata: {\"new\":1,\"type\":\"end\"}\n\n",
                "new",
            ),
            (201, EVENTS, "event: end\ndata: {\"rows\":1}\n\n", "`type`"),
            (201, EVENTS, "event: end\ndata: {\n\n", "EOF"),
        ] {
            let error = examined("/things/a", status, media_type, body).expect_err(body);
            assert!(error.contains(problem), "{body}: {error}");
        }
    }

    #[test]
    fn a_path_is_matched_part_by_part() {
        for (path, fits) in [
            ("/things/a", true),
            ("/things/", false),
            ("/things/a/b", false),
            ("/things", false),
        ] {
            assert_eq!(matches("/things/{name}", path), fits, "{path}");
        }
    }
}
