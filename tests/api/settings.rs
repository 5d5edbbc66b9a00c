//! Settings: the help, the two places that they come from, and refusals.

use decant_tests::actors::Actor;
use decant_tests::cluster::{ROLES_WITH_PASSWORD, folder};
use decant_tests::database::Database;
use decant_tests::program::{self, Settings};
use decant_tests::server::{Server, data_dir};

/// Asserts that the server refuses to start with these settings, and returns the reason.
async fn refusal(settings: Settings<'_>) -> String {
    let data = folder();
    let ours = [data_dir(&data), ("DECANT_LISTEN", "127.0.0.1:0")];
    program::run(&["serve"], &[&ours, settings].concat())
        .await
        .refusal()
}

#[tokio::test]
async fn help_lists_every_setting() {
    let help = program::run(&["serve", "--help"], &[]).await.good().text();
    for setting in [
        "DSN",
        "ADMIN_TOKEN",
        "JWT_SECRET",
        "JWKS_FILE",
        "DECANT_LISTEN",
        "DECANT_DATA_DIR",
        "DECANT_DATASETS_DIR",
        "DECANT_DEMO_ROWS",
        "DECANT_LOG",
        "DECANT_HEARTBEAT_SECONDS",
        "DECANT_SHUTDOWN_SECONDS",
        "DECANT_EXPORTS_MAX",
        "DECANT_LOGIN_ATTEMPTS_MAX",
        "DECANT_SESSION_HOURS",
        "DECANT_CONFIG",
    ] {
        assert!(help.contains(setting), "{setting} is missing:\n{help}");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_refused_with_its_name_and_reason_but_not_its_value() {
    for (name, value, reason) in [
        ("DSN", "mysql://root:hunter2hunter2@localhost/x", "postgres://"),
        (
            "DSN",
            "postgres://u:hunter2@localhost:port/x",
            "port that is no number",
        ),
        (
            "DSN",
            "postgres://u:hunter2@localhost/x?sslmode=sometimes",
            "sslmode",
        ),
        (
            "DSN",
            "postgres:///x?host=/nowhere&service=hub",
            "parameter service",
        ),
        (
            "DSN",
            "postgres:///x?host=/nowhere&sslmod=verify-full",
            "parameter sslmod",
        ),
        (
            "DSN",
            "postgres:///x?host=/nowhere&channel_binding=require",
            "channel_binding",
        ),
        ("DSN", "postgres://u@one,two/x", "several hosts"),
        ("PGSERVICE", "hub", "PGSERVICE"),
        ("PGHOSTADDR", "127.0.0.1", "PGHOSTADDR"),
        ("ADMIN_TOKEN", "hunter2", "at least 16"),
        ("JWT_SECRET", "hunter2", "at least 32"),
        ("DECANT_LISTEN", "hunter2", "must be an IP address and a port"),
        ("DECANT_EXPORTS_MAX", "0", "at least 1"),
        (
            "DECANT_EXPORTS_MAX",
            "many",
            "must be a whole number of at least 1",
        ),
        (
            "DECANT_HEARTBEAT_SECONDS",
            "-1",
            "must be a whole number of at least 1",
        ),
        ("DECANT_LOG", "loud", "must be pretty or json"),
        ("DECANT_TRUST_PROXY", "perhaps", "must be true or false"),
        ("DECANT_WAIT_SECONDS", "1.5", "must be a whole number"),
        ("JWKS_FILE", "/no/such/file", "No such file"),
        ("DECANT_DATASETS_DIR", "/no/such/folder", "No such file"),
        ("DECANT_CONFIG", "/no/such/file", "No such file"),
    ] {
        let said = refusal(&[("DSN", "postgres:///x?host=/nowhere"), (name, value)]).await;
        assert!(said.contains(reason), "{name}={value}: {said}");
        assert!(
            said.contains(name) || said.contains(value),
            "{name} is not named: {said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn an_unreachable_database_is_reported_without_its_password() {
    let said = refusal(&[
        ("DSN", "postgres://u:hunter2@127.0.0.1:1/x"),
        ("DECANT_WAIT_SECONDS", "1"),
    ])
    .await;
    assert!(said.contains("DSN"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_port_in_use_is_reported() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&[
        ("DSN", "postgres:///x?host=/nowhere"),
        ("DECANT_LISTEN", &address),
    ])
    .await;
    assert!(
        said.contains(&address) && said.contains("DECANT_LISTEN"),
        "{said}"
    );
}

#[tokio::test]
async fn settings_in_a_file_yield_to_the_environment() {
    let database = Database::new().await;
    let settings = folder();
    let file = settings.path().join("decant.toml");
    let text = format!(
        "DSN = \"{}\"\nDECANT_PAGE_ROWS_MAX = 3\nADMIN_TOKEN = \"the-one-in-the-file\"\n",
        database.dsn
    );
    std::fs::write(&file, text).unwrap();
    let server = Server::start(&[("DECANT_CONFIG", file.to_str().unwrap())]).await;
    let nobody = Actor::new(&server.address);
    nobody
        .clone()
        .with_token("the-one-in-the-file")
        .me()
        .answer()
        .await
        .problem(401, "invalid_credentials");
    let admin = nobody.with_token(decant_tests::server::ADMIN_TOKEN);
    assert_eq!(
        admin.page("usage-logs").answer().await.raw_rows().whole().count(),
        3
    );
}

#[tokio::test]
async fn an_error_in_the_settings_file_is_reported_by_name() {
    let settings = folder();
    let file = settings.path().join("decant.toml");
    for (text, part) in [
        ("DECANT_LISTN = \"127.0.0.1:0\"", "DECANT_LISTN"),
        ("ADMIN_TOKEN = \"hunter2", "line 1"),
        ("DECANT_EXPORTS_MAX = [1]", "DECANT_EXPORTS_MAX"),
        ("[database]\nDSN = \"hunter2\"", "database"),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = refusal(&[("DECANT_CONFIG", file.to_str().unwrap())]).await;
        assert!(
            said.contains(part) && said.contains("decant.toml"),
            "{text}: {said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn every_form_of_dsn_is_accepted() {
    let database = Database::new().await;
    // The DSN of a test database: postgres:///name?host=/folder&port=…&user=…&sslmode=…
    let (name, parameters) = database
        .dsn
        .strip_prefix("postgres:///")
        .unwrap()
        .split_once('?')
        .unwrap();
    let parameter = |wanted: &str| {
        let mut pairs = parameters.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find_map(|(key, value)| (key == wanted).then(|| value.to_owned()))
            .unwrap()
    };
    let (socket, port, user) = (parameter("host"), parameter("port"), parameter("user"));
    let encoded_socket = socket.replace('/', "%2F");
    for dsn in [
        format!("postgresql:///{name}?host={socket}&port={port}&user={user}"),
        format!("postgres://{user}@{encoded_socket}:{port}/{name}"),
        format!("postgres://{user}@/{name}?host={socket}&port={port}&channel_binding=prefer"),
        format!("postgres://{user}:p%40ss%2Fw%3Ard@{encoded_socket}:{port}/{name}?sslmode=prefer"),
    ] {
        let server = Server::start(&[("DSN", &dsn)]).await;
        Actor::new(&server.address).readyz().answer().await.good();
    }
}

#[tokio::test]
async fn the_databases_password_is_used_and_never_printed() {
    let [_, role] = ROLES_WITH_PASSWORD;
    let database = Database::new().await;
    database
        .execute(format!(
            "create role {role} login password 'p@ss/wörd%'; grant pg_read_all_data to {role}"
        ))
        .await;
    let dsn = |password: &str| {
        let begin = format!("postgres://{role}:{password}@localhost/");
        let dsn = database.dsn.replacen("postgres:///", &begin, 1);
        dsn.replacen("&user=postgres", "", 1)
    };
    let right = dsn("p%40ss%2Fw%C3%B6rd%25");
    let server = Server::start(&[("DSN", &right)]).await;
    Actor::new(&server.address).readyz().answer().await.good();
    program::run(&["datasets", "check"], &[("DSN", &right)])
        .await
        .good();

    let wrong = dsn("hunter2%25");
    let commands = [
        vec!["datasets", "check"],
        vec!["demo", "--rows", "1"],
        vec!["export", "usage-logs", "-o", "-"],
    ];
    let mut told = vec![refusal(&[("DSN", &wrong)]).await];
    for command in commands {
        told.push(program::run(&command, &[("DSN", &wrong)]).await.refusal());
    }
    for said in told {
        for part in ["password authentication failed", role, "in DSN"] {
            assert!(said.contains(part), "{part} is missing: {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}
