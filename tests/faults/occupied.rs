//! One caller cannot keep the others out: by exports that they do not read, by queries that wait, or by requests that do
//! not end.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, ENDLESS, NUMBERS};
use decant_tests::patience::wait_for;
use decant_tests::server::{ADMIN_TOKEN, Server};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bound for what should take a second or two.
const SOON: Duration = Duration::from_secs(20);

const WAIT: (&str, &str) = ("DECANT_WAIT_SECONDS", "1");

#[tokio::test]
async fn exports_that_nobody_reads_take_only_their_callers_share() {
    // Every user of the hub may see it.
    let endless = ENDLESS.replace("access = \"admin\"", "access = \"owner\"\nowner = \"$ID::int\"");
    let database = Database::new().await;
    let user = database.busy_user().await;
    let definitions = Definitions::of(&[&endless.replace("$ID", &user.id.to_string()), NUMBERS]);
    let settings = [
        definitions.setting(),
        ("DECANT_EXPORTS_MAX", "3"),
        ("DECANT_EXPORTS_PER_CALLER", "2"),
        WAIT,
    ];
    let app = App::start_on(database, &settings).await;
    let user = app.anonymous().with_token(&user.key);
    let nine = (0..9).map(|_| user.rows("endless").open());
    let unread = futures_util::future::join_all(nine).await;
    let mut statuses: Vec<_> = unread.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429, 429, 429, 429, 429, 429, 429]);
    assert_eq!(app.database.running_copies().await, 2);
    let refused = user.rows("endless").answer().await.problem(429, "share_used");
    assert!(
        refused.detail.contains("2 of your requests"),
        "{}",
        refused.detail
    );
    let others = app.admin().rows("numbers").answer().await.raw_rows().whole();
    assert_eq!(others.count(), 3);
    drop(unread);
}

#[tokio::test]
async fn queries_that_wait_keep_nobody_from_signing_in() {
    let app = App::start_with(&[
        ("DECANT_CONNECTIONS_MAX", "2"),
        ("DECANT_QUERIES_PER_CALLER", "2"),
        WAIT,
    ])
    .await;
    let (user, hub_user) = app.user().await;
    user.me().answer().await.good();
    let _lock = locked(&app, "message_request").await;
    let counts: Vec<_> = (0..4)
        .map(|_| tokio::spawn(user.count("usage-logs").open()))
        .collect();
    wait_for("both counts to wait for the table", SOON, async || {
        (waiting(&app).await == 2).then_some(())
    })
    .await;
    app.anonymous().readyz().answer().await.good();
    app.anonymous().login(&hub_user.key).answer().await.good();
    user.me().answer().await.good();
    for count in counts {
        count.abort();
    }
}

#[tokio::test]
async fn sign_ins_that_wait_do_not_make_the_server_unhealthy() {
    let app = App::start_with(&[("DECANT_CONNECTIONS_MAX", "2"), WAIT]).await;
    let (user, _) = app.user().await;
    let _lock = locked(&app, "keys").await;
    let requests: Vec<_> = (0..4).map(|_| tokio::spawn(user.me().open())).collect();
    wait_for("all connections for sign-in to wait", SOON, async || {
        (waiting(&app).await == 2).then_some(())
    })
    .await;
    app.anonymous().readyz().answer().await.good();
    for request in requests {
        request.abort();
    }
}

#[tokio::test]
async fn an_export_that_nobody_reads_ends() {
    let app = App::start_with_datasets(&[ENDLESS], &[("DECANT_STALL_SECONDS", "1")]).await;
    let stream = app.admin().rows("endless").open().await;
    let running = async || (app.database.running_copies().await == 1).then_some(());
    wait_for("the export to run", SOON, running).await;
    let ended = async || (app.database.running_copies().await == 0).then_some(());
    wait_for("the export to end, because its client reads nothing", SOON, ended).await;
    drop(stream);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_refused() {
    let app = App::start_with(&[("DECANT_STALL_SECONDS", "1")]).await;
    let address = app.server.address.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = "POST /api/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(SOON, connection.read_to_string(&mut answer))
        .await
        .expect("the connection is closed")
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("request_stalled"), "{answer}");
}

#[tokio::test]
async fn a_body_that_arrives_byte_by_byte_is_refused_and_one_that_takes_long_is_not() {
    let app = App::start_with(&[("DECANT_STALL_SECONDS", "1")]).await;
    let address = app.server.address.trim_start_matches("http://");
    let send = async |head: String, pieces: Vec<Vec<u8>>, pause| {
        let (mut answers, mut connection) = TcpStream::connect(address).await.unwrap().into_split();
        connection.write_all(head.as_bytes()).await.unwrap();
        let sending = tokio::spawn(async move {
            for piece in pieces {
                // The server may have closed the connection.
                if connection.write_all(&piece).await.is_err() {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
            connection
        });
        let mut answer = vec![0; 4096];
        let length = tokio::time::timeout(SOON, answers.read(&mut answer)).await;
        let length = length.expect("the server answers").unwrap();
        sending.abort();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    let head = "POST /api/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    let bytes = vec![b" ".to_vec(); 200];
    let answer = send(head.to_owned(), bytes, Duration::from_millis(200)).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");

    // 64 KiB within each second.
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.dump\"\r\n\r\nPGDMP";
    let mut pieces = vec![form.as_bytes().to_vec()];
    pieces.extend(vec![vec![b'x'; 70_000]; 4]);
    pieces.push(b"\r\n--b--\r\n".to_vec());
    let length: usize = pieces.iter().map(Vec::len).sum();
    let head = format!(
        "POST /api/admin/database/import HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: {length}\r\n\r\n"
    );
    let answer = send(head, pieces, Duration::from_millis(400)).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("cleanFirst"), "{answer}");
}

#[tokio::test]
async fn a_server_with_few_files_answers_under_many_connections() {
    let database = Database::new().await;
    let server = Server::start_with_files(64, &[("DSN", &database.dsn)]).await;
    let mut connections = Vec::new();
    for _ in 0..100 {
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        connection.write_all(request.as_bytes()).await.unwrap();
        connections.push(connection);
    }
    // Some are answered, and the files that their connections leave are enough for an export.
    let mut answered = 0;
    for connection in &mut connections {
        let mut answer = [0; 4096];
        let read = tokio::time::timeout(Duration::from_millis(20), connection.read(&mut answer));
        if !matches!(read.await, Ok(Ok(1..))) {
            continue;
        }
        answered += 1;
        let request = format!(
            "GET /api/datasets/usage-logs/rows HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut rows = Vec::new();
        let reading = async {
            let end = b"\r\n0\r\n\r\n";
            while !rows.ends_with(end) && connection.read_buf(&mut rows).await.unwrap() > 0 {}
        };
        tokio::time::timeout(SOON, reading)
            .await
            .expect("the export is answered");
        let rows = String::from_utf8_lossy(&rows);
        assert!(
            rows.starts_with("HTTP/1.1 200") && rows.contains("\\.{"),
            "{rows}"
        );
        if answered == 5 {
            break;
        }
    }
    assert_eq!(answered, 5);
    drop(connections);
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    admin.rows("usage-logs").answer().await.good();
}

/// Locks a table, so that every query of it waits until the connection is dropped.
async fn locked(app: &App, table: &str) -> PgConnection {
    let mut lock = PgConnection::connect(&app.database.dsn)
        .await
        .expect("the cluster runs");
    lock.execute("begin").await.expect("a transaction begins");
    let statement = format!("lock table {table} in access exclusive mode");
    lock.execute(AssertSqlSafe(statement))
        .await
        .expect("the table is there");
    lock
}

/// Returns the number of queries that wait for a lock.
async fn waiting(app: &App) -> u64 {
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
         and datname = current_database()";
    app.database.number(waiting).await
}
