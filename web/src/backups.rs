//! The backups in the server's storage.

use serde::Deserialize;

use crate::browser;
use crate::wording;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    pub storage: String,
    pub encryption: String,
    pub can_prove: bool,
    pub next: Option<String>,
    pub next_proof: Option<String>,
    pub running: Option<Running>,
    pub failure: Option<Failure>,
    pub backups: Vec<Backup>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Running {
    pub bytes: u64,
    pub message: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    pub at: String,
    pub reason: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Backup {
    pub name: String,
    pub began: String,
    pub bytes: u64,
    pub encryption: String,
    pub proof: Option<Proof>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Proof {
    pub at: String,
    pub rows: u64,
    pub failure: Option<String>,
}

impl Overview {
    pub fn plan(&self) -> String {
        let storage = &self.storage;
        let encryption = match self.encryption.as_str() {
            "none" => "not encrypted",
            "passphrase" => "encrypted with a passphrase",
            _ => "encrypted for keys",
        };
        let next = match &self.next {
            Some(next) => format!("Next backup: {}.", browser::moment(next)),
            None => "Scheduled backups are off. Set DECANT_BACKUP_AT to turn them on.".to_owned(),
        };
        let proof = match &self.next_proof {
            Some(next) => format!("Next restore test: {}.", browser::moment(next)),
            None => "Scheduled restore tests are off. Set DECANT_BACKUP_PROOF_AT to turn them on.".to_owned(),
        };
        format!("Stored in {storage}, {encryption}. {next} {proof}")
    }
}

impl Backup {
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
    pub fn outcome(&self) -> String {
        let at = browser::moment(&self.at);
        match &self.failure {
            None => format!(
                "Restore tested {at}: {}, as many as in the backup.",
                wording::rows(self.rows)
            ),
            Some(failure) => format!("Restore test failed {at}: {failure}"),
        }
    }
}
