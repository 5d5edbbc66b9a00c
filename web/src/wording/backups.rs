//! Backups as text. `moment` formats a time for the visitor.

use api::Timestamp;
use api::backups::{Backup, BackupEncryption, BackupOverview, BackupProof};

use super::{bytes, rows};

/// Returns where backups are stored and when the next ones are due.
pub fn overview(overview: &BackupOverview, moment: impl Fn(Timestamp) -> String) -> String {
    let storage = &overview.storage;
    let encryption = match overview.encryption {
        BackupEncryption::None => "not encrypted",
        BackupEncryption::Passphrase => "encrypted with a passphrase",
        BackupEncryption::Keys => "encrypted for keys",
    };
    let next = match overview.next {
        Some(next) => format!("Next backup: {}.", moment(next)),
        None => "Scheduled backups are off. Set DECANT_BACKUP_AT to turn them on.".to_owned(),
    };
    let next_test = match overview.next_proof {
        Some(next) => format!("Next restore test: {}.", moment(next)),
        None => "Scheduled restore tests are off. Set DECANT_BACKUP_PROOF_AT to turn them on.".to_owned(),
    };
    format!("Stored in {storage}, {encryption}. {next} {next_test}")
}

/// Returns age, size and encryption.
pub fn backup(backup: &Backup, moment: impl Fn(Timestamp) -> String) -> String {
    let encrypted = match backup.encryption {
        BackupEncryption::None => "",
        BackupEncryption::Passphrase | BackupEncryption::Keys => ", encrypted",
    };
    format!("{}, {}{encrypted}", moment(backup.began), bytes(backup.bytes))
}

pub fn restore_test(test: &BackupProof, moment: impl Fn(Timestamp) -> String) -> String {
    let at = moment(test.at);
    match &test.failure {
        None => format!(
            "Restore tested {at}: {}, as many as in the backup.",
            rows(test.rows)
        ),
        Some(failure) => format!("Restore test failed {at}: {failure}"),
    }
}
