//! The description of one operation.

use std::collections::BTreeMap;

use api::{Example, Problem};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{HttpMethod, Ref, RefOr, Required, ResponseBuilder, Schema};

use crate::error::PROBLEM_TYPE;

/// Component schemas by name.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// The problems of every operation with a caller. The credential may be wrong or refused, or one of too many. The hub's
/// users are looked up in the database, which may fail or be busy.
const PROBLEMS_OF_CALLERS: &[u16] = &[401, 403, 429, 502, 503];

/// An operation and where it is.
pub struct Entry {
    pub method: HttpMethod,
    pub path: &'static str,
    pub operation: Operation,
}

/// An [`Entry`] under construction.
pub struct EntryBuilder {
    method: HttpMethod,
    path: &'static str,
    operation: OperationBuilder,
    is_public: bool,
    responses: BTreeMap<u16, ResponseBuilder>,
    problems: Vec<u16>,
    schemas: Vec<fn(&mut Schemas)>,
}

pub fn get(path: &'static str, id: &str, summary: &str) -> EntryBuilder {
    EntryBuilder::new(HttpMethod::Get, path, id, summary)
}

pub fn post(path: &'static str, id: &str, summary: &str) -> EntryBuilder {
    EntryBuilder::new(HttpMethod::Post, path, id, summary)
}

pub fn put(path: &'static str, id: &str, summary: &str) -> EntryBuilder {
    EntryBuilder::new(HttpMethod::Put, path, id, summary)
}

pub fn delete(path: &'static str, id: &str, summary: &str) -> EntryBuilder {
    EntryBuilder::new(HttpMethod::Delete, path, id, summary)
}

pub fn patch(path: &'static str, id: &str, summary: &str) -> EntryBuilder {
    EntryBuilder::new(HttpMethod::Patch, path, id, summary)
}

impl EntryBuilder {
    fn new(method: HttpMethod, path: &'static str, id: &str, summary: &str) -> Self {
        Self {
            method,
            path,
            operation: OperationBuilder::new()
                .operation_id(Some(id))
                .summary(Some(summary)),
            is_public: false,
            responses: BTreeMap::new(),
            problems: Vec::new(),
            schemas: Vec::new(),
        }
    }

    pub fn tag(mut self, tag: &str) -> Self {
        self.operation = self.operation.tag(tag);
        self
    }

    pub fn description(mut self, description: &str) -> Self {
        self.operation = self.operation.description(Some(description));
        self
    }

    /// Needs no credential.
    pub fn public(mut self) -> Self {
        self.is_public = true;
        self.operation = self.operation.securities(Some([]));
        self
    }

    pub fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.operation = self.operation.parameters(Some(parameters));
        self
    }

    /// Takes a JSON body.
    pub fn request<T: ToSchema + Example>(self) -> Self {
        self.json_body::<T>(example::<T>(), Required::True)
    }

    /// Takes a JSON body, or none.
    pub fn optional_request<T: ToSchema + Example>(self) -> Self {
        self.json_body::<T>(example::<T>(), Required::False)
    }

    /// Takes a JSON body, for which the example of its type is not the right one.
    pub fn request_like<T: ToSchema>(self, example: Value) -> Self {
        self.json_body::<T>(Some(example), Required::True)
    }

    /// Takes a form.
    pub fn form(self, schema: RefOr<Schema>, example: Value) -> Self {
        self.body("multipart/form-data", schema, Some(example), Required::True)
    }

    fn json_body<T: ToSchema>(mut self, example: Option<Value>, required: Required) -> Self {
        self.schemas.push(add_schema::<T>);
        let schema = Ref::from_schema_name(T::name());
        self.body("application/json", schema.into(), example, required)
    }

    fn body(
        mut self,
        media_type: &str,
        schema: RefOr<Schema>,
        example: Option<Value>,
        required: Required,
    ) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).example(example);
        let body = RequestBodyBuilder::new()
            .content(media_type, content.build())
            .required(Some(required));
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// Answers 200 with JSON.
    pub fn answer<T: ToSchema + Example>(self, description: &str) -> Self {
        self.json_of::<T>(200, description)
    }

    /// Answers 201 with JSON.
    pub fn created<T: ToSchema + Example>(self, description: &str) -> Self {
        self.json_of::<T>(201, description)
    }

    /// Answers 202 with JSON.
    pub fn accepted<T: ToSchema + Example>(self, description: &str) -> Self {
        self.json_of::<T>(202, description)
    }

    /// Answers 503 with JSON, also where the operation has problems of that status.
    pub fn unavailable<T: ToSchema + Example>(self, description: &str) -> Self {
        self.json_of::<T>(503, description)
    }

    fn json_of<T: ToSchema + Example>(mut self, status: u16, description: &str) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(T::name())))
            .example(example::<T>());
        self.schemas.push(add_schema::<T>);
        self.respond(status, description, |response| {
            response.content("application/json", content.build())
        })
    }

    /// Answers 200 with a JSON object of any members.
    pub fn json(self, description: &str, example: &Value) -> Self {
        let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::Object));
        let content = ContentBuilder::new()
            .schema(Some(schema.build()))
            .example(Some(example.clone()));
        self.respond(200, description, |response| {
            response.content("application/json", content.build())
        })
    }

    /// Answers 200 with server-sent events; the schema is of one event.
    pub fn events<T: ToSchema + Example>(mut self, description: &str) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(T::name())))
            .description(Some(
                "Server-sent events. The schema describes one: its name, and its data, which is JSON. The data has the name once more, as \
                 `type`.",
            ))
            .example(
                example::<T>()
                    .and_then(|event| api::events::to_lines(&event).ok())
                    .map(Value::from),
            );
        self.schemas.push(add_schema::<T>);
        self.respond(200, description, |response| {
            response.content(api::events::MEDIA_TYPE, content.build())
        })
    }

    /// Answers 200 with text.
    pub fn text(self, media_type: &str, description: &str, example: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        let content = file_content(media_type, schema).example(Some(example.into()));
        self.respond(200, description, |response| {
            response.content(media_type, content.build())
        })
    }

    /// Answers 200 with bytes.
    pub fn bytes(self, media_type: &str, description: &str) -> Self {
        self.file(200, media_type, description)
    }

    /// Answers 206 with a part of a file.
    pub fn part(self, media_type: &str, description: &str) -> Self {
        self.file(206, media_type, description)
    }

    fn file(self, status: u16, media_type: &str, description: &str) -> Self {
        let schema = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
        let content = file_content(media_type, schema);
        self.respond(status, description, |response| {
            response.content(media_type, content.build())
        })
    }

    /// Answers with this status and without a body.
    pub fn empty(self, status: u16, description: &str) -> Self {
        self.respond(status, description, |response| response)
    }

    /// Names a header of the good answers.
    pub fn header(mut self, name: &str, description: &str, example: &str) -> Self {
        let header = HeaderBuilder::new()
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .build(),
            ))
            .description(Some(description))
            .example(Some(example.into()))
            .build();
        for response in self.responses.values_mut() {
            *response = std::mem::take(response).header(name, header.clone());
        }
        self
    }

    /// Adds statuses of problems to those that every operation with a caller has.
    pub fn problems(mut self, statuses: &[u16]) -> Self {
        self.problems.extend_from_slice(statuses);
        self
    }

    fn respond(
        mut self,
        status: u16,
        description: &str,
        add: impl FnOnce(ResponseBuilder) -> ResponseBuilder,
    ) -> Self {
        let response = self.responses.remove(&status).unwrap_or_default();
        self.responses
            .insert(status, add(response).description(description));
        self
    }

    /// Returns the entry, and adds the schemas that it refers to.
    pub fn finish(self, schemas: &mut Schemas) -> Entry {
        let Self {
            method,
            path,
            mut operation,
            is_public,
            responses,
            mut problems,
            ..
        } = self;
        if !is_public {
            problems.extend_from_slice(PROBLEMS_OF_CALLERS);
        }
        for (status, response) in responses {
            let response = match problems.contains(&status) {
                true => response.content(PROBLEM_TYPE, problem_content()),
                false => response,
            };
            problems.retain(|problem| *problem != status);
            operation = operation.response(status.to_string(), response.build());
        }
        for status in problems {
            operation = operation.response(status.to_string(), Ref::from_response_name("Problem"));
        }
        self.schemas.iter().for_each(|add| add(schemas));
        Entry {
            method,
            path,
            operation: operation.build(),
        }
    }
}

/// Returns the content of a problem.
pub fn problem_content() -> Content {
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .example(example::<Problem>())
        .build()
}

fn example<T: Example>() -> Option<Value> {
    serde_json::from_str(T::JSON).ok()
}

/// Returns the content of a file. A JSON file has no schema: a schema is of the value in it, and each dataset has its own.
fn file_content(media_type: &str, schema: ObjectBuilder) -> ContentBuilder {
    let is_json = media_type == "application/json";
    ContentBuilder::new().schema((!is_json).then(|| schema.build()))
}

/// Adds the schema of a type and those that it refers to.
pub fn add_schema<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}
