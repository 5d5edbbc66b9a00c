//! An HTTP server of files in memory, for the bench's pages.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use crate::outcome::Outcome;

/// Files at an address on loopback. The server ends with this program.
pub struct Site {
    /// Host and port, for example `127.0.0.1:4711`.
    pub address: String,
}

pub struct File {
    path: String,
    media_type: &'static str,
    content: Vec<u8>,
}

impl File {
    /// Reads a file, and serves it under its own name.
    pub fn read(path: &Path) -> Outcome<Self> {
        Self::read_as(&path.file_name().unwrap_or_default().to_string_lossy(), path)
    }

    /// Reads a file, and serves it under another name.
    pub fn read_as(name: &str, path: &Path) -> Outcome<Self> {
        let content = std::fs::read(path)
            .map_err(|error| format!("{}: {error}; `make bench` makes it", path.display()))?;
        Ok(Self::of(name, content))
    }

    pub fn of(name: &str, content: Vec<u8>) -> Self {
        let media_type = match name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "wasm")) => "application/wasm",
            _ => "application/octet-stream",
        };
        Self {
            path: format!("/{name}"),
            media_type,
            content,
        }
    }
}

impl Site {
    /// Starts the server. `/` is `/index.html`.
    pub fn of(files: Vec<File>) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let files = Arc::new(files);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let files = files.clone();
                // A browser opens connections in advance, and an idle one must not delay others.
                std::thread::spawn(move || answer(connection, &files));
            }
        });
        Ok(Self { address })
    }
}

/// Answers one request. A disconnected browser is no error.
fn answer(connection: TcpStream, files: &[File]) -> std::io::Result<()> {
    let mut lines = BufReader::new(&connection).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for header in lines {
        if header?.is_empty() {
            break;
        }
    }
    let path = match request.split_whitespace().nth(1) {
        None | Some("/") => "/index.html",
        Some(path) => path,
    };
    let mut connection = &connection;
    let Some(file) = files.iter().find(|file| file.path == path) else {
        return connection
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    };
    write!(
        connection,
        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         connection: close\r\n\r\n",
        file.media_type,
        file.content.len()
    )?;
    connection.write_all(&file.content)
}
