//! Bearer tokens of other issuers (RFC 7519), valid and forged.

use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::server::JWT_SECRET;
use decant_tests::tokens::{Issuer, seconds_from_now, signed_with_secret, unsigned, with_other_claims};
use serde_json::{Value, json};

fn administrator() -> Value {
    json!({ "sub": "ops", "role": "admin", "exp": seconds_from_now(300) })
}

/// An app that allows many wrong credentials, because one test sends many.
async fn patient_app(settings: &[(&str, &str)]) -> App {
    App::start_with(&[&[("DECANT_LOGIN_ATTEMPTS_MAX", "1000")], settings].concat()).await
}

async fn is_refused(app: &App, token: &str) {
    app.anonymous()
        .with_token(token)
        .me()
        .answer()
        .await
        .problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_token_signed_with_the_secret_identifies_the_caller() {
    let app = App::start().await;
    let admin = app
        .anonymous()
        .with_token(&signed_with_secret(JWT_SECRET, &administrator()));
    assert_eq!(admin.me().answer().await.good().json::<Value>()["role"], "admin");

    let user = app.database.busy_user().await;
    let claims = json!({ "sub": user.id.to_string(), "name": "Ada", "exp": seconds_from_now(300) });
    let signed = app
        .anonymous()
        .with_token(&signed_with_secret(JWT_SECRET, &claims));
    let expected = json!({ "name": "Ada", "role": "user", "user_id": user.id });
    assert_eq!(signed.me().answer().await.good().json::<Value>(), expected);
    let own = app.database.usage_rows(&format!("m.user_id = {}", user.id)).await;
    assert_eq!(signed.usage_rows(&[]).await.count(), own);
}

#[tokio::test]
async fn a_forged_expired_or_incomplete_token_is_refused() {
    let app = patient_app(&[]).await;
    let good = signed_with_secret(JWT_SECRET, &administrator());
    let user = json!({ "sub": "7", "exp": seconds_from_now(300) });
    let with = |name: &str, value: Value| {
        let mut claims = administrator();
        claims[name] = value;
        signed_with_secret(JWT_SECRET, &claims)
    };
    let without = |name: &str| {
        let mut claims = administrator();
        claims.as_object_mut().unwrap().remove(name);
        signed_with_secret(JWT_SECRET, &claims)
    };
    for (what, token) in [
        ("no signature wanted", unsigned(&administrator())),
        (
            "another secret",
            signed_with_secret(&"z".repeat(40), &administrator()),
        ),
        ("a user's signature under an administrator's claims", {
            with_other_claims(&signed_with_secret(JWT_SECRET, &user), &administrator())
        }),
        (
            "a signature cut off",
            good.rsplit_once('.')
                .map(|(claims, _)| format!("{claims}."))
                .unwrap(),
        ),
        ("expired", with("exp", json!(seconds_from_now(-300)))),
        ("not good yet", with("nbf", json!(seconds_from_now(300)))),
        ("for ever", without("exp")),
        ("nobody's", without("sub")),
        (
            "a user with no number",
            signed_with_secret(JWT_SECRET, &json!({ "sub": "x", "exp": seconds_from_now(300) })),
        ),
        ("no token", "a.b.c".to_owned()),
    ] {
        let answer = app.anonymous().with_token(&token).me().answer().await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        answer.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn only_tokens_of_the_key_set_identify_the_caller() {
    let (issuer, stranger) = (Issuer::new("ours"), Issuer::new("ours"));
    let keys = folder();
    let file = keys.path().join("keys.json");
    std::fs::write(&file, issuer.key_set().to_string()).unwrap();
    let app = patient_app(&[("JWKS_FILE", file.to_str().unwrap())]).await;

    let admin = app.anonymous().with_token(&issuer.sign(&administrator()));
    assert_eq!(admin.me().answer().await.good().json::<Value>()["role"], "admin");

    is_refused(&app, &stranger.sign(&administrator())).await;
    is_refused(&app, &Issuer::new("unknown").sign(&administrator())).await;
    is_refused(
        &app,
        &issuer.sign(&json!({ "sub": "ops", "role": "admin", "exp": seconds_from_now(-300) })),
    )
    .await;
    // The public key is known to all, so it must not verify an HS256 signature (RFC 8725, 2.1).
    is_refused(
        &app,
        &signed_with_secret(&issuer.key_set().to_string(), &administrator()),
    )
    .await;
    is_refused(&app, &unsigned(&administrator())).await;
}
