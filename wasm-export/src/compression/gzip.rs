//! Writes gzip (RFC 1952).
//!
//! Decant writes the header itself and takes DEFLATE from miniz_oxide, because flate2 chooses its backend by the
//! features of other crates, and another backend would give other bytes.

use crate::deflate::Deflate;

/// Method DEFLATE, no name, no time, compressed fast, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// The state of one gzip file.
pub(super) struct Gzip {
    deflate: Deflate,
    checksum: crc32fast::Hasher,
    size_bytes: u64,
}

impl Gzip {
    pub(super) fn begin(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&HEADER);
        Self {
            deflate: Deflate::new(),
            checksum: crc32fast::Hasher::new(),
            size_bytes: 0,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.checksum.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.deflate.push(bytes, out);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.deflate.finish(out);
        out.extend_from_slice(&std::mem::take(&mut self.checksum).finalize().to_le_bytes());
        // The length modulo 2^32 (RFC 1952, section 2.3.1).
        out.extend_from_slice(&(self.size_bytes as u32).to_le_bytes());
    }
}
