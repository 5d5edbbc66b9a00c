//! Decant below a path of a host that it shares with others.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::nginx::Nginx;
use decant_tests::server::ADMIN_TOKEN;

/// Returns the addresses that this page names, relative to its base.
fn named(page: &str) -> Vec<String> {
    let quoted = page.split(['"', '\'']);
    let files = quoted.filter(|part| {
        [".js", ".wasm", ".css", ".svg"]
            .iter()
            .any(|end| part.ends_with(end))
    });
    files.map(str::to_owned).collect()
}

fn base(page: &str) -> &str {
    let (_, rest) = page.split_once("<base href=\"").expect("the page has a base");
    rest.split_once('"').expect("it ends").0
}

/// Checks the addresses of the page and of the documentation, through a proxy or not.
async fn check(actor: &Actor, path: &str) {
    actor.get(&format!("{path}/api/me")).answer().await.good();
    for (view, folders) in [("/", ""), ("/usage-logs", ""), ("/admin/database", "admin/")] {
        let page = actor.get(&format!("{path}{view}")).answer().await.good().text();
        let root = match base(&page) {
            "./" => format!("{path}/{folders}"),
            "../" => format!("{path}/{}", folders.trim_start_matches("admin/")),
            absolute => absolute.to_owned(),
        };
        assert_eq!(root, format!("{path}/"), "{view}: {page}");
        let files = named(&page);
        assert!(files.len() >= 5, "{page}");
        for file in files {
            assert!(!file.starts_with('/'), "{file}");
            let file = format!("{path}/{}", file.trim_start_matches("./"));
            actor.get(&file).answer().await.good();
        }
    }
    for (view, folder) in [("/docs", ""), ("/docs/", "docs/")] {
        let page = actor.get(&format!("{path}{view}")).answer().await.good().text();
        let files = named(&page);
        assert_eq!(files.len(), 4, "{page}");
        for file in files {
            actor.get(&format!("{path}/{folder}{file}")).answer().await.good();
        }
    }
}

#[tokio::test]
async fn a_proxy_that_removes_the_path_needs_no_setting() {
    let app = App::start().await;
    let address = &app.server.address;
    let nginx = Nginx::with(&format!("location /decant/ {{ proxy_pass http://{address}/; }}")).await;
    check(&app.admin().through(&nginx.address), "/decant").await;
    check(&app.admin(), "").await;
}

#[tokio::test]
async fn a_proxy_that_leaves_the_path_needs_the_base_path() {
    let app = App::start_with(&[("DECANT_BASE_PATH", "/tools/decant")]).await;
    let address = &app.server.address;
    let nginx = Nginx::with(&format!(
        "location /tools/decant {{ proxy_pass http://{address}; }}"
    ))
    .await;
    let admin = app.admin().through(&nginx.address);
    check(&admin, "/tools/decant").await;
    // Without a slash at the end, a relative base would lead out of the path.
    let page = admin.get("/tools/decant").answer().await.good().text();
    assert_eq!(base(&page), "/tools/decant/");
    // Probes need not know the path.
    app.anonymous().healthz().answer().await.good();
    app.admin().me().answer().await.good();
    app.admin()
        .get("/tools/decanter/api/openapi.json")
        .answer()
        .await
        .problem(404, "not_found");
}

/// The session of a sign-in through the proxy is good below the path.
#[tokio::test]
async fn the_cookie_is_good_below_the_path() {
    let app = App::start().await;
    let address = &app.server.address;
    let nginx = Nginx::with(&format!("location /decant/ {{ proxy_pass http://{address}/; }}")).await;
    let through = format!("{}/decant", nginx.address);
    let sign_in = app.anonymous().through(&through).login(ADMIN_TOKEN);
    let sign_in = sign_in
        .header("sec-fetch-site", "same-origin")
        .answer()
        .await
        .good();
    let cookie = sign_in.header("set-cookie");
    assert!(
        cookie.contains("Path=/") && !cookie.contains("Path=/api"),
        "{cookie}"
    );
    let session = app.anonymous().with_session(&sign_in).through(&through);
    session.me().answer().await.good();
}
