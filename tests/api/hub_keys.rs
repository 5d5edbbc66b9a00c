//! Users of the hub sign in with their API keys.

use decant_tests::app::App;
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_of_the_hub_signs_in_with_an_api_key() {
    let app = App::start().await;
    let ada = app.database.new_user("Ada Lovelace").await;
    let expected = json!({ "name": "Ada Lovelace", "role": "user", "user_id": ada.id });

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
async fn an_administrator_of_the_hub_is_one_here() {
    let app = App::start().await;
    let ada = app.database.new_user("Ada").await;
    app.database
        .execute(format!("update users set role = 'admin' where id = {}", ada.id))
        .await;
    let me = app.anonymous().with_token(&ada.key).me().answer().await.good();
    assert_eq!(me.json::<Value>()["role"], "admin");
}

#[tokio::test]
async fn a_key_that_is_disabled_deleted_or_expired_is_refused_and_ends_its_sessions() {
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
async fn a_key_that_may_not_use_the_web_cannot_sign_in_but_can_be_sent() {
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
async fn a_key_that_two_users_share_signs_in_neither() {
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
