//! Against a real PostgreSQL with the hub's two tables.

use std::fs::{Permissions, set_permissions};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use api::login::Role;
use decant_embedded::EmbeddedPostgres;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use super::*;
use crate::auth::Scope;
use crate::hub_tables::HubTables;
use crate::source::{Limits, Source};

const ADMIN_TOKEN: &str = "the administrator's token";

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
        Self {
            authenticator: Authenticator {
                sessions: Sessions::new(&secret, Some(&admin_token), Duration::from_secs(60)),
                admin_token: Some(admin_token),
                token_keys: TokenKeys::default(),
                attempts: Attempts::new(3),
                hub: HubUsers::new(Source::new(&options, limits), HubTables::default()),
                trust_proxy: false,
            },
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
        let cookie = self.authenticator.sessions.start(&verified, false);
        cookie.stripped().encoded().to_string()
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
    for (credential, name, role, scope) in [
        (ADMIN_TOKEN, "Administrator", Role::Admin, Scope::All),
        ("ada", "Ada", Role::Admin, Scope::All),
        ("ada-api", "Ada", Role::User, Scope::Owner(1)),
        ("ada-null", "Ada", Role::User, Scope::Owner(1)),
        ("twice", "Ada", Role::User, Scope::Owner(1)),
        ("bob", "Bob", Role::User, Scope::Owner(2)),
        ("bob-api", "Bob", Role::User, Scope::Owner(2)),
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
    assert_eq!(caller.user_id, Some(2));
    hub.end().await;
}

#[tokio::test]
async fn a_wrong_credential_is_counted_and_a_missing_one_is_not() {
    let mut hub = Hub::start(HUB).await;
    for credential in [
        "",
        "nobody's",
        "a\u{e9}",
        "bob-disabled",
        "bob-deleted",
        "shared",
        "sk-demo-admin-9c2e7b10d4f85a63",
        "the administrator's toke",
    ] {
        hub.authenticator.attempts = Attempts::new(1);
        assert!(
            matches!(hub.bearer(credential).await, Err(AuthError::Invalid)),
            "{credential}"
        );
        assert!(matches!(
            hub.sign_in(ADMIN_TOKEN).await,
            Err(AuthError::TooManyAttempts { .. })
        ));
    }
    let nobody = Request::get();
    for _ in 0..2 {
        hub.authenticator.attempts = Attempts::new(1);
        let missing = hub.authenticator.authenticate(nobody.parts()).await;
        assert!(matches!(missing, Err(AuthError::Missing)));
    }
    hub.end().await;
}

#[tokio::test]
async fn a_session_lasts_as_long_as_its_key_is_good() {
    let mut hub = Hub::start(HUB).await;
    assert!(matches!(
        hub.sign_in("ada-api").await,
        Err(AuthError::NoWebAccess)
    ));
    assert!(matches!(
        hub.sign_in("bob-api").await,
        Err(AuthError::NoWebAccess)
    ));
    for change in [
        "can_login_web_ui = false",
        "can_login_web_ui = null",
        "is_enabled = false",
        "deleted_at = now()",
        "expires_at = now() - interval '1 second'",
        "key = 'sk-demo-1'",
    ] {
        let cookie = hub.session("ada").await;
        assert_eq!(hub.by_session(&cookie).await.unwrap().role, Role::Admin);
        hub.run(&format!(
            "begin; update keys set {change} where key = 'ada'; commit"
        ))
        .await;
        assert!(
            matches!(hub.by_session(&cookie).await, Err(AuthError::Missing)),
            "{change}"
        );
        hub.run(
            "update keys set key = 'ada', can_login_web_ui = true, is_enabled = true, deleted_at = null, \
             expires_at = null where id = 1",
        )
        .await;
    }
    let cookie = hub.session(ADMIN_TOKEN).await;
    assert_eq!(hub.by_session(&cookie).await.unwrap().name, "Administrator");
    let forged = cookie.replace("null", "1");
    assert!(matches!(hub.by_session(&forged).await, Err(AuthError::Missing)));
    hub.end().await;
}

#[tokio::test]
async fn another_sites_request_changes_nothing() {
    let hub = Hub::start(HUB).await;
    let cookie = hub.session("bob").await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let request = Request::post().header("cookie", &cookie).header(name, value);
        let refused = hub.authenticator.authenticate(request.parts()).await;
        assert!(matches!(refused, Err(AuthError::CrossOrigin)), "{name}");
        let refused = hub.authenticator.sign_in(request.parts(), "bob").await;
        assert!(matches!(refused, Err(AuthError::CrossOrigin)), "{name}");
    }
    hub.end().await;
}

#[tokio::test]
async fn a_database_without_the_hubs_tables_has_no_keys() {
    let hub = Hub::start("create table keys (id int, key text)").await;
    assert!(matches!(hub.bearer("ada").await, Err(AuthError::Invalid)));
    assert_eq!(hub.bearer(ADMIN_TOKEN).await.unwrap().role, Role::Admin);
    hub.postgres.stop().await.unwrap();
    let other = Request {
        peer: [192, 0, 2, 2].into(),
        ..Request::get().header("x-api-key", "ada")
    };
    let failed = hub.authenticator.authenticate(other.parts()).await;
    assert!(matches!(failed, Err(AuthError::Database(_))));
}
