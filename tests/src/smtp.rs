//! A mail server: aiosmtpd, as a process.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::cluster::folder;
use crate::exports::PATIENCE;
use crate::patience::wait_for;

pub const USER: &str = "decant";
pub const PASSWORD: &str = "smtp/of these-tests";

/// The server. The name of a recipient decides how it answers; the file lists these names.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/smtp_server.py");

/// The protection of connections that the server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    None,
    /// STARTTLS with a certificate of its own, and a password.
    TlsAndPassword,
}

/// Dropping the value kills the process.
#[derive(Debug)]
pub struct Smtp {
    process: Child,
    port: u16,
    security: Security,
    folder: TempDir,
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Recipients of the envelope.
    pub to: String,
    pub is_encrypted: bool,
    pub user: String,
    /// With `\n` as line ends.
    pub source: String,
}

impl Smtp {
    /// Starts a server on a free port, and waits until it is ready.
    pub fn start(security: Security) -> Self {
        let folder = folder();
        let mut command = Command::new("tests-python");
        command.arg(PROGRAM).arg(folder.path());
        if security == Security::TlsAndPassword {
            make_certificate(&folder);
            command
                .arg("--certificate")
                .arg(folder.path().join("certificate.pem"))
                .arg("--key")
                .arg(folder.path().join("key.pem"))
                .args(["--user", USER, "--password", PASSWORD]);
        }
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = spawned.expect("tests-python is installed by scripts/set-up.sh test");
        let mut line = String::new();
        let output = process.stdout.take().expect("stdout is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it has an output");
        Self {
            process,
            port: line.trim().parse().expect("it prints its port"),
            security,
            folder,
        }
    }

    /// Returns its address for `SMTP_URL`, with the password if it wants one.
    pub fn url(&self) -> String {
        let password = PASSWORD.replace('/', "%2F").replace(' ', "%20");
        let user = match self.security {
            Security::None => String::new(),
            Security::TlsAndPassword => format!("{USER}:{password}@"),
        };
        format!("smtp://{user}127.0.0.1:{}", self.port)
    }

    /// Returns the file with its certificate.
    pub fn certificate(&self) -> String {
        self.folder.path().join("certificate.pem").display().to_string()
    }

    /// Returns the messages that it has, in the order in which they came.
    pub fn mails(&self) -> Vec<Mail> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder is ours");
        let paths = entries.map(|entry| entry.expect("the folder is ours").path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
            .collect();
        paths.sort();
        paths.iter().map(|path| Mail::read(path)).collect()
    }

    /// Waits until it has so many messages, and returns them.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        wait_for(&format!("{count} mails"), PATIENCE, async || {
            Some(self.mails()).filter(|mails| mails.len() >= count)
        })
        .await
    }

    /// Returns how often a client has named this recipient.
    pub fn attempts(&self, recipient: &str) -> usize {
        let recipients = std::fs::read_to_string(self.folder.path().join("recipients"));
        let recipients = recipients.unwrap_or_default();
        recipients.lines().filter(|line| *line == recipient).count()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Mail {
    fn read(path: &std::path::Path) -> Self {
        let source = std::fs::read_to_string(path).expect("a message is ASCII");
        let mut mail = Self {
            to: String::new(),
            is_encrypted: false,
            user: String::new(),
            source: source.replace("\r\n", "\n"),
        };
        mail.to = mail.header("X-Test-To");
        mail.is_encrypted = mail.header("X-Test-Tls") == "True";
        mail.user = mail.header("X-Test-User");
        mail
    }

    /// Returns the headers, with folded lines joined.
    pub fn headers(&self) -> String {
        let (headers, _) = self.source.split_once("\n\n").expect("a message has headers");
        headers.replace("\n ", " ").replace("\n\t", " ")
    }

    /// Returns a header; empty without one.
    pub fn header(&self, name: &str) -> String {
        let headers = self.headers();
        let prefix = format!("{name}: ");
        let found = headers.lines().find_map(|line| line.strip_prefix(&prefix));
        found.unwrap_or_default().to_owned()
    }

    /// Returns the content of the part with this media type, decoded.
    pub fn part(&self, media_type: &str) -> Option<Vec<u8>> {
        let start = self.source.find(&format!("Content-Type: {media_type}"))?;
        let part = &self.source[start..];
        let (headers, rest) = part.split_once("\n\n")?;
        // A line with two hyphens begins the next part.
        let body = rest.split("\n--").next()?;
        let is_base64 = headers.contains("Content-Transfer-Encoding: base64")
            || self.source[..start]
                .lines()
                .rev()
                .take(2)
                .any(|line| line.ends_with(": base64"));
        match is_base64 {
            true => STANDARD.decode(body.replace('\n', "")).ok(),
            false => Some(quoted_printable(body)),
        }
    }

    /// Returns the part for programs without HTML.
    pub fn text(&self) -> String {
        let text = self.part("text/plain").expect("a mail has a text");
        String::from_utf8(text).expect("it is UTF-8")
    }
}

/// Decodes the encoding of texts (RFC 2045, 6.7). Text without it stays as it is, except `=` and two digits.
fn quoted_printable(text: &str) -> Vec<u8> {
    let joined = text.replace("=\n", "");
    let mut bytes = joined.bytes().peekable();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let digits = (byte == b'=').then(|| {
            let rest: Vec<u8> = bytes.clone().take(2).collect();
            u8::from_str_radix(std::str::from_utf8(&rest).unwrap_or_default(), 16).ok()
        });
        match digits.flatten() {
            Some(value) => {
                decoded.push(value);
                bytes.nth(1);
            }
            None => decoded.push(byte),
        }
    }
    decoded
}

fn make_certificate(folder: &TempDir) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=mail of these tests",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(folder.path().join("key.pem"))
        .arg("-out")
        .arg(folder.path().join("certificate.pem"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(
        made.expect("openssl is installed by scripts/set-up.sh test")
            .success()
    );
}
