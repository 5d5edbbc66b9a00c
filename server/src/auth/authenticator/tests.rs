//! Against a real PostgreSQL with the hub's two tables.

use std::fs::{Permissions, set_permissions};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use api::login::Role;
use decant_embedded::EmbeddedPostgres;
use futures_util::future::join_all;
use jsonwebtoken::EncodingKey;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use super::*;
use crate::auth::{Scope, TokenRules};
use crate::hub_tables::HubTables;
use crate::source::{Limits, Source};
use crate::state::State;

const ADMIN_TOKEN: &str = "the administrator's token";
const JWT_SECRET: &str = "the secret of an issuer";

/// The columns of the hub's tables that sign-in reads. User 1 is an administrator.
const HUB: &str = "
    create table users (id serial primary key, name varchar not null, role varchar, is_enabled boolean,
        expires_at timestamptz, deleted_at timestamptz);
    create table keys (id serial primary key, user_id integer not null, key varchar not null, is_enabled boolean,
        expires_at timestamp, can_login_web_ui boolean, deleted_at timestamptz);
    insert into users (name, role) values ('Ada', 'admin'), ('Bob', 'user');
    insert into keys (user_id, key, can_login_web_ui, is_enabled, deleted_at) values
        (1, 'ada', true, true, null), (1, 'ada-api', false, true, null), (1, 'ada-null', null, null, null),
        (2, 'bob', true, true, null), (2, 'bob-api', false, true, null),
        (2, 'bob-disabled', true, false, null), (2, 'bob-deleted', true, true, now()),
        (1, 'shared', true, true, null), (2, 'shared', true, true, null),
        (1, 'twice', true, true, null), (1, 'twice', false, true, null),
        (1, 'sk-demo-admin-9c2e7b10d4f85a63', true, true, null)";

/// An authenticator on a database of its own.
struct Hub {
    authenticator: Authenticator,
    /// Of a server with the same secret and another database.
    elsewhere: Sessions,
    connection: PgConnection,
    postgres: EmbeddedPostgres,
    _folder: TempDir,
}

impl Hub {
    async fn start(tables: &'static str) -> Self {
        let folder = tempfile::Builder::new().prefix("decant-auth-").tempdir().unwrap();
        // PostgreSQL's user must be able to enter it.
        set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let postgres = EmbeddedPostgres::start_with(folder.path(), &[("fsync", "off")])
            .await
            .unwrap();
        let options = postgres.connect_options();
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        connection.execute(sqlx::raw_sql(tables)).await.unwrap();
        let limits = Limits {
            exports_max: 1,
            queries_max: 2,
            wait_max: Duration::from_secs(10),
            query_max: Duration::from_secs(10),
        };
        let admin_token = SecretString::from(ADMIN_TOKEN);
        let secret = SecretString::from("x".repeat(40));
        let rules = TokenRules {
            are_hub_users: true,
            ..TokenRules::default()
        };
        let sessions =
            |database| Sessions::new(&secret, Some(&admin_token), database, Duration::from_secs(60));
        Self {
            elsewhere: sessions("another database"),
            authenticator: Authenticator::new(Parts {
                sessions: sessions("this database"),
                admin_token: Some(admin_token.clone()),
                token_keys: TokenKeys::load(Some(&JWT_SECRET.into()), None, rules).unwrap(),
                hub: HubUsers::new(Source::new(&options, limits), HubTables::default()),
                sign_outs: SignOuts::new(State::off(), 1_000),
                attempts: Attempts::new(State::off()),
                attempts_max: 3,
                trust_proxy: false,
            }),
            connection,
            postgres,
            _folder: folder,
        }
    }

    async fn run(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        self.connection.execute(sql).await.unwrap();
    }

    async fn bearer(&self, credential: &str) -> Result<Caller, AuthError> {
        let request = Request::get().header("authorization", &format!("Bearer {credential}"));
        self.authenticator.authenticate(request.parts()).await
    }

    async fn sign_in(&self, credential: &str) -> Result<VerifiedCredential, AuthError> {
        self.authenticator
            .sign_in(Request::post().parts(), credential)
            .await
    }

    /// Returns the cookie of a session that this credential started.
    async fn session(&self, credential: &str) -> String {
        let verified = self.sign_in(credential).await.unwrap();
        let request = Request::post();
        let cookie = self.authenticator.start_session(request.parts(), &verified);
        cookie.stripped().encoded().to_string()
    }

    /// Returns a token for this user of the hub that is good for a minute.
    fn token(user: &str) -> String {
        let claims = json!({ "sub": user, "exp": Timestamp::now().as_second() + 60 });
        let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
    }

    async fn by_session(&self, cookie: &str) -> Result<Caller, AuthError> {
        let request = Request::get().header("cookie", cookie);
        self.authenticator.authenticate(request.parts()).await
    }

    async fn end(self) {
        self.connection.close().await.unwrap();
        self.postgres.stop().await.unwrap();
    }
}

struct Request {
    method: Method,
    headers: HeaderMap,
    peer: IpAddr,
}

impl Request {
    fn get() -> Self {
        Self {
            method: Method::GET,
            headers: HeaderMap::new(),
            peer: [192, 0, 2, 1].into(),
        }
    }

    fn post() -> Self {
        Self {
            method: Method::POST,
            ..Self::get()
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    fn parts(&self) -> RequestParts<'_> {
        RequestParts {
            method: &self.method,
            path: "/api/me",
            headers: &self.headers,
            peer: self.peer,
        }
    }
}

#[tokio::test]
async fn a_credential_shows_its_caller() {
    let hub = Hub::start(HUB).await;
    let owner = |id| Scope::Owner(Subject::HubUser(id));
    for (credential, name, role, scope) in [
        (ADMIN_TOKEN, "Administrator", Role::Admin, Scope::All),
        ("ada", "Ada", Role::Admin, Scope::All),
        ("ada-api", "Ada", Role::User, owner(1)),
        ("ada-null", "Ada", Role::User, owner(1)),
        ("twice", "Ada", Role::User, owner(1)),
        ("bob", "Bob", Role::User, owner(2)),
        ("bob-api", "Bob", Role::User, owner(2)),
        (&Hub::token("2"), "Bob", Role::User, owner(2)),
    ] {
        let caller = hub.bearer(credential).await.unwrap();
        assert_eq!(
            (caller.name.as_str(), caller.role, caller.scope()),
            (name, role, scope),
            "{credential}"
        );
    }
    let by_api_key = Request::get().header("x-api-key", "bob");
    let caller = hub.authenticator.authenticate(by_api_key.parts()).await.unwrap();
    assert_eq!(caller.subject, Subject::HubUser(2));
    hub.end().await;
}

#[tokio::test]
async fn a_wrong_credential_is_counted_and_a_missing_or_right_one_is_not() {
    let mut hub = Hub::start(HUB).await;
    for (place, credential) in [
        "",
        "nobody's",
        "a\u{e9}",
        "bob-disabled",
        "bob-deleted",
        "shared",
        "sk-demo-admin-9c2e7b10d4f85a63",
        "the administrator's toke",
        &Hub::token("9"),
        "eyJhbGciOiJIUzI1NiJ9.e30.AA",
    ]
    .into_iter()
    .enumerate()
    {
        hub.authenticator.attempts = Attempts::new(State::off());
        hub.authenticator.attempts_max = 1;
        // Neither counts.
        let nobody = Request::get();
        let missing = hub.authenticator.authenticate(nobody.parts()).await;
        assert!(matches!(missing, Err(AuthError::Refused(Refusal::Missing))));
        hub.bearer("bob").await.unwrap();
        assert!(
            matches!(
                hub.bearer(credential).await,
                Err(AuthError::Refused(Refusal::Invalid))
            ),
            "{place}: {credential}"
        );
        assert!(
            matches!(
                hub.bearer(credential).await,
                Err(AuthError::Refused(Refusal::TooManyAttempts { wait })) if wait <= Duration::from_secs(60)
            ),
            "{place}: {credential}"
        );
        // Right ones pass, also one that was not seen before.
        hub.sign_in(ADMIN_TOKEN).await.unwrap();
        hub.bearer("bob").await.unwrap();
        hub.bearer(["ada", "bob-api", "ada-api", "twice"][place % 4])
            .await
            .unwrap();
    }
    hub.end().await;
}

#[tokio::test]
async fn of_many_wrong_keys_at_once_each_is_counted() {
    let hub = Hub::start(HUB).await;
    let credentials: Vec<_> = (0..100).map(|number| format!("wrong-{number}")).collect();
    let answers = join_all(credentials.iter().map(|credential| hub.bearer(credential))).await;
    let unauthorized = answers
        .iter()
        .filter(|answer| matches!(answer, Err(AuthError::Refused(Refusal::Invalid))))
        .count();
    assert_eq!(unauthorized, 3);
    let stopped = |answer: &&_| matches!(answer, Err(AuthError::Refused(Refusal::TooManyAttempts { .. })));
    assert_eq!(answers.iter().filter(stopped).count(), 97);
    hub.bearer("bob").await.unwrap();
    hub.end().await;
}

#[tokio::test]
async fn a_session_lasts_as_long_as_its_key_is_good() {
    let mut hub = Hub::start(HUB).await;
    assert!(matches!(
        hub.sign_in("ada-api").await,
        Err(AuthError::Refused(Refusal::NoWebAccess))
    ));
    assert!(matches!(
        hub.sign_in("bob-api").await,
        Err(AuthError::Refused(Refusal::NoWebAccess))
    ));
    for change in [
        "can_login_web_ui = false",
        "can_login_web_ui = null",
        "is_enabled = false",
        "deleted_at = now()",
        "expires_at = now() - interval '1 second'",
        "key = 'sk-demo-1'",
        "key = 'rotated'",
        "id = 1000",
    ] {
        let cookie = hub.session("ada").await;
        assert_eq!(hub.by_session(&cookie).await.unwrap().role, Role::Admin);
        hub.run(&format!(
            "begin; update keys set {change} where key = 'ada'; commit"
        ))
        .await;
        assert!(
            matches!(
                hub.by_session(&cookie).await,
                Err(AuthError::Refused(Refusal::Missing))
            ),
            "{change}"
        );
        hub.run(
            "update keys set id = 1, key = 'ada', can_login_web_ui = true, is_enabled = true, deleted_at = null, \
             expires_at = null where id in (1, 1000)",
        )
        .await;
    }
    // A session of `ada` has no more rights than the bearer token `ada`.
    for (other_row, removed) in [
        ("(1, 'ada', false, true)", "user_id = 1 and not can_login_web_ui"),
        (
            "(1, 'ada', null, true)",
            "user_id = 1 and can_login_web_ui is null",
        ),
        ("(2, 'ada', true, true)", "user_id = 2"),
    ] {
        let cookie = hub.session("ada").await;
        hub.run(&format!(
            "insert into keys (user_id, key, can_login_web_ui, is_enabled) values {other_row}"
        ))
        .await;
        assert!(
            matches!(
                hub.by_session(&cookie).await,
                Err(AuthError::Refused(Refusal::Missing))
            ),
            "{other_row}"
        );
        hub.run(&format!("delete from keys where key = 'ada' and {removed}"))
            .await;
        hub.by_session(&cookie).await.unwrap();
    }
    let cookie = hub.session(ADMIN_TOKEN).await;
    assert_eq!(hub.by_session(&cookie).await.unwrap().name, "Administrator");
    let forged = cookie.replace("null", "1");
    assert!(matches!(
        hub.by_session(&forged).await,
        Err(AuthError::Refused(Refusal::Missing))
    ));
    let cookie = hub.elsewhere.start(
        &VerifiedCredential::AdminToken(TokenFingerprint::of(&SecretString::from("token"))),
        false,
    );
    let cookie = cookie.stripped().encoded().to_string();
    assert!(matches!(
        hub.by_session(&cookie).await,
        Err(AuthError::Refused(Refusal::Missing))
    ));
    hub.end().await;
}

#[tokio::test]
async fn a_session_ends_by_sign_out_and_by_an_administrator() {
    let hub = Hub::start(HUB).await;
    let (ada, other) = (hub.session("ada").await, hub.session("ada").await);
    let bob = hub.session("bob").await;
    let request = Request::post().header("cookie", &ada);
    hub.authenticator.sign_out(request.parts()).await.unwrap();
    assert!(matches!(
        hub.by_session(&ada).await,
        Err(AuthError::Refused(Refusal::Missing))
    ));
    hub.by_session(&other).await.unwrap();

    hub.authenticator.end_sessions(Some(&Subject::HubUser(1))).await;
    assert!(matches!(
        hub.by_session(&other).await,
        Err(AuthError::Refused(Refusal::Missing))
    ));
    hub.by_session(&bob).await.unwrap();
    hub.authenticator.end_sessions(None).await;
    assert!(matches!(
        hub.by_session(&bob).await,
        Err(AuthError::Refused(Refusal::Missing))
    ));
    tokio::time::sleep(Duration::from_millis(2)).await;
    let later = hub.session("bob").await;
    hub.by_session(&later).await.unwrap();
    hub.end().await;
}

#[tokio::test]
async fn a_token_of_a_user_of_the_hub_lasts_as_long_as_the_user_is_enabled() {
    let mut hub = Hub::start(HUB).await;
    let token = Hub::token("2");
    for change in ["is_enabled = false", "deleted_at = now()", "expires_at = now()"] {
        hub.bearer(&token).await.unwrap();
        hub.run(&format!("update users set {change} where id = 2")).await;
        assert!(
            matches!(
                hub.bearer(&token).await,
                Err(AuthError::Refused(Refusal::Invalid))
            ),
            "{change}"
        );
        hub.run("update users set is_enabled = true, deleted_at = null, expires_at = null where id = 2")
            .await;
    }
    hub.end().await;
}

#[tokio::test]
async fn another_sites_request_changes_nothing() {
    let hub = Hub::start(HUB).await;
    let cookie = hub.session("bob").await;
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let request = Request::post().header("cookie", &cookie).header(name, value);
        let refused = hub.authenticator.authenticate(request.parts()).await;
        assert!(
            matches!(refused, Err(AuthError::Refused(Refusal::CrossOrigin))),
            "{name}"
        );
        let refused = hub.authenticator.sign_in(request.parts(), "bob").await;
        assert!(
            matches!(refused, Err(AuthError::Refused(Refusal::CrossOrigin))),
            "{name}"
        );
    }
    hub.end().await;
}

#[tokio::test]
async fn a_database_without_the_hubs_tables_has_no_keys() {
    let hub = Hub::start("create table keys (id int, key text)").await;
    assert!(matches!(
        hub.bearer("ada").await,
        Err(AuthError::Refused(Refusal::Invalid))
    ));
    assert_eq!(hub.bearer(ADMIN_TOKEN).await.unwrap().role, Role::Admin);
    hub.postgres.stop().await.unwrap();
    let other = Request {
        peer: [192, 0, 2, 2].into(),
        ..Request::get().header("x-api-key", "ada")
    };
    let failed = hub.authenticator.authenticate(other.parts()).await;
    assert!(matches!(failed, Err(AuthError::Database(_))));
}
