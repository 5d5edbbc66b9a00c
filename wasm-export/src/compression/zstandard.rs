//! Reads and writes Zstandard (RFC 8878).

use std::io::{self, BufRead, Read, Write};

use structured_zstd::decoding::{ContentChecksum, FrameDecoder, StreamingDecoder};
use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

/// Measured on usage logs: higher levels are slower and compress no better.
const LEVEL: i32 = 1;

/// The most memory that a compressed file may request.
const WINDOW_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Returns a reader of the decompressed bytes, which checks their checksum.
pub(crate) fn unpacked<'a>(input: impl BufRead + 'a) -> io::Result<impl Read + 'a> {
    let mut decoder = FrameDecoder::new();
    decoder.set_content_checksum(ContentChecksum::Verify);
    decoder
        .set_max_window_size(WINDOW_BYTES_MAX)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    Ok(StreamingDecoder::new_with_decoder(input, decoder))
}

/// Compresses one run of bytes. `None` only after `finish`.
pub(crate) struct Zstandard(Option<Box<StreamingEncoder<Vec<u8>>>>);

impl Zstandard {
    pub(crate) fn new() -> Self {
        let level = CompressionLevel::from_level(LEVEL);
        let mut encoder = StreamingEncoder::new(Vec::new(), level);
        encoder
            .set_content_checksum(true)
            .expect("nothing has been written yet");
        Self(Some(Box::new(encoder)))
    }

    /// Compresses bytes, and appends the output that is ready.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(encoder) = &mut self.0 {
            encoder.write_all(bytes).expect("a Vec takes every byte");
            out.append(encoder.get_mut());
        }
    }

    /// Appends the rest of the output.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(encoder) = self.0.take() {
            out.append(&mut encoder.finish().expect("a Vec takes every byte"));
        }
    }
}
