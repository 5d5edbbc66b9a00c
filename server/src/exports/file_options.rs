//! The settings of the files of exports.

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use secrecy::SecretString;

use crate::schedule::Schedule;
use crate::storage::encryption::Encryption;

/// The part of the settings that concerns files of exports.
#[derive(Clone, Debug)]
pub struct FileOptions {
    pub encryption: Arc<Encryption>,
    /// When files whose time is over are removed.
    pub cleanup_schedule: Schedule,
    /// How long records are kept after their file went.
    pub records_kept: Duration,
    /// Signs links; `None`: the secret of sessions does.
    pub link_secret: Option<SecretString>,
    /// Signs receipts; `None`: a secret in the data folder does.
    pub receipt_secret: Option<SecretString>,
    pub links: StorageLinks,
}

/// Where a link to the file of an export leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StorageLinks {
    /// To Decant, which sends the file.
    Proxied,
    /// To the bucket, unless the link is good once or the file is encrypted.
    Direct,
}
