//! Files as they lie in the storage: encrypted or not, and known by their hash.

use std::io::{self, Read, Write};

use crate::encryption::{Encryption, NotReadable};
use crate::hashed::Hashed;
use crate::storage::Upload;

/// What has been stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// How many bytes it has there.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// Why a stored file does not give back what was put into it.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// Somebody or something has changed it.
    #[error("what is stored is not what was written: its SHA-256 is {found}, and was {expected}")]
    Changed {
        /// What it was.
        expected: String,
        /// What it is.
        found: String,
    },
    /// It cannot be decrypted, or not be read at all.
    #[error("it cannot be read: {0}")]
    NotReadable(#[from] NotReadable),
}

impl From<io::Error> for NotOpened {
    fn from(error: io::Error) -> Self {
        Self::NotReadable(NotReadable::Io(error))
    }
}

/// Stores what `content` writes; on its error there is no such file.
///
/// # Errors
/// What either the content or the storage says.
pub fn seal(
    upload: Upload,
    encryption: &Encryption,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Stored> {
    let mut upload = Hashed::of(upload);
    let written = encryption.write(&mut upload, content);
    if let Err(error) = written {
        upload.inner.give_up();
        return Err(error);
    }
    let bytes = upload.bytes;
    let (upload, sha256) = upload.finish();
    upload.finish()?;
    Ok(Stored { bytes, sha256 })
}

/// Writes what was stored to `output`.
///
/// # Errors
/// [`NotOpened`]; then what was written is not to be used.
pub fn open(
    stored: impl Read,
    encryption: &Encryption,
    expected: &str,
    output: &mut impl Write,
) -> Result<(), NotOpened> {
    let mut stored = Hashed::of(stored);
    let opened = encryption
        .read(&mut stored)
        .and_then(|mut content| Ok(io::copy(&mut content, output)?));
    // A changed byte shows as a wrong key or as damage, too; that it was changed says more.
    io::copy(&mut stored, &mut io::sink())?;
    let (_, found) = stored.finish();
    if found != expected {
        return Err(NotOpened::Changed {
            expected: expected.to_owned(),
            found,
        });
    }
    opened?;
    output.flush()?;
    Ok(())
}
