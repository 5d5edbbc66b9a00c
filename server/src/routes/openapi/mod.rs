//! The OpenAPI 3.1 document: a table with one entry an operation, and the schemas of the crate `api`.

mod entry;
mod export_faces;
mod export_files;
mod export_rights;
mod export_schedules;
mod exports;
mod parameters;
mod server;
mod table;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use api::{End, Header, Problem};
use utoipa::openapi::schema::{Components, Object, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths, RefOr, Response, ResponseBuilder,
};

use self::entry::{Entry, Schemas, add_schema, problem_content};
use crate::auth::COOKIE;
use crate::error::PROBLEM_TYPE;

/// The ways to authenticate: the name of the scheme in the document.
const SCHEMES: [&str; 3] = ["bearer", "apiKey", "session"];

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    // It is made of constants, and a unit test serialises it.
    document().to_json().unwrap_or_default()
});

/// Serves the document.
pub async fn serve() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(DOCUMENT.as_str())
}

fn document() -> OpenApi {
    let mut paths = Paths::new();
    let mut components = Components::new();
    let mut schemas = Schemas::new();
    for entry in table::operations() {
        let Entry {
            method,
            path,
            operation,
        } = entry.finish(&mut schemas);
        paths.add_path_operation(path, vec![method], operation);
    }
    // They cross HTTP inside of a raw-row stream and of every failure, so that no operation names them.
    add_schema::<Header>(&mut schemas);
    add_schema::<End>(&mut schemas);
    add_schema::<Problem>(&mut schemas);
    components.schemas.extend(schemas);
    components
        .responses
        .insert("Problem".to_owned(), RefOr::T(problem()));
    for (name, scheme) in SCHEMES.into_iter().zip(security_schemes()) {
        components.add_security_scheme(name, scheme);
    }
    let about = "Exports the rows of a PostgreSQL database, and dumps, restores and cleans up the database. Every error is \
                 `application/problem+json` with a stable `code`.";
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Decant")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(about)),
        )
        .tags(Some(table::tags()))
        .security(Some(
            SCHEMES.map(|scheme| SecurityRequirement::new(scheme, [""; 0])),
        ))
        .paths(paths)
        .components(Some(components))
        .build()
}

fn problem() -> Response {
    let retry_after = HeaderBuilder::new()
        .schema(Some(Object::with_type(SchemaType::new(Type::Integer))))
        .description(Some("Seconds; with 429 and with 503 `exports_busy`."));
    ResponseBuilder::new()
        .description("The cause, and what to do.")
        .header("Retry-After", retry_after.build())
        .content(PROBLEM_TYPE, problem_content())
        .build()
}

fn security_schemes() -> [SecurityScheme; 3] {
    let credential = "The administrator's token, a key of the hub, or a JSON Web Token.";
    [
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(credential))
                .build(),
        ),
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "x-api-key",
            credential,
        ))),
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            COOKIE,
            "The cookie that `POST /api/login` sets.",
        ))),
    ]
}

/// Returns method and path of every operation of the document.
#[cfg(test)]
pub fn operations() -> Vec<String> {
    let document = tests::json();
    let paths = document["paths"].as_object().expect("a document has paths");
    let methods = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("a path has operations").keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    methods.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    pub fn json() -> Value {
        serde_json::from_str(&document().to_json().unwrap()).unwrap()
    }

    /// Of two schemas with one name, the document would have the last one.
    #[test]
    fn no_two_schemas_have_the_same_name() {
        let mut schemas = Schemas::new();
        for entry in table::operations() {
            entry.finish(&mut schemas);
        }
        let mut known = std::collections::BTreeMap::new();
        for (name, schema) in schemas {
            let json = serde_json::to_value(schema).unwrap();
            let first = known.entry(name.clone()).or_insert_with(|| json.clone());
            assert_eq!(*first, json, "{name}");
        }
    }

    /// Every value of this key, anywhere in the document.
    fn each<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get(key));
                members.values().for_each(|member| each(member, key, found));
            }
            Value::Array(items) => items.iter().for_each(|item| each(item, key, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = json();
        let mut references = Vec::new();
        each(&document, "$ref", &mut references);
        assert!(references.len() > 100);
        for reference in references {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn every_operation_has_a_name_a_good_answer_and_examples() {
        let document = json();
        let mut names = BTreeSet::new();
        let paths = document["paths"].as_object().unwrap().values();
        for operation in paths.flat_map(|path| path.as_object().unwrap().values()) {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} is there twice");
            assert!(
                operation["summary"].is_string() && operation["tags"].is_array(),
                "{name}"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
            let bodies = responses.values().chain([&operation["requestBody"]]);
            let contents = bodies.filter_map(|body| body["content"].as_object());
            for (media_type, content) in contents.flatten() {
                let schema = &content["schema"];
                let is_file = schema["format"] == "binary" || schema.is_null();
                assert!(is_file || !content["example"].is_null(), "{name}: {media_type}");
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters {
                let schema = &parameter["schema"];
                let is_shown = !parameter["example"].is_null()
                    || !schema["enum"].is_null()
                    || schema["type"] == "boolean";
                assert!(is_shown || !schema["default"].is_null(), "{name}: {parameter}");
            }
        }
    }
}
