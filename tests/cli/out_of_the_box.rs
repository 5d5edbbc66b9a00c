//! `decant serve` without `DSN`: a private PostgreSQL with demo data.

use std::time::{Duration, Instant};

use decant_embedded::EmbeddedPostgres;
use decant_tests::actors::Actor;
use decant_tests::cluster::{execute, folder};
use decant_tests::patience::wait_for;
use decant_tests::server::{ADMIN_TOKEN, Server, data_dir};

async fn start(data: &tempfile::TempDir) -> Server {
    Server::start(&[data_dir(data), ("DECANT_DEMO_ROWS", "500")]).await
}

/// Returns the rest of the line after these words in the server's output.
fn printed(server: &Server, before: &str) -> String {
    let log = server.log();
    let (_, rest) = log
        .split_once(before)
        .unwrap_or_else(|| panic!("`{before}` is missing:\n{log}"));
    rest.split_whitespace()
        .next()
        .expect("something stands behind it")
        .to_owned()
}

async fn rows(server: &Server, token: &str) -> u64 {
    Actor::new(&server.address)
        .with_token(token)
        .usage_count(&[])
        .await
}

/// Returns the processes whose command line contains this folder.
fn processes_in(folder: &std::path::Path) -> usize {
    let folder = folder.as_os_str().as_encoded_bytes();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| line.windows(folder.len()).any(|part| part == folder))
        .count()
}

#[tokio::test]
async fn the_first_start_prints_both_ways_to_sign_in() {
    let data = folder();
    let mut server = start(&data).await;
    let both = async || server.log().contains("ordinary user").then_some(());
    wait_for("the ways to sign in", Duration::from_secs(5), both).await;
    let (admin, user) = (
        printed(&server, "administrator with"),
        printed(&server, "an ordinary user, with"),
    );
    let (all, own) = (rows(&server, &admin).await, rows(&server, &user).await);
    assert!(all > own && own > 0, "{all} rows, {own} of them the user's");

    server.ask_to_stop();
    assert_eq!(server.ended().await, Some(0), "{}", server.log());
    assert_eq!(processes_in(data.path()), 0, "PostgreSQL stops with the server");
}

#[tokio::test]
async fn the_second_start_reuses_the_data_and_is_quick() {
    let data = folder();
    let mut first = start(&data).await;
    let before = rows(&first, ADMIN_TOKEN).await;
    first.ask_to_stop();
    first.ended().await;
    let since = Instant::now();
    let second = start(&data).await;
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    assert_eq!(rows(&second, ADMIN_TOKEN).await, before);
}

#[tokio::test]
async fn a_published_key_signs_nobody_in_and_its_sessions_end() {
    let (administrator, user) = ("sk-demo-admin-9c2e7b10d4f85a63", "sk-demo-alice-4f1d8a6c2b9e7035");
    let data = folder();
    let start_in_the_open = async || {
        Server::start(&[
            data_dir(&data),
            ("DECANT_DEMO_ROWS", "500"),
            ("DECANT_LISTEN", "0.0.0.0:0"),
            // One that is kept would outlive the key.
            ("DECANT_SESSION_SECRET", ""),
        ])
        .await
    };
    let nobody_on = |server: &Server| Actor::new(&server.address.replace("0.0.0.0", "127.0.0.1"));
    let refuses_published_keys = async |server: &Server| {
        let nobody = nobody_on(server);
        for key in [administrator, user] {
            for request in [nobody.login(key), nobody.clone().with_token(key).me()] {
                request.answer().await.problem(401, "invalid_credentials");
            }
        }
    };
    let mut server = start_in_the_open().await;
    refuses_published_keys(&server).await;
    let key = printed(&server, "an ordinary user, with");
    let nobody = nobody_on(&server);
    let sign_in = nobody.login(&key).answer().await.good();
    nobody.with_session(&sign_in).me().answer().await.good();
    server.ask_to_stop();
    server.ended().await;

    // As an older version left it.
    let postgres = EmbeddedPostgres::start(data.path()).await.unwrap();
    let sql = format!(
        "update keys set key = '{administrator}' where id = 1; update keys set key = '{user}' where id = 2"
    );
    execute(&postgres.url(), sql).await;
    postgres.stop().await.unwrap();

    let server = start_in_the_open().await;
    refuses_published_keys(&server).await;
    let session = nobody_on(&server).with_session(&sign_in).me();
    session.answer().await.problem(401, "unauthenticated");
    let user = printed(&server, "an ordinary user, with");
    let own = nobody_on(&server).with_token(&user).usage_count(&[]).await;
    assert!(own > 0, "the user has a new key, and their rows");
}

#[tokio::test]
async fn a_restored_database_of_somebody_else_is_served_without_demo_data() {
    let data = folder();
    for table in ["users", "orders"] {
        let postgres = EmbeddedPostgres::start(data.path()).await.unwrap();
        let sql =
            format!("drop schema public cascade; create schema public; create table public.{table} (id int)");
        execute(&postgres.url(), sql).await;
        postgres.stop().await.unwrap();

        let mut server = start(&data).await;
        let log = server.log();
        assert!(
            !log.contains("ordinary user") && !log.contains("made-up"),
            "{log}"
        );
        server.ask_to_stop();
        assert_eq!(server.ended().await, Some(0), "{}", server.log());
    }
}

#[tokio::test]
async fn the_private_postgresql_survives_a_crash() {
    let data = folder();
    let mut first = start(&data).await;
    let before = rows(&first, ADMIN_TOKEN).await;
    first.crash().await;
    let second = start(&data).await;
    assert_eq!(rows(&second, ADMIN_TOKEN).await, before);
}

#[tokio::test]
async fn postgresql_ends_with_a_crashed_server() {
    let data = folder();
    let mut server = start(&data).await;
    assert!(processes_in(data.path()) > 0);
    server.crash().await;
    let ended = async || (processes_in(data.path()) == 0).then_some(());
    wait_for("PostgreSQL to end", Duration::from_secs(10), ended).await;
}

#[tokio::test]
async fn an_incomplete_data_folder_is_made_again() {
    let data = folder();
    let half = data.path().join("postgres/data.new");
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    let server = start(&data).await;
    assert!(rows(&server, ADMIN_TOKEN).await > 0);
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused() {
    let data = folder();
    let _first = start(&data).await;
    let settings = [data_dir(&data), ("DECANT_LISTEN", "127.0.0.1:0")];
    let said = decant_tests::program::run(&["serve"], &settings).await.refusal();
    assert!(
        said.contains("in use") && said.contains("DECANT_DATA_DIR"),
        "{said}"
    );
}

#[tokio::test]
async fn the_private_postgresql_listens_on_no_network_and_never_runs_as_root() {
    let data = folder();
    let _server = start(&data).await;
    let pid = std::fs::read_to_string(data.path().join("postgres/data/postmaster.pid")).unwrap();
    let lines: Vec<_> = pid.lines().collect();
    assert_eq!(lines[5].trim(), "", "the address that PostgreSQL listens on");
    let status = std::fs::read_to_string(format!("/proc/{}/status", lines[0])).unwrap();
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
    assert!(user.split_whitespace().all(|id| id != "0"), "{user}");
}
