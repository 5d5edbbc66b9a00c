//! A stream that counts and hashes the bytes that pass through it.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// A reader or writer that passes all bytes on to `inner`, counts them and computes their SHA-256.
pub struct HashingStream<T> {
    pub inner: T,
    pub bytes: u64,
    hasher: Sha256,
}

impl<T> HashingStream<T> {
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            bytes: 0,
            hasher: Sha256::new(),
        }
    }

    /// Returns the inner stream and the SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> (T, String) {
        let digest = self.hasher.finalize();
        let digits = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        (self.inner, digits)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<T: Read> Read for HashingStream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.update(&buffer[..read]);
        Ok(read)
    }
}

impl<T: Write> Write for HashingStream<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
