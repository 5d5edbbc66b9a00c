//! Sign-in with the administrator's token, and sessions.

use std::time::Duration;

use decant::auth::{Sessions, TokenFingerprint, VerifiedCredential};
use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::server::{ADMIN_TOKEN, SESSION_SECRET, Server};
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn every_address_requires_a_sign_in() {
    let app = App::start().await;
    let nobody = app.anonymous();
    for request in [
        nobody.me(),
        nobody.logout(),
        nobody.datasets(),
        nobody.dataset("usage-logs"),
        nobody.rows("usage-logs"),
        nobody.page("usage-logs"),
        nobody.count("usage-logs"),
        nobody.options("usage-logs", "model"),
        nobody.export("usage-logs"),
        nobody.rows("no-such-dataset"),
    ] {
        request.answer().await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn the_administrator_signs_in_and_out() {
    let app = App::start().await;
    let sign_in = app.anonymous().login(ADMIN_TOKEN).answer().await.good();
    assert_eq!(sign_in.json::<Value>()["role"], "admin");
    let signed_in = app.anonymous().with_session(&sign_in);
    assert_eq!(
        signed_in.me().answer().await.good().json::<Value>()["role"],
        "admin"
    );

    let sign_out = signed_in.logout().answer().await.good();
    assert_eq!(sign_out.status, 204);
    let cookie = sign_out.header("set-cookie");
    assert!(
        cookie.starts_with("decant_session=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
}

#[tokio::test]
async fn the_session_cookie_is_http_only_and_same_site() {
    let app = App::start().await;
    let sign_in = app.anonymous().login(ADMIN_TOKEN).answer().await.good();
    let cookie = sign_in.header("set-cookie");
    for attribute in [
        "decant_session=",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
        "Max-Age=",
    ] {
        assert!(cookie.contains(attribute), "{attribute} is missing: {cookie}");
    }
    assert!(
        !cookie.contains(ADMIN_TOKEN) && !cookie.contains("Secure"),
        "{cookie}"
    );

    let over_tls = app
        .anonymous()
        .login(ADMIN_TOKEN)
        .header("x-forwarded-proto", "https")
        .answer()
        .await
        .good();
    assert!(
        over_tls.header("set-cookie").contains("Secure"),
        "{}",
        over_tls.header("set-cookie")
    );
}

#[tokio::test]
async fn every_kind_of_wrong_credential_is_refused() {
    let app = App::start_with(&[("DECANT_LOGIN_ATTEMPTS_MAX", "1000")]).await;
    let long = "x".repeat(10_000);
    for wrong in [
        "",
        " ",
        "wrong",
        "' or '1'='1",
        "a\0b",
        "ключ",
        &long,
        &ADMIN_TOKEN[1..],
    ] {
        app.anonymous()
            .login(wrong)
            .answer()
            .await
            .problem(401, "invalid_credentials");
    }
    for wrong in ["wrong", "' or '1'='1", &ADMIN_TOKEN[1..]] {
        app.anonymous()
            .with_token(wrong)
            .me()
            .answer()
            .await
            .problem(401, "invalid_credentials");
    }
    let basic = app
        .anonymous()
        .me()
        .header("authorization", "Basic YTpi")
        .answer()
        .await;
    basic.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_session_expires() {
    let app = App::start().await;
    let database = "select concat(system_identifier, '/', current_database()) from pg_control_system()";
    let database = app.database.text(database).await.unwrap();
    // Cookies with this server's own signature that differ only in their times.
    let session_of = |lasts| {
        let (secret, admin_token) = (SESSION_SECRET.into(), ADMIN_TOKEN.into());
        let sessions = Sessions::new(&secret, Some(&admin_token), &database, lasts);
        sessions
            .start(
                &VerifiedCredential::AdminToken(TokenFingerprint::of(&admin_token)),
                false,
            )
            .stripped()
            .to_string()
    };
    let me = |cookie: &str| app.anonymous().me().header("cookie", cookie).answer();
    me(&session_of(Duration::from_secs(60))).await.good();
    me(&session_of(Duration::ZERO))
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_forged_session_is_refused() {
    let app = App::start().await;
    let other = Server::start(&[
        ("DSN", &app.database.dsn),
        ("DECANT_SESSION_SECRET", &"x".repeat(40)),
    ])
    .await;
    let elsewhere = Actor::new(&other.address)
        .login(ADMIN_TOKEN)
        .answer()
        .await
        .good();
    app.anonymous()
        .with_session(&elsewhere)
        .me()
        .answer()
        .await
        .problem(401, "unauthenticated");

    let user = app.database.new_user("Ada").await;
    let sign_in = app.anonymous().login(&user.key).answer().await.good();
    let cookie = sign_in.header("set-cookie").split(';').next().unwrap();
    // A client can read and replace the claims, but then the signature does not match.
    let (name, value) = cookie.split_once('=').unwrap();
    let (signature, _) = value.split_at(44.min(value.len()));
    let forgeries = [
        format!("{name}={{\"key\":null,\"expires\":9999999999}}"),
        format!("{name}={signature}{{\"key\":null,\"expires\":9999999999}}"),
        format!("{name}=A{}", &value[1..]),
        format!("{name}="),
    ];
    for forged in forgeries.iter().filter(|forged| forged.as_str() != cookie) {
        app.anonymous()
            .me()
            .header("cookie", forged)
            .answer()
            .await
            .problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn too_many_wrong_credentials_block_the_address_for_a_while() {
    let app = App::start_with(&[("DECANT_LOGIN_ATTEMPTS_MAX", "3")]).await;
    let session = app
        .anonymous()
        .with_session(&app.anonymous().login(ADMIN_TOKEN).answer().await.good());
    for _ in 0..3 {
        app.anonymous()
            .login("wrong")
            .answer()
            .await
            .problem(401, "invalid_credentials");
    }
    for stopped in [
        app.anonymous().login("wrong"),
        app.anonymous().with_token("wrong").me(),
    ] {
        let answer = stopped.answer().await;
        answer.problem(429, "too_many_attempts");
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    // Right credentials pass.
    session.me().answer().await.good();
    app.admin().me().answer().await.good();
}

#[tokio::test]
async fn pages_of_other_sites_cannot_use_a_session() {
    let app = App::start().await;
    let session = app
        .anonymous()
        .with_session(&app.anonymous().login(ADMIN_TOKEN).answer().await.good());
    for (header, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        session
            .logout()
            .header(header, value)
            .answer()
            .await
            .problem(403, "cross_origin");
        app.anonymous()
            .login(ADMIN_TOKEN)
            .header(header, value)
            .answer()
            .await
            .problem(403, "cross_origin");
    }
    let own = format!("http://{}", app.server.address);
    session
        .logout()
        .header("origin", &own)
        .header("sec-fetch-site", "same-origin")
        .answer()
        .await
        .good();
}

#[tokio::test]
async fn a_malformed_sign_in_is_refused() {
    let app = App::start().await;
    for body in [
        "",
        "{}",
        "[]",
        "{\"token\":1}",
        "{\"token\":\"a\",\"more\":1}",
        "token=a",
    ] {
        let request = app
            .anonymous()
            .request(Method::POST, "/api/login")
            .header("content-type", "application/json");
        request.body(body).answer().await.problem(400, "invalid_body");
    }
}
