//! The age format, chunk by chunk: for writers that wait for the storage between chunks.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::StreamWriter;
use bytes::Bytes;

use super::encryption::Encryption;

/// An encrypted file in the making.
pub struct ChunkEncryption {
    stream: StreamWriter<Buffer>,
    output: Buffer,
}

/// Bytes that are encrypted and not yet taken.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl ChunkEncryption {
    /// Begins an encrypted file; `None` without encryption. With a passphrase this takes a second of processor time and 256 MB
    /// of memory, so call it on a thread that may block.
    ///
    /// # Errors
    /// The recipients cannot be used.
    pub fn new(encryption: &Encryption) -> io::Result<Option<Self>> {
        let output = Buffer::default();
        let stream = encryption.encrypt_to(output.clone())?;
        Ok(stream.map(|stream| Self { stream, output }))
    }

    /// Encrypts the next bytes of the file, and returns what is ready to be stored: a multiple of 64 KiB, or nothing.
    ///
    /// # Errors
    /// Those of `age`.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        self.stream.write_all(bytes)?;
        Ok(self.output.take())
    }

    /// Ends the file, and returns the rest of it.
    ///
    /// # Errors
    /// Those of `age`.
    pub fn finish(self) -> io::Result<Bytes> {
        Ok(self.stream.finish()?.take())
    }
}

impl Buffer {
    fn take(&self) -> Bytes {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use age::x25519;

    use super::super::encryption::Accept;
    use super::*;

    #[test]
    fn a_file_encrypted_in_chunks_is_read_as_any_other() {
        let secret = x25519::Identity::generate();
        let encryption = Encryption::Keys {
            recipients: vec![secret.to_public()],
            identities: vec![Box::new(secret)],
        };
        let content: Vec<u8> = (0..200_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        for size in [1000, 64 * 1024, 150_000, 1_000_000] {
            let mut file = ChunkEncryption::new(&encryption).unwrap().unwrap();
            let mut stored = Vec::new();
            for chunk in content.chunks(size) {
                stored.extend_from_slice(&file.push(chunk).unwrap());
            }
            stored.extend_from_slice(&file.finish().unwrap());
            let mut read = Vec::new();
            let mut reader = encryption.read(&*stored, Accept::OWN).unwrap();
            reader.read_to_end(&mut read).unwrap();
            assert_eq!(read, content, "chunks of {size} bytes");
        }
        assert!(ChunkEncryption::new(&Encryption::None).unwrap().is_none());
    }
}
