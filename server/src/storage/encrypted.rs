//! Writes a file to the storage, encrypted if keys are set, and reads it back only if its SHA-256 is the recorded one.

use std::io::{self, Read, Write};

use super::Upload;
use super::encryption::{Accept, DecryptionError, Encryption};
use super::hashing::HashingStream;

/// A file in the storage, as it is stored: its size and hash are those of the encrypted bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    pub bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// Why a stored file does not give its content back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the stored file has changed: its SHA-256 is {found} instead of {expected}")]
    Changed { expected: String, found: String },
    #[error("it cannot be read: {0}")]
    Decryption(#[from] DecryptionError),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Decryption(DecryptionError::Io(error))
    }
}

/// Stores the bytes that `write_content` writes. If it fails, no file is left in the storage.
///
/// # Errors
/// Returns the first error of `write_content` or of the storage.
pub fn write_encrypted(
    upload: Upload,
    encryption: &Encryption,
    write_content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<StoredFile> {
    let mut upload = HashingStream::new(upload);
    let written = encryption.write(&mut upload, write_content);
    if let Err(error) = written {
        upload.inner.abort();
        return Err(error);
    }
    let bytes = upload.length();
    let (upload, sha256) = upload.finish();
    upload.finish()?;
    Ok(StoredFile { bytes, sha256 })
}

/// Writes the decrypted content of a stored file to `output`. `expected` is its SHA-256 in hexadecimal digits.
///
/// # Errors
/// [`ReadError`]. The bytes that were written by then must not be used.
pub fn read_encrypted(
    stored: impl Read,
    encryption: &Encryption,
    accept: Accept,
    expected: &str,
    output: &mut impl Write,
) -> Result<(), ReadError> {
    let mut stored = HashingStream::new(stored);
    let decrypted = encryption
        .read(&mut stored, accept)
        .and_then(|mut content| Ok(io::copy(&mut content, output)?));
    // A changed byte also shows as a wrong key or as damage. The hash covers the whole file and names the real cause, so
    // the rest is read before either error is returned.
    io::copy(&mut stored, &mut io::sink())?;
    let (_, found) = stored.finish();
    if found != expected {
        return Err(ReadError::Changed {
            expected: expected.to_owned(),
            found,
        });
    }
    decrypted?;
    output.flush()?;
    Ok(())
}
