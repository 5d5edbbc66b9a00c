//! Every credential gives what the hub or its issuer gives it, and ends when that ends.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, JWT_SECRET, Server};
use decant_tests::tokens::{seconds_from_now, signed_with_secret};
use serde_json::json;

/// The changes that end a key of the hub: the table, its column with the user's id, and the change.
const ENDS_OF_A_KEY: &[(&str, &str, &str)] = &[
    ("keys", "user_id", "is_enabled = false"),
    ("keys", "user_id", "deleted_at = now()"),
    ("keys", "user_id", "expires_at = now() - interval '1 second'"),
    ("keys", "user_id", "key = 'sk-rotated-' || id"),
    ("keys", "user_id", "key = 'sk-demo-' || id"),
    ("keys", "user_id", "user_id = 0"),
    ("users", "id", "is_enabled = false"),
    ("users", "id", "deleted_at = now()"),
    ("users", "id", "expires_at = now() - interval '1 second'"),
];

async fn app() -> App {
    App::start_with(&[("DECANT_LOGIN_ATTEMPTS_MAX", "1000")]).await
}

async fn session(app: &App, credential: &str) -> Actor {
    let sign_in = app.anonymous().login(credential).answer().await.good();
    app.anonymous().with_session(&sign_in)
}

#[tokio::test]
async fn a_key_in_every_form_ends_with_the_key_or_its_user() {
    let app = app().await;
    for (table, id, change) in ENDS_OF_A_KEY {
        let ada = app.database.new_user("Ada").await;
        let bearer = app.anonymous().with_token(&ada.key);
        let api_key = app.anonymous().with_api_key(&ada.key);
        let session = session(&app, &ada.key).await;
        for actor in [&bearer, &api_key, &session] {
            actor.me().answer().await.good();
        }
        app.database
            .execute(format!("update {table} set {change} where {id} = {}", ada.id))
            .await;
        for (form, actor, code) in [
            ("bearer", &bearer, "invalid_credentials"),
            ("x-api-key", &api_key, "invalid_credentials"),
            ("session", &session, "unauthenticated"),
        ] {
            let answer = actor.me().answer().await;
            assert_eq!(answer.status, 401, "{form}, {table}: {change}");
            answer.problem(401, code);
        }
        app.anonymous()
            .login(&ada.key)
            .answer()
            .await
            .problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn the_session_of_a_rotated_key_ends_and_one_of_the_new_key_begins() {
    let app = app().await;
    let ada = app.database.new_user("Ada").await;
    let old = session(&app, &ada.key).await;
    app.database
        .execute(format!(
            "update keys set key = 'sk-the-new-one' where user_id = {}",
            ada.id
        ))
        .await;
    old.me().answer().await.problem(401, "unauthenticated");
    let new = session(&app, "sk-the-new-one").await;
    new.me().answer().await.good();
    // The old text again: the old session is one of this key.
    app.database
        .execute(format!(
            "update keys set key = '{}' where user_id = {}",
            ada.key, ada.id
        ))
        .await;
    new.me().answer().await.problem(401, "unauthenticated");
}

/// The cookie holds nothing from which the key could be read or guessed.
#[tokio::test]
async fn the_session_cookie_does_not_show_the_key() {
    let app = app().await;
    let ada = app.database.new_user("Ada").await;
    let sign_in = app.anonymous().login(&ada.key).answer().await.good();
    let cookie = sign_in.header("set-cookie");
    let digest = app
        .database
        .text(&format!("select encode(sha256('{}'), 'hex')", ada.key))
        .await
        .unwrap();
    assert!(
        !cookie.contains(&ada.key) && !cookie.contains(&digest),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_session_of_a_published_key_does_not_live_again_with_new_demo_keys() {
    let app = app().await;
    let key = app
        .database
        .text("select key from keys where id = 1")
        .await
        .unwrap();
    let session = session(&app, &key).await;
    session.me().answer().await.good();
    app.database
        .execute("update keys set key = 'sk-demo-admin-9c2e7b10d4f85a63' where id = 1")
        .await;
    session.me().answer().await.problem(401, "unauthenticated");
    let secret = app.server.data_dir().join("another.secret");
    std::fs::write(&secret, "x".repeat(40)).unwrap();
    let arguments = ["demo", "--rows", "0", "--keys", secret.to_str().unwrap()];
    program::run(&arguments, &[("DSN", &app.database.dsn)])
        .await
        .good();
    let keys = "select count(*) from keys where id = 1 and key like 'sk-decant-%'";
    assert_eq!(app.database.number(keys).await, 1);
    session.me().answer().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_other() {
    let app = app().await;
    let ada = app.database.new_user("Ada").await;
    for credential in [ADMIN_TOKEN, &ada.key] {
        let (one, other) = (session(&app, credential).await, session(&app, credential).await);
        one.logout().answer().await.good();
        one.me().answer().await.problem(401, "unauthenticated");
        other.me().answer().await.good();
    }
}

#[tokio::test]
async fn an_administrator_ends_the_sessions_of_one_or_of_all() {
    let app = app().await;
    let (ada, bob) = (
        app.database.new_user("Ada").await,
        app.database.new_user("Bob").await,
    );
    let of_ada = [session(&app, &ada.key).await, session(&app, &ada.key).await];
    let (of_bob, of_admin) = (session(&app, &bob.key).await, session(&app, ADMIN_TOKEN).await);
    let one = json!({ "subject": format!("hub:{}", ada.id) });
    of_admin.end_sessions(&one).answer().await.good();
    for session in &of_ada {
        session.me().answer().await.problem(401, "unauthenticated");
    }
    of_bob.me().answer().await.good();
    // Her key is as good as before.
    session(&app, &ada.key).await.me().answer().await.good();

    app.admin()
        .end_sessions(&json!({ "subject": "token:admin" }))
        .answer()
        .await
        .good();
    of_admin.me().answer().await.problem(401, "unauthenticated");
    of_bob.me().answer().await.good();
    app.admin().end_sessions(&json!({})).answer().await.good();
    of_bob.me().answer().await.problem(401, "unauthenticated");

    let nobody = app
        .admin()
        .end_sessions(&json!({ "subject": "Ada" }))
        .answer()
        .await;
    let problem = nobody.problem(400, "invalid_parameter");
    assert_eq!(problem.field.as_deref(), Some("subject"));
    for (actor, status, code) in [
        (app.anonymous(), 401, "unauthenticated"),
        (app.anonymous().with_token(&ada.key), 403, "forbidden"),
    ] {
        actor
            .end_sessions(&json!({}))
            .answer()
            .await
            .problem(status, code);
    }
}

#[tokio::test]
async fn a_session_is_of_its_database_and_of_its_administrators_token() {
    let app = app().await;
    let ada = app.database.new_user("Ada").await;
    let other = Database::new().await;
    // The other database has a key with the same id and text, of an administrator.
    other
        .execute(format!(
            "insert into users (id, name, role) values ({0}, 'Eve', 'admin'); \
             insert into keys (id, user_id, key, name, can_login_web_ui) \
             select (select max(id) from keys) + 1, {0}, '{1}', 'eve', true",
            ada.id, ada.key
        ))
        .await;
    let elsewhere = Server::start(&[("DSN", &other.dsn)]).await;
    let changed = Server::start(&[
        ("DSN", &app.database.dsn),
        ("ADMIN_TOKEN", "another token of an administrator"),
    ])
    .await;
    let second = Server::start(&[("DSN", &app.database.dsn)]).await;
    for credential in [ADMIN_TOKEN, &ada.key] {
        let session = session(&app, credential).await;
        session.me().answer().await.good();
        for server in [&elsewhere, &changed] {
            let there = session.clone().through(&server.address);
            there.me().answer().await.problem(401, "unauthenticated");
        }
        // Another server of the same site, or the same one after a restart.
        session.through(&second.address).me().answer().await.good();
    }
}

#[tokio::test]
async fn a_token_of_a_hub_user_gives_their_rows_only_with_the_setting_and_while_they_are_enabled() {
    let app = app().await;
    let user = app.database.busy_user().await;
    let own = app.database.usage_rows(&format!("m.user_id = {}", user.id)).await;
    assert!(own > 0);
    let claims = json!({ "sub": user.id.to_string(), "exp": seconds_from_now(300) });
    let token = signed_with_secret(JWT_SECRET, &claims);
    let stranger = app.anonymous().with_token(&token);
    stranger.me().answer().await.good();
    assert_eq!(stranger.usage_count(&[]).await, 0);

    let trusting = Server::start(&[("DSN", &app.database.dsn), ("JWT_HUB_USERS", "true")]).await;
    let known = Actor::new(&trusting.address).with_token(&token);
    assert_eq!(known.usage_count(&[]).await, own);
    for change in [
        "is_enabled = false",
        "is_enabled = true, deleted_at = now()",
        "deleted_at = null, expires_at = now()",
    ] {
        app.database
            .execute(format!("update users set {change} where id = {}", user.id))
            .await;
        known.me().answer().await.problem(401, "invalid_credentials");
    }
    app.database
        .execute(format!(
            "update users set expires_at = null where id = {}",
            user.id
        ))
        .await;
    assert_eq!(known.usage_count(&[]).await, own);
}

#[tokio::test]
async fn right_credentials_pass_while_their_address_is_blocked() {
    let app = App::start_with(&[("DECANT_LOGIN_ATTEMPTS_MAX", "3")]).await;
    let (ada, bob) = (
        app.database.new_user("Ada").await,
        app.database.new_user("Bob").await,
    );
    let session = session(&app, &ada.key).await;
    for _ in 0..3 {
        let wrong = app.anonymous().with_token("wrong").me().answer().await;
        wrong.problem(401, "invalid_credentials");
    }
    let jwt = signed_with_secret(
        JWT_SECRET,
        &json!({ "sub": "ops", "role": "admin", "exp": seconds_from_now(300) }),
    );
    for wrong in ["wrong", &jwt[..jwt.len() - 2]] {
        let wrong = app.anonymous().with_token(wrong).me().answer().await;
        wrong.problem(429, "too_many_attempts");
    }
    session.me().answer().await.good();
    for right in [ADMIN_TOKEN, &ada.key, &bob.key, &jwt] {
        app.anonymous().with_token(right).me().answer().await.good();
    }
    app.anonymous().login(ADMIN_TOKEN).answer().await.good();
    app.anonymous().login(&bob.key).answer().await.good();
    app.anonymous()
        .login("wrong")
        .answer()
        .await
        .problem(429, "too_many_attempts");
}

#[tokio::test]
async fn of_many_wrong_credentials_at_once_no_more_than_the_limit_are_told_apart() {
    let app = App::start_with(&[("DECANT_LOGIN_ATTEMPTS_MAX", "10")]).await;
    let tries = (0..120).map(|number| {
        let wrong = app.anonymous().with_token(&format!("wrong-{number}"));
        tokio::spawn(async move { wrong.me().answer().await.status })
    });
    let tries: Vec<_> = tries.collect();
    let (mut told, mut stopped) = (0, 0);
    for attempt in tries {
        match attempt.await.unwrap() {
            401 => told += 1,
            429 => stopped += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!((told, stopped), (10, 110));
}
