//! A swap whose answer is lost.

use decant_tests::actors::Actor;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies};
use decant_tests::server::{ADMIN_TOKEN, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true")];

/// Starts a proxy before PostgreSQL that loses the answer to the commit of each transaction which has renamed a database.
/// Returns its address.
async fn proxy(socket: String) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there are free ports");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let socket = socket.clone();
            // An error ends the connection.
            tokio::spawn(async move { relay(client, &socket).await });
        }
    });
    address
}

async fn relay(mut client: TcpStream, socket: &str) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket).await?;
    let (mut sent, mut answered) = ([0; 65536], [0; 65536]);
    let (mut renames, mut commits) = (false, false);
    loop {
        tokio::select! {
            bytes = client.read(&mut sent) => {
                let bytes = &sent[..bytes?];
                renames |= contains(bytes, b"rename to");
                commits |= renames && contains(bytes, b"COMMIT");
                server.write_all(bytes).await?;
                if bytes.is_empty() {
                    return Ok(());
                }
            }
            bytes = server.read(&mut answered) => {
                let bytes = &answered[..bytes?];
                if commits || bytes.is_empty() {
                    return Ok(());
                }
                client.write_all(bytes).await?;
            }
        }
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|part| part == text)
}

#[tokio::test]
async fn a_swap_whose_answer_is_lost_is_reported_as_it_ended() {
    let database = Database::new().await;
    let name = database.text("select current_database()").await.unwrap();
    let socket = database
        .text("select current_setting('unix_socket_directories') || '/.s.PGSQL.' || current_setting('port')")
        .await
        .unwrap();
    let dsn = format!("postgres://postgres@{}/{name}", proxy(socket).await);
    let server = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let rows = admin.usage_count(&[]).await;
    database
        .execute("delete from message_request where id % 2 = 0")
        .await;

    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    let previous = restored["previous"].as_str().expect("it is kept");
    assert_eq!(copies(&admin).await[0]["name"], previous);
    assert_eq!(admin.usage_count(&[]).await, rows);

    let answer = admin.roll_back(previous).answer().await.good().text();
    let kept = copies(&admin).await[0]["name"].as_str().unwrap().to_owned();
    assert!(kept != previous && answer.contains(&kept), "{answer}");
    assert!(admin.usage_count(&[]).await < rows);
}
