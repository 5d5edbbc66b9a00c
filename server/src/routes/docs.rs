//! The OpenAPI document for people: Swagger UI, embedded in the program.

use std::io::Read;

use actix_web::http::Method;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use flate2::read::GzDecoder;

use crate::error::ApiError;

/// Swagger UI sets `style` attributes, and its icons are `data:` images. It reads the document, and sends nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: Content,
}

#[derive(Clone, Copy)]
enum Content {
    Plain(&'static [u8]),
    Gzip(&'static [u8]),
}

/// `{docs}` stands for the folder of the assets, relative to the page's address.
const INDEX: &str = include_str!("docs/index.html");

const ASSETS: &[Asset] = &[
    Asset {
        name: "docs.css",
        media_type: "text/css; charset=utf-8",
        content: Content::Plain(include_bytes!("docs/docs.css")),
    },
    Asset {
        name: "docs.js",
        media_type: "text/javascript; charset=utf-8",
        content: Content::Plain(include_bytes!("docs/docs.js")),
    },
    Asset {
        name: "swagger-ui.css",
        media_type: "text/css; charset=utf-8",
        content: Content::Gzip(include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"))),
    },
    Asset {
        name: "swagger-ui-bundle.js",
        media_type: "text/javascript; charset=utf-8",
        content: Content::Gzip(include_bytes!(concat!(
            env!("OUT_DIR"),
            "/swagger-ui-bundle.js.gz"
        ))),
    },
];

/// Adds the page's addresses.
pub fn configure(config: &mut web::ServiceConfig) {
    for path in ["/docs", "/docs/"] {
        config.service(super::resource::at(path, vec![(Method::GET, web::to(page))]));
    }
    config.service(super::resource::at(
        "/docs/{file}",
        vec![(Method::GET, web::to(file))],
    ));
}

async fn page(request: HttpRequest) -> HttpResponse {
    let folder = if request.path().ends_with('/') {
        ""
    } else {
        "docs/"
    };
    headers("text/html; charset=utf-8").body(INDEX.replace("{docs}", folder))
}

async fn file(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    answer(&name, &request)
}

fn answer(name: &str, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let Asset {
        media_type, content, ..
    } = asset.ok_or(ApiError::NotFound)?;
    let mut response = headers(media_type);
    response.insert_header((header::VARY, "accept-encoding"));
    Ok(match *content {
        Content::Plain(bytes) => response.body(bytes),
        Content::Gzip(bytes) if takes_gzip(request) => {
            response.insert_header(ContentEncoding::Gzip).body(bytes)
        }
        Content::Gzip(bytes) => {
            let mut plain = Vec::new();
            GzDecoder::new(bytes)
                .read_to_end(&mut plain)
                .map_err(|_| ApiError::Internal)?;
            response.body(plain)
        }
    })
}

fn headers(media_type: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let available = [Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request).ok();
    accepted.and_then(|accepted| accepted.negotiate(available.iter())) == Some(Encoding::gzip())
}
