//! Zstandard (RFC 8878).

use std::io::Write;

use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

/// Measured on usage logs: higher levels are slower and pack no better.
const LEVEL: i32 = 1;

/// Packs one run of bytes. Only the end takes the encoder away.
pub(super) struct Zstandard(Option<Box<StreamingEncoder<Vec<u8>>>>);

impl Zstandard {
    pub(super) fn new() -> Self {
        let level = CompressionLevel::from_level(LEVEL);
        Self(Some(Box::new(StreamingEncoder::new(Vec::new(), level))))
    }

    /// Packs bytes, and appends what is ready.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(encoder) = &mut self.0 {
            encoder.write_all(bytes).expect("a Vec takes every byte");
            out.append(encoder.get_mut());
        }
    }

    /// Appends the rest.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(encoder) = self.0.take() {
            out.append(&mut encoder.finish().expect("a Vec takes every byte"));
        }
    }
}
