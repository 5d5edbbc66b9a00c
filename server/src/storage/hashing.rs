//! The SHA-256 and the size of bytes that pass through a stream.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use crate::hex::to_hex;

/// The SHA-256 and the number of bytes that were seen so far.
#[derive(Clone, Debug, Default)]
pub struct FileHash {
    bytes: u64,
    hasher: Sha256,
}

impl FileHash {
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        to_hex(&self.hasher.finalize())
    }
}

/// A reader or writer that passes all bytes on to `inner`, counts them and computes their SHA-256.
pub struct HashingStream<T> {
    pub inner: T,
    hash: FileHash,
}

impl<T> HashingStream<T> {
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            hash: FileHash::default(),
        }
    }

    /// Returns the number of bytes that have passed.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.hash.bytes()
    }

    /// Returns the inner stream and the SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> (T, String) {
        (self.inner, self.hash.finish())
    }
}

impl<T: Read> Read for HashingStream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

impl<T: Write> Write for HashingStream<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
