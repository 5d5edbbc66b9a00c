//! A client that discards what it reads, so that it costs as little as `psql > /dev/null`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use decant_tests::actors::Actor;
use decant_tests::server::{ADMIN_TOKEN, Server};

use crate::outcome::Outcome;

const READ_BYTES: usize = 256 * 1024;

/// End of a chunked body (RFC 9112, section 7.1).
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Measurements of one answer.
pub struct Answer {
    /// From the request to the last byte.
    pub took: Duration,
    /// Bytes after the headers.
    pub bytes: u64,
}

/// Returns the raw rows of a dataset, `limit` at most.
pub async fn keep(server: &Server, dataset: &str, limit: Option<u64>) -> Vec<u8> {
    let rows = Actor::new(&server.address).with_token(ADMIN_TOKEN).rows(dataset);
    let limit = limit.map_or_else(String::new, |limit| limit.to_string());
    rows.query("limit", &limit).answer().await.good().body
}

/// Returns the stream of a bundle.
pub async fn keep_bundle(server: &Server, bundle: &str) -> Vec<u8> {
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    admin.bundle_rows(bundle).answer().await.good().body
}

/// Sends a request to a Decant server and reads the answer to its end.
pub fn read(server: &Server, target: &str, encoding: &str) -> Outcome<Answer> {
    read_from(&server.address, target, encoding)
}

/// Sends a request to any server and reads the answer to its end.
pub fn read_from(address: &str, target: &str, encoding: &str) -> Outcome<Answer> {
    read_as(address, ADMIN_TOKEN, target, encoding)
}

/// Sends a request with this token and reads the answer to its end.
pub fn read_as(address: &str, token: &str, target: &str, encoding: &str) -> Outcome<Answer> {
    let begun = Instant::now();
    let mut answer = Body::ask(address, token, target, encoding)?;
    while answer.read(READ_BYTES)? > 0 {}
    let took = begun.elapsed();
    match answer.is_whole() {
        true => Ok(Answer {
            took,
            bytes: answer.bytes,
        }),
        false => Err(format!("the answer to {target} broke off after {} bytes", answer.bytes).into()),
    }
}

/// Sends a request to a Decant server, reads at this rate (bytes per second), and disconnects after `time`.
pub fn read_slowly(server: &Server, target: &str, bytes_per_second: u64, time: Duration) -> Outcome<()> {
    let begun = Instant::now();
    let mut answer = Body::ask(&server.address, ADMIN_TOKEN, target, "identity")?;
    while begun.elapsed() < time {
        let due = Duration::from_secs_f64(answer.bytes as f64 / bytes_per_second as f64);
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        if answer.read(READ_BYTES / 16)? == 0 {
            return Err("the slow client came to the end of the rows: there are too few for it".into());
        }
    }
    Ok(())
}

struct Body {
    connection: BufReader<TcpStream>,
    buffer: Vec<u8>,
    bytes: u64,
    length: Option<u64>,
    tail: Vec<u8>,
}

impl Body {
    fn ask(address: &str, token: &str, target: &str, encoding: &str) -> Outcome<Self> {
        let mut connection = TcpStream::connect(address)?;
        write!(
            connection,
            "GET {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             accept-encoding: {encoding}\r\nconnection: close\r\n\r\n"
        )?;
        let mut connection = BufReader::with_capacity(READ_BYTES, connection);
        let mut status = String::new();
        connection.read_line(&mut status)?;
        if !status.starts_with("HTTP/1.1 200 ") {
            return Err(format!("{target} was answered with {}", status.trim()).into());
        }
        let length = length(&mut connection)?;
        Ok(Self {
            connection,
            buffer: vec![0; READ_BYTES],
            bytes: 0,
            length,
            tail: Vec::new(),
        })
    }

    /// Reads at most `most` bytes and returns their number; 0 at the end.
    fn read(&mut self, most: usize) -> Outcome<usize> {
        let read = self.connection.read(&mut self.buffer[..most])?;
        self.bytes += read as u64;
        let last = &self.buffer[read.saturating_sub(LAST_CHUNK.len())..read];
        self.tail.extend_from_slice(last);
        let surplus = self.tail.len().saturating_sub(LAST_CHUNK.len());
        self.tail.drain(..surplus);
        Ok(read)
    }

    fn is_whole(&self) -> bool {
        match self.length {
            Some(length) => self.bytes == length,
            None => self.tail == LAST_CHUNK,
        }
    }
}

/// Reads the headers and returns the length of the body; `None` if the body is chunked.
fn length(connection: &mut impl BufRead) -> Outcome<Option<u64>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            return Ok(length);
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        }
    }
}
