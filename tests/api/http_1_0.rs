//! Clients of HTTP/1.0, which know no chunks. nginx is one to its servers unless `proxy_http_version` is set.

use std::io::ErrorKind;

use decant_tests::actors::rest_of;
use decant_tests::app::App;
use decant_tests::definitions::ENDLESS;
use decant_tests::nginx::Nginx;
use decant_tests::raw_rows::RawRows;
use decant_tests::server::ADMIN_TOKEN;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const END_ENDLESS: &str = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
                           and state = 'active' and query ilike 'copy%'";

struct Answer {
    head: String,
    body: Vec<u8>,
    /// `None`: the connection ended as an answer does.
    broken: Option<ErrorKind>,
}

async fn ask(app: &App, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&app.server.address)
        .await
        .expect("the server listens");
    // A client that would keep the connection cannot find the end of such an answer.
    let request = format!(
        "GET {path} HTTP/1.0\r\nauthorization: Bearer {ADMIN_TOKEN}\r\nconnection: keep-alive\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the server reads");
    stream
}

async fn read(mut stream: TcpStream) -> Answer {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    let broken = loop {
        match stream.read(&mut piece).await {
            Ok(0) => break None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
            Err(error) => break Some(error.kind()),
        }
    };
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("the head is whole");
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    Answer { head, body, broken }
}

#[tokio::test]
async fn an_answer_of_unknown_length_has_no_chunks_and_ends_with_the_connection() {
    let app = App::start().await;
    let file = app.admin().export("usage-logs").answer().await.good().body;
    let rows = app.admin().usage_rows(&[]).await.bytes;
    for path in ["/api/datasets/usage-logs/export", "/api/datasets/usage-logs/rows"] {
        let answer = read(ask(&app, path).await).await;
        assert!(answer.head.starts_with("http/1.0 200"), "{}", answer.head);
        for header in ["transfer-encoding", "content-length", "keep-alive"] {
            assert!(!answer.head.contains(header), "{}", answer.head);
        }
        assert_eq!(answer.broken, None, "{path}");
        let is_whole = match path.ends_with("/export") {
            true => answer.body == file,
            false => RawRows::parse(&answer.body).whole().bytes == rows,
        };
        assert!(is_whole, "{path}: {} bytes", answer.body.len());
    }
    // An answer of known length still may keep the connection.
    let mut stream = ask(&app, "/healthz").await;
    let mut piece = vec![0; 4096];
    let read = stream.read(&mut piece).await.unwrap();
    let head = String::from_utf8_lossy(&piece[..read]).to_lowercase();
    assert!(
        head.contains("content-length: 6") && head.contains("connection: keep-alive"),
        "{head}"
    );
}

#[tokio::test]
async fn an_answer_that_fails_ends_with_a_reset() {
    let app = App::start_with_datasets(&[ENDLESS], &[]).await;
    let mut stream = ask(&app, "/api/datasets/endless/export").await;
    stream.read_exact(&mut [0; 200_000]).await.unwrap();
    app.database.execute(END_ENDLESS).await;
    let mut rest = vec![0; 64 * 1024];
    let broken = loop {
        match stream.read(&mut rest).await {
            Ok(0) => break None,
            Ok(_) => {}
            Err(error) => break Some(error.kind()),
        }
    };
    assert_eq!(broken, Some(ErrorKind::ConnectionReset), "a cut file looks whole");
}

#[tokio::test]
async fn a_killed_server_resets_the_connection() {
    let mut app = App::start_with_datasets(&[ENDLESS], &[]).await;
    let mut stream = ask(&app, "/api/datasets/endless/export").await;
    stream.read_exact(&mut [0; 200_000]).await.unwrap();
    app.server.crash().await;
    let mut rest = Vec::new();
    let error = stream.read_to_end(&mut rest).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn nginx_with_its_defaults_passes_no_cut_file_as_whole() {
    let app = App::start_with_datasets(&[ENDLESS], &[]).await;
    let nginx = Nginx::with(&format!(
        "location / {{ proxy_pass http://{}; }}",
        app.server.address
    ))
    .await;
    let admin = app.admin().through(&nginx.address);
    let whole = app.admin().export("usage-logs").answer().await.good().body;
    assert!(admin.export("usage-logs").answer().await.good().body == whole);

    let mut stream = admin.export("endless").open().await;
    stream.chunk().await.unwrap().unwrap();
    app.database.execute(END_ENDLESS).await;
    let (_, broken) = rest_of(stream).await;
    assert!(broken, "nginx calls a cut file whole");
}
