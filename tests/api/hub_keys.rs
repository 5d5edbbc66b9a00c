//! Users of the hub sign in with their API keys.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::database::Database;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

#[tokio::test]
async fn a_user_of_the_hub_signs_in_with_an_api_key() {
    let app = App::start().await;
    let ada = app.database.new_user("Ada Lovelace").await;
    let expected = json!({ "name": "Ada Lovelace", "role": "user", "user_id": ada.id, "workspaces": [] });

    let sign_in = app.anonymous().login(&ada.key).answer().await.good();
    assert_eq!(sign_in.json::<Value>(), expected);
    let by_session = app.anonymous().with_session(&sign_in).me();
    let by_bearer = app.anonymous().with_token(&ada.key).me();
    let by_api_key = app.anonymous().me().header("x-api-key", &ada.key);
    for me in [by_session, by_bearer, by_api_key] {
        assert_eq!(me.answer().await.good().json::<Value>(), expected);
    }
}

#[tokio::test]
async fn an_administrator_of_the_hub_is_an_administrator_of_decant() {
    let app = App::start().await;
    let ada = app.database.new_user("Ada").await;
    app.database
        .execute(format!("update users set role = 'admin' where id = {}", ada.id))
        .await;
    let me = app.anonymous().with_token(&ada.key).me().answer().await.good();
    assert_eq!(me.json::<Value>()["role"], "admin");
}

#[tokio::test]
async fn a_disabled_deleted_or_expired_key_is_refused_and_ends_its_sessions() {
    let app = App::start_with(&[("DECANT_LOGIN_ATTEMPTS_MAX", "1000")]).await;
    for (table, id, change) in [
        ("keys", "user_id", "is_enabled = false"),
        ("keys", "user_id", "deleted_at = now()"),
        ("keys", "user_id", "expires_at = now() - interval '1 second'"),
        ("users", "id", "is_enabled = false"),
        ("users", "id", "deleted_at = now()"),
        ("users", "id", "expires_at = now() - interval '1 second'"),
    ] {
        let user = app.database.new_user("Ada").await;
        let session = app
            .anonymous()
            .with_session(&app.anonymous().login(&user.key).answer().await.good());
        session.me().answer().await.good();
        app.database
            .execute(format!("update {table} set {change} where {id} = {}", user.id))
            .await;

        app.anonymous()
            .login(&user.key)
            .answer()
            .await
            .problem(401, "invalid_credentials");
        app.anonymous()
            .with_token(&user.key)
            .me()
            .answer()
            .await
            .problem(401, "invalid_credentials");
        session
            .rows("usage-logs")
            .answer()
            .await
            .problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_key_without_web_access_cannot_sign_in_but_works_as_a_bearer_token() {
    let app = App::start().await;
    let user = app.database.new_user("Ada").await;
    app.database
        .execute(format!(
            "update keys set can_login_web_ui = false where user_id = {}",
            user.id
        ))
        .await;
    app.anonymous()
        .login(&user.key)
        .answer()
        .await
        .problem(403, "forbidden");
    app.anonymous().with_token(&user.key).me().answer().await.good();
}

#[tokio::test]
async fn an_administrators_key_without_web_access_shows_their_own_usage_only() {
    let app = App::start().await;
    // `null` is the hub's "not set", and no permission either.
    for web in ["false", "null"] {
        let ada = app.database.busy_user().await;
        app.database
            .execute(format!(
                "update users set role = 'admin' where id = {0}; \
                 update keys set can_login_web_ui = {web} where user_id = {0}",
                ada.id
            ))
            .await;
        let own = app.database.usage_rows(&format!("m.user_id = {}", ada.id)).await;
        for ada in [
            app.anonymous().with_token(&ada.key),
            app.anonymous().with_api_key(&ada.key),
        ] {
            let me = ada.me().answer().await.good().json::<Value>();
            assert_eq!(me["role"], "user", "can_login_web_ui = {web}");
            assert_eq!(ada.usage_count(&[]).await, own);
            for refused in [
                ada.rows("probe-logs"),
                ada.dump(),
                ada.database_status(),
                ada.import(b"PGDMP", &[]),
                ada.backups(),
                ada.clean_up(&json!({ "beforeDate": "2020-01-01", "dryRun": true })),
                ada.session_requests("any"),
            ] {
                refused.answer().await.problem(403, "forbidden");
            }
        }
    }
}

#[tokio::test]
async fn of_an_administrators_rows_with_one_key_the_one_without_web_access_counts() {
    let app = App::start().await;
    for webs in [["true", "false"], ["false", "true"]] {
        let ada = app.database.new_user("Ada").await;
        app.database
            .execute(format!(
                "update users set role = 'admin' where id = {0}; delete from keys where user_id = {0}; \
                 insert into keys (user_id, key, name, can_login_web_ui) \
                 values ({0}, '{key}', 'a', {1}), ({0}, '{key}', 'b', {2})",
                ada.id,
                webs[0],
                webs[1],
                key = ada.key
            ))
            .await;
        let me = app.anonymous().with_token(&ada.key).me().answer().await.good();
        assert_eq!(me.json::<Value>()["role"], "user", "{webs:?}");
    }
}

#[tokio::test]
async fn a_session_ends_when_its_key_loses_web_access() {
    let app = App::start().await;
    for web in ["false", "null"] {
        let ada = app.database.new_user("Ada").await;
        app.database
            .execute(format!("update users set role = 'admin' where id = {}", ada.id))
            .await;
        let sign_in = app.anonymous().login(&ada.key).answer().await.good();
        let session = app.anonymous().with_session(&sign_in);
        session.database_status().answer().await.good();
        app.database
            .execute(format!(
                "update keys set can_login_web_ui = {web} where user_id = {}",
                ada.id
            ))
            .await;
        for refused in [session.me(), session.database_status(), session.dump()] {
            refused.answer().await.problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_key_that_two_users_share_is_refused() {
    let app = App::start().await;
    let (ada, bob) = (
        app.database.new_user("Ada").await,
        app.database.new_user("Bob").await,
    );
    app.database
        .execute(format!(
            "update keys set key = '{}' where user_id = {}",
            ada.key, bob.id
        ))
        .await;
    app.anonymous()
        .login(&ada.key)
        .answer()
        .await
        .problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_key_that_the_databases_encoding_cannot_hold_is_wrong_and_counts() {
    let database = Database::in_encoding("LATIN1").await;
    database
        .execute(
            "create table users (id serial primary key, name varchar not null, role varchar, is_enabled boolean, \
             expires_at timestamptz, deleted_at timestamptz); \
             create table keys (id serial primary key, user_id integer not null, key varchar not null, \
             is_enabled boolean, expires_at timestamp, can_login_web_ui boolean, deleted_at timestamptz)",
        )
        .await;
    let app = App::start_on(database, &[("DECANT_LOGIN_ATTEMPTS_MAX", "2")]).await;
    for key in ["李", "雷"] {
        let wrong = app.anonymous().login(key).answer().await;
        wrong.problem(401, "invalid_credentials");
    }
    let wrong = app.anonymous().login("李雷").answer().await;
    wrong.problem(429, "too_many_attempts");
}

#[tokio::test]
async fn a_database_that_does_not_answer_refuses_nobody() {
    let app = App::start_with(&[("DECANT_QUERY_SECONDS", "1")]).await;
    let (user, _) = app.user().await;
    let mut lock = PgConnection::connect(&app.database.dsn).await.unwrap();
    lock.execute("begin").await.unwrap();
    lock.execute("lock table keys in access exclusive mode")
        .await
        .unwrap();
    user.dump().answer().await.problem(502, "source_failed");
    drop(lock);
    let refused = "database_export_unauthorized";
    user.dump().answer().await.problem(403, "forbidden");
    app.server.wait_for_log(refused, Duration::from_secs(10)).await;
    let log = app.server.log();
    assert_eq!(log.matches(refused).count(), 1, "{log}");
}
