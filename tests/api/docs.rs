//! The OpenAPI document and the page that shows it, and paths that are never a view of the front page.

use decant_tests::app::App;
use serde_json::Value;

#[tokio::test]
async fn anybody_may_read_the_document() {
    let app = App::start().await;
    let document = app.anonymous().get("/api/openapi.json").answer().await.good();
    let document: Value = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["paths"]["/api/me"]["get"]["operationId"], "getCaller");
}

#[tokio::test]
async fn the_documentation_comes_with_the_program_and_names_no_other_host() {
    let app = App::start().await;
    let page = app.anonymous().get("/docs").answer().await.good();
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{:?}",
        page.headers
    );
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
        "{policy}"
    );
    let text = page.text();
    assert!(!text.contains("://"), "{text}");
    let files = text.split('"').filter(|part| part.starts_with("docs/"));
    let files: Vec<_> = files.map(|file| format!("/{file}")).collect();
    assert_eq!(files.len(), 4, "{text}");
    for file in &files {
        let plain = app.anonymous().get(file).answer().await.good();
        let packed = app
            .anonymous()
            .get(file)
            .header("accept-encoding", "gzip")
            .answer()
            .await
            .good();
        assert_eq!(plain.header("content-encoding"), "", "{file}");
        assert_eq!(packed.decompressed(), plain.body, "{file}");
        let media_type = plain.header("content-type");
        let expected = if file.ends_with(".css") {
            "text/css"
        } else {
            "text/javascript"
        };
        assert!(media_type.starts_with(expected), "{file}: {media_type}");
    }
}

#[tokio::test]
async fn reserved_paths_never_answer_with_the_front_page() {
    let app = App::start().await;
    for path in [
        "/api",
        "/api/openapi",
        "/api/datasets/usage-logs/nothing",
        "/docs/nothing",
        "/docs/swagger-ui.css/nothing",
        "/metrics/nothing",
    ] {
        app.anonymous().get(path).answer().await.problem(404, "not_found");
    }
}
