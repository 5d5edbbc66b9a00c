//! Bearer tokens of other issuers (RFC 7519), valid and forged.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::Definitions;
use decant_tests::server::JWT_SECRET;
use decant_tests::tokens::{
    Issuer, seconds_from_now, signed_with_header, signed_with_secret, unsigned, with_other_claims,
};
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

    for subject in ["6f9619ff-8b86-d011-b42d-00c04fc964ff", "ada@example.org", "7"] {
        let claims = json!({ "sub": subject, "name": "Ada", "exp": seconds_from_now(300) });
        let signed = app
            .anonymous()
            .with_token(&signed_with_secret(JWT_SECRET, &claims));
        let expected = json!({ "name": "Ada", "role": "user", "workspaces": [] });
        assert_eq!(signed.me().answer().await.good().json::<Value>(), expected);
        // No user of the hub.
        assert_eq!(signed.usage_rows(&[]).await.count(), 0, "{subject}");
    }
}

#[tokio::test]
async fn a_user_of_the_hub_is_looked_up_where_tokens_name_them() {
    let app = App::start_with(&[("JWT_HUB_USERS", "true")]).await;
    let user = app.database.busy_user().await;
    let claims = json!({ "sub": user.id.to_string(), "name": "Ada", "exp": seconds_from_now(300) });
    let signed = app
        .anonymous()
        .with_token(&signed_with_secret(JWT_SECRET, &claims));
    let expected = json!({ "name": "Ada", "role": "user", "user_id": user.id, "workspaces": [] });
    assert_eq!(signed.me().answer().await.good().json::<Value>(), expected);
    let own = app.database.usage_rows(&format!("m.user_id = {}", user.id)).await;
    assert_eq!(signed.usage_rows(&[]).await.count(), own);
    let unknown = json!({ "sub": "999999", "role": "admin", "exp": seconds_from_now(300) });
    is_refused(&app, &signed_with_secret(JWT_SECRET, &unknown)).await;
}

const ADA: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

/// A definition with one row, whose owner is this value of this type.
fn owned_by(name: &str, owner: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = \"Owned\"\naccess = \"owner\"\nowner = \"owned.owner\"\norder = [\"what\"]\n\
         from = \"(select {owner} as owner, '{name}'::text as what) owned\"\n\
         [[column]]\nname = \"what\"\nlabel = \"What\"\nsql = \"owned.what\"\n\
         [[filter]]\nname = \"of\"\nlabel = \"Of\"\nkind = \"text\"\nsql = \"owned.what = {{}}\"\n\
         [filter.options]\nvalue = \"own.what\"\nlabel = \"own.what\"\nowner = \"own.owner\"\n\
         from = \"(select {owner} as owner, '{name}'::text as what) own\"\n"
    )
}

#[tokio::test]
async fn a_subject_owns_rows_by_a_uuid_a_number_or_a_text() {
    let datasets = [
        owned_by("uuid", &format!("'{ADA}'::uuid")),
        owned_by("number", "7"),
        owned_by("text", "'ada'::varchar"),
    ];
    let datasets = datasets.each_ref().map(String::as_str);
    let definitions = Definitions::of(&datasets);
    let empty = App::start_on(Database::empty().await, &[definitions.setting()]).await;
    let hub = App::start_with_datasets(&datasets, &[]).await;
    for (subject, owns) in [
        (ADA, ["uuid"].as_slice()),
        (&ADA.to_uppercase(), &["uuid"]),
        ("7", &["number"]),
        ("ada", &["text"]),
        ("07", &[]),
        ("99999999999999999999", &[]),
        ("' or true --", &[]),
    ] {
        let claims = json!({ "sub": subject, "exp": seconds_from_now(300) });
        let token = signed_with_secret(JWT_SECRET, &claims);
        for (app, is_hub) in [(&empty, false), (&hub, true)] {
            let user = app.anonymous().with_token(&token);
            for dataset in ["uuid", "number", "text"] {
                // In a hub's database a number is a user of the hub.
                let owned = owns.contains(&dataset) && !(is_hub && dataset == "number");
                let rows = user.rows(dataset).answer().await.raw_rows().whole().count();
                assert_eq!(rows, u64::from(owned), "{subject}: {dataset}");
                let count: Value = user.count(dataset).answer().await.good().json();
                assert_eq!(count["rows"], u64::from(owned), "{subject}: {dataset}");
                let options: Value = user.options(dataset, "of").answer().await.good().json();
                let offered = options["options"].as_array().unwrap().len();
                assert_eq!(offered, usize::from(owned), "{subject}: {dataset}");
            }
        }
    }
}

#[tokio::test]
async fn an_owner_of_another_type_is_a_mistake_of_its_dataset() {
    let text = owned_by("text", "'ada'::bytea");
    let app = App::start_with_datasets(&[&text], &[]).await;
    let dataset: Value = app.admin().dataset("text").answer().await.good().json();
    assert_eq!(dataset["available"], false);
    for part in ["text.toml", "`owner`", "bytea"] {
        assert!(dataset["reason"].as_str().unwrap().contains(part), "{dataset}");
    }
}

#[tokio::test]
async fn a_token_for_another_service_or_of_another_issuer_is_refused() {
    let app = patient_app(&[
        ("JWT_AUDIENCE", "decant"),
        ("JWT_ISSUER", "https://issuer.example"),
    ])
    .await;
    let open = patient_app(&[]).await;
    let (decant, issuer) = (json!("decant"), json!("https://issuer.example"));
    for (aud, iss, is_ours) in [
        (Some(decant.clone()), Some(issuer.clone()), true),
        (Some(json!(["mail", "decant"])), Some(issuer.clone()), true),
        (Some(json!("mail")), Some(issuer.clone()), false),
        (Some(json!(["mail"])), Some(issuer.clone()), false),
        (Some(json!("DECANT")), Some(issuer.clone()), false),
        (Some(json!(7)), Some(issuer.clone()), false),
        (None, Some(issuer.clone()), false),
        (Some(decant.clone()), Some(json!("https://evil.example")), false),
        (Some(decant.clone()), None, false),
        (None, None, false),
    ] {
        let mut claims = administrator();
        aud.iter().for_each(|aud| claims["aud"] = aud.clone());
        iss.iter().for_each(|iss| claims["iss"] = iss.clone());
        let token = signed_with_secret(JWT_SECRET, &claims);
        let me = app.anonymous().with_token(&token).me().answer().await;
        assert_eq!(me.status == 200, is_ours, "{claims}");
        // Without JWT_AUDIENCE, Decant is no receiver that `aud` could name (RFC 7519, 4.1.3).
        let me = open.anonymous().with_token(&token).me().answer().await;
        assert_eq!(me.status == 200, aud.is_none(), "{claims}");
    }
}

#[tokio::test]
async fn a_token_with_an_extension_that_must_be_understood_is_refused() {
    let app = patient_app(&[]).await;
    for header in [
        json!({ "crit": ["exp"] }),
        json!({ "crit": ["http://example.org/ext"], "http://example.org/ext": true }),
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "crit": [] }),
        json!({ "crit": "exp" }),
    ] {
        let token = signed_with_header(JWT_SECRET, &header, &administrator());
        is_refused(&app, &token).await;
    }
    let plain = signed_with_header(JWT_SECRET, &json!({}), &administrator());
    app.anonymous().with_token(&plain).me().answer().await.good();
}

#[tokio::test]
async fn a_subject_that_cannot_be_shown_or_compared_is_refused() {
    let app = patient_app(&[]).await;
    for subject in ["", " ", " ada", "ada\u{0}", "ada\n", &"x".repeat(256)] {
        let claims = json!({ "sub": subject, "role": "admin", "exp": seconds_from_now(300) });
        is_refused(&app, &signed_with_secret(JWT_SECRET, &claims)).await;
    }
}

#[tokio::test]
async fn a_token_ends_when_its_key_leaves_the_key_set() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let keys = folder();
    let file = keys.path().join("keys.json");
    std::fs::write(&file, old.key_set().to_string()).unwrap();
    let app = patient_app(&[("JWKS_FILE", file.to_str().unwrap())]).await;
    let (before, after) = (old.sign(&administrator()), new.sign(&administrator()));
    let me = async |token: &str| app.anonymous().with_token(token).me().answer().await.status;
    assert_eq!((me(&before).await, me(&after).await), (200, 401));
    // A file that is being written changes nothing.
    std::fs::write(&file, "{").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!((me(&before).await, me(&after).await), (200, 401));
    std::fs::write(&file, new.key_set().to_string()).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!((me(&before).await, me(&after).await), (401, 200));
    // Without any key, the issuer has withdrawn them all.
    std::fs::write(&file, "{\"keys\":[]}").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!((me(&before).await, me(&after).await), (401, 401));
}

#[tokio::test]
async fn a_key_for_another_use_verifies_no_token() {
    let issuer = Issuer::new("ours");
    let token = issuer.sign(&administrator());
    for (member, value, status) in [
        ("use", json!("sig"), 200),
        ("use", json!("enc"), 401),
        ("key_ops", json!(["encrypt"]), 401),
        ("key_ops", json!(["verify"]), 200),
        ("alg", json!("PS256"), 401),
        ("alg", json!("RSA-OAEP-256"), 401),
    ] {
        let mut set = issuer.key_set();
        set["keys"][0][member] = value.clone();
        let keys = folder();
        let file = keys.path().join("keys.json");
        std::fs::write(&file, set.to_string()).unwrap();
        let app = patient_app(&[("JWKS_FILE", file.to_str().unwrap())]).await;
        let answer = app.anonymous().with_token(&token).me().answer().await;
        assert_eq!(answer.status, status, "{member}: {value}");
    }
}

#[tokio::test]
async fn a_key_set_without_audience_and_issuer_brings_a_warning() {
    let keys = folder();
    let file = keys.path().join("keys.json");
    std::fs::write(&file, Issuer::new("ours").key_set().to_string()).unwrap();
    let file = ("JWKS_FILE", file.to_str().unwrap());
    let open = App::start_with(&[file]).await;
    assert!(
        open.server.log().contains("Set JWT_AUDIENCE"),
        "{}",
        open.server.log()
    );
    let bound = App::start_with(&[file, ("JWT_AUDIENCE", "decant")]).await;
    assert!(!bound.server.log().contains("Set JWT_AUDIENCE"));
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
