//! The dumps that the server keeps in its storage, as it tells of them.

use serde::Deserialize;

use crate::browser;
use crate::wording;

/// All that there is to know.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Where they are, in words.
    pub storage: String,
    /// Who can read new ones: `none`, `passphrase`, `keys`.
    pub encryption: String,
    /// Whether the server can read what it writes.
    pub can_prove: bool,
    /// When the next is due (RFC 3339), if they are made by themselves.
    pub next: Option<String>,
    /// When the newest is proved next.
    pub next_proof: Option<String>,
    /// What is being done.
    pub running: Option<Running>,
    /// What went wrong the last time.
    pub failure: Option<Failure>,
    /// The backups, the newest first.
    pub backups: Vec<Backup>,
}

/// What is being done.
#[derive(Clone, Debug, Deserialize)]
pub struct Running {
    /// The bytes that have come so far.
    pub bytes: u64,
    /// What it is at.
    pub message: String,
}

/// What went wrong.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// One backup.
#[derive(Clone, Debug, Deserialize)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// When its dump began.
    pub began: String,
    /// Its bytes in the storage.
    pub bytes: u64,
    /// Who can read it.
    pub encryption: String,
    /// The last time that it was restored for proof.
    pub proof: Option<Proof>,
}

/// A backup was restored for proof.
#[derive(Clone, Debug, Deserialize)]
pub struct Proof {
    /// When.
    pub at: String,
    /// The rows that came out.
    pub rows: u64,
    /// Why it does not restore; `None`: it does.
    pub failure: Option<String>,
}

impl Overview {
    /// Where and when they are made, in words.
    #[must_use]
    pub fn plan(&self) -> String {
        let storage = &self.storage;
        let encryption = match self.encryption.as_str() {
            "none" => "not encrypted",
            "passphrase" => "encrypted with a passphrase",
            _ => "encrypted for keys",
        };
        let next = match &self.next {
            Some(next) => format!("The next is due {}.", browser::moment(next)),
            None => "None is made by itself (DECANT_BACKUP_AT).".to_owned(),
        };
        let proof = match &self.next_proof {
            Some(next) => format!("The newest is proved {}.", browser::moment(next)),
            None => "None is proved by itself (DECANT_BACKUP_PROOF_AT).".to_owned(),
        };
        format!("Kept in {storage}, {encryption}. {next} {proof}")
    }
}

impl Backup {
    /// Its age, its size and who can read it, in words.
    #[must_use]
    pub fn about(&self) -> String {
        let encrypted = if self.encryption == "none" {
            ""
        } else {
            ", encrypted"
        };
        format!(
            "{}, {}{encrypted}",
            browser::moment(&self.began),
            wording::bytes(self.bytes)
        )
    }
}

impl Proof {
    /// What came of it, in words.
    #[must_use]
    pub fn outcome(&self) -> String {
        let at = browser::moment(&self.at);
        match &self.failure {
            None => format!(
                "Proved {at}: {} came out, as many as are in it.",
                wording::rows(self.rows)
            ),
            Some(failure) => format!("Does not restore, tried {at}: {failure}"),
        }
    }
}
