//! Bytes that are counted and hashed as they go through.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// A reader or a writer whose bytes are counted and hashed.
pub struct Hashed<T> {
    /// What they come from or go to.
    pub inner: T,
    /// How many there were.
    pub bytes: u64,
    hasher: Sha256,
}

impl<T> Hashed<T> {
    /// None have gone through yet.
    pub fn of(inner: T) -> Self {
        Self {
            inner,
            bytes: 0,
            hasher: Sha256::new(),
        }
    }

    /// What they came from or went to, and their SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> (T, String) {
        let digest = self.hasher.finalize();
        let digits = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        (self.inner, digits)
    }

    fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<T: Read> Read for Hashed<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.take(&buffer[..read]);
        Ok(read)
    }
}

impl<T: Write> Write for Hashed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.take(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
