//! Decant behind a proxy: sign-in, the cookie, and pages of other sites.

use decant_tests::app::App;
use decant_tests::server::ADMIN_TOKEN;

type Headers = &'static [(&'static str, &'static str)];

const OWN: (&str, &str) = ("origin", "https://decant.example");

/// The headers of a sign-in on the page, as they arrive through proxies with their own settings.
const REWRITTEN: Headers = &[("host", "127.0.0.1:8080"), OWN, ("sec-fetch-site", "same-origin")];
const CADDY: Headers = &[
    ("host", "decant.example"),
    OWN,
    ("x-forwarded-host", "decant.example"),
    ("x-forwarded-proto", "https"),
];
const DEFAULT_PORT: Headers = &[("host", "decant.example:443"), OWN];
const CAPITALS: Headers = &[("host", "Decant.EXAMPLE"), OWN];
/// Apache rewrites the host, and appends its own to a list of an outer proxy. Over plain HTTP no browser sends Fetch Metadata.
const APACHE: Headers = &[
    ("host", "decant:8080"),
    ("origin", "http://decant.example"),
    ("x-forwarded-host", "decant.example, inner"),
];
const FOREIGN: Headers = &[
    ("host", "decant.example"),
    ("origin", "https://evil.example"),
    ("x-forwarded-host", "decant.example"),
];
const FOREIGN_BY_METADATA: Headers = &[
    ("host", "decant.example"),
    ("origin", "https://evil.example"),
    ("sec-fetch-site", "cross-site"),
    ("x-forwarded-host", "evil.example"),
];

async fn sign_in(app: &App, headers: Headers) -> u16 {
    let request = app.anonymous().login(ADMIN_TOKEN);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(name, value));
    request.answer().await.status
}

#[tokio::test]
async fn a_page_behind_a_proxy_signs_in_and_a_foreign_one_does_not() {
    let app = App::start().await;
    for headers in [REWRITTEN, CADDY, DEFAULT_PORT, CAPITALS] {
        assert_eq!(sign_in(&app, headers).await, 200, "{headers:?}");
    }
    for headers in [APACHE, FOREIGN, FOREIGN_BY_METADATA] {
        assert_eq!(sign_in(&app, headers).await, 403, "{headers:?}");
    }
    let trusting = App::start_with(&[("DECANT_TRUST_PROXY", "true")]).await;
    for headers in [REWRITTEN, CADDY, DEFAULT_PORT, CAPITALS, APACHE] {
        assert_eq!(sign_in(&trusting, headers).await, 200, "{headers:?}");
    }
    for headers in [FOREIGN, FOREIGN_BY_METADATA] {
        assert_eq!(sign_in(&trusting, headers).await, 403, "{headers:?}");
    }
}

#[tokio::test]
async fn over_tls_the_cookie_is_bound_to_this_host() {
    let app = App::start().await;
    for tls in [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-proto", "https, http"),
    ] {
        let sign_in = app.anonymous().login(ADMIN_TOKEN).header(tls.0, tls.1);
        let sign_in = sign_in.answer().await.good();
        let cookie = sign_in.header("set-cookie");
        assert!(cookie.starts_with("__Host-decant_session="), "{cookie}");
        assert!(
            cookie.contains("Secure") && cookie.contains("Path=/") && !cookie.contains("Domain"),
            "{cookie}"
        );
        let session = app.anonymous().with_session(&sign_in);
        session.me().header(tls.0, tls.1).answer().await.good();
        // nginx sends X-Forwarded-Proto only if it is configured.
        session.me().answer().await.good();

        // Another host of the domain can plant a cookie without the prefix, even with a right signature.
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        let planted = format!("{}={value}", name.trim_start_matches("__Host-"));
        app.anonymous()
            .me()
            .header("cookie", &planted)
            .header(tls.0, tls.1)
            .answer()
            .await
            .problem(401, "unauthenticated");

        let sign_out = session.logout().header(tls.0, tls.1).answer().await.good();
        let removed = sign_out.header("set-cookie");
        assert!(
            removed.starts_with("__Host-decant_session=;") && removed.contains("Max-Age=0"),
            "{removed}"
        );
    }
    // The scheme of `Origin` shows TLS where the proxy sends no header.
    let sign_in = REWRITTEN
        .iter()
        .fold(app.anonymous().login(ADMIN_TOKEN), |request, (name, value)| {
            request.header(name, value)
        });
    let sign_in = sign_in.answer().await.good();
    assert!(sign_in.header("set-cookie").starts_with("__Host-"));
}

#[tokio::test]
async fn a_malformed_host_is_refused() {
    let app = App::start().await;
    for host in ["a b/@", "user@decant.example", "decant.example/path"] {
        for request in [
            app.anonymous().login(ADMIN_TOKEN),
            app.admin().datasets(),
            app.anonymous().front_page(),
        ] {
            let answer = request.header("host", host).open().await;
            assert_eq!(answer.status(), 400, "{host}");
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{host}");
            let problem: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            assert_eq!(problem["code"], "bad_host", "{host}");
        }
    }
}
