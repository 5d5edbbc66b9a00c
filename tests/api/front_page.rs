//! The page as the server delivers it.

use decant_tests::answer::Answer;
use decant_tests::app::App;

/// Returns the addresses of the page's scripts, styles and modules.
fn named_files(page: &Answer) -> Vec<String> {
    let text = page.text();
    let quoted = text
        .split(['"', '\''])
        .filter(|part| part.starts_with('/') || part.starts_with("./"));
    let mut files: Vec<_> = quoted
        .map(|part| format!("/{}", part.trim_start_matches(['.', '/'])))
        .collect();
    files.retain(|file| {
        [".js", ".wasm", ".css"]
            .iter()
            .any(|ending| file.ends_with(ending))
    });
    files.sort();
    files.dedup();
    files
}

#[tokio::test]
async fn the_server_delivers_the_page() {
    let app = App::start().await;
    let page = app.anonymous().front_page().answer().await.good();
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{:?}",
        page.headers
    );
    assert!(page.text().contains("<html"), "{}", page.text());
    let files = named_files(&page);
    assert!(
        files.iter().any(|file| file.ends_with(".js")) && files.iter().any(|file| file.ends_with(".wasm")),
        "{files:?}"
    );
    for file in &files {
        let answer = app.anonymous().get(file).answer().await.good();
        let expected = match file.rsplit('.').next().unwrap() {
            "wasm" => "application/wasm",
            "js" => "text/javascript",
            _ => "text/css",
        };
        assert!(
            answer.header("content-type").starts_with(expected),
            "{file}: {}",
            answer.header("content-type")
        );
    }
}

#[tokio::test]
async fn the_program_embeds_the_page() {
    let path = decant_tests::program::path();
    let app = App::start().await;
    let page = app.anonymous().front_page().answer().await.good();
    let program = std::fs::read(path).unwrap();
    let program = String::from_utf8_lossy(&program);
    for file in named_files(&page) {
        let name = file.trim_start_matches('/');
        assert!(program.contains(name), "{file} is not in the program");
    }
}

#[tokio::test]
async fn every_view_of_the_page_has_an_address() {
    let app = App::start().await;
    let page = app.anonymous().front_page().answer().await.good();
    for view in ["/usage-logs", "/sign-in"] {
        assert_eq!(
            app.anonymous().get(view).answer().await.good().body,
            page.body,
            "{view}"
        );
    }
}

#[tokio::test]
async fn the_content_security_policy_allows_only_wasm() {
    let app = App::start().await;
    let page = app.anonymous().front_page().answer().await.good();
    let policy = page.header("content-security-policy");
    let directive = |name: &str| {
        let mut directives = policy.split(';').map(str::trim);
        directives
            .find_map(|directive| directive.strip_prefix(name))
            .map(str::trim)
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(directive("default-src"), "'none'", "{policy}");
    assert_eq!(directive("connect-src"), "'self'", "{policy}");
    assert_eq!(directive("worker-src"), "'self'", "{policy}");
    assert_eq!(directive("frame-ancestors"), "'none'", "{policy}");
    assert_eq!(directive("base-uri"), "'self'", "{policy}");
    let scripts = directive("script-src");
    for source in scripts.split(' ') {
        let allowed = ["'self'", "'wasm-unsafe-eval'"].contains(&source) || source.starts_with("'sha256-");
        assert!(allowed, "{source} in {policy}");
    }
    assert!(scripts.contains("'wasm-unsafe-eval'"), "{policy}");
    for forbidden in ["'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"] {
        assert!(!policy.contains(forbidden), "{forbidden} in {policy}");
    }
}

#[tokio::test]
async fn a_file_with_a_constant_name_is_revalidated() {
    let app = App::start().await;
    let page = app.anonymous().front_page().answer().await.good();
    assert!(
        page.header("cache-control").contains("no-cache"),
        "{:?}",
        page.headers
    );
    let tag = page.header("etag").to_owned();
    let again = app
        .anonymous()
        .front_page()
        .header("if-none-match", &tag)
        .answer()
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}
