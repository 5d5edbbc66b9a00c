//! Compresses a whole file, in any format.

mod gzip;
#[cfg(feature = "zstd")]
pub(crate) mod zstandard;

use self::gzip::Gzip;
use crate::format::FormatError;
use crate::options::Compression;
use crate::zip::Zip;

/// The state of one compressed file.
pub(crate) struct Packer {
    method: Method,
    /// Bytes that do not fill a block yet.
    waiting: Vec<u8>,
}

/// Bytes are compressed in blocks of this size, so that the compressed file does not depend on how its bytes come.
const BLOCK_BYTES: usize = 64 * 1024;

enum Method {
    Gzip(Gzip),
    #[cfg(feature = "zstd")]
    Zstd(zstandard::Zstandard),
    Zip(Zip),
}

impl Packer {
    /// Returns a packer, or `None` when the file is not compressed, and appends the beginning of the compressed file.
    /// `name` is the name of the file in a zip archive, and `as_of` its modification time (RFC 3339).
    ///
    /// # Errors
    /// When this program was built without the compression.
    pub(crate) fn begin(
        compression: Compression,
        name: &str,
        as_of: &str,
        out: &mut Vec<u8>,
    ) -> Result<Option<Self>, FormatError> {
        let method = match compression {
            Compression::None => return Ok(None),
            Compression::Gzip => Method::Gzip(Gzip::begin(out)),
            #[cfg(feature = "zstd")]
            Compression::Zstd => Method::Zstd(zstandard::Zstandard::new()),
            #[cfg(not(feature = "zstd"))]
            Compression::Zstd => return Err(FormatError::NoZstd),
            Compression::Zip => {
                let mut zip = Zip::new(Some(as_of));
                zip.begin(name, true, out);
                Method::Zip(zip)
            }
        };
        Ok(Some(Self {
            method,
            waiting: Vec::new(),
        }))
    }

    /// Returns the buffer for the file's next bytes.
    pub(crate) fn plain(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    /// Compresses all whole blocks of the buffer.
    pub(crate) fn pack(&mut self, out: &mut Vec<u8>) {
        let (blocks, rest) = self.waiting.as_chunks::<BLOCK_BYTES>();
        for block in blocks {
            self.method.push(block, out);
        }
        let packed = self.waiting.len() - rest.len();
        self.waiting.drain(..packed);
    }

    /// Compresses the rest of the buffer, and appends the end of the compressed file.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.pack(out);
        self.method.push(&self.waiting, out);
        self.waiting = Vec::new();
        self.method.finish(out);
    }
}

impl Method {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Gzip(gzip) => gzip.push(bytes, out),
            #[cfg(feature = "zstd")]
            Self::Zstd(zstandard) => zstandard.push(bytes, out),
            Self::Zip(zip) => zip.push(bytes, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Gzip(gzip) => gzip.finish(out),
            #[cfg(feature = "zstd")]
            Self::Zstd(zstandard) => zstandard.finish(out),
            Self::Zip(zip) => zip.finish(out),
        }
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;
    use crate::Export;
    use crate::options::Options;
    use crate::rows::Kind;
    use crate::sample::{header, stream};

    /// Returns the file of a stream that comes in pieces of this size.
    fn export(stream: &[u8], compression: Compression, piece_bytes: usize) -> Vec<u8> {
        let options = Options {
            compression,
            ..Options::default()
        };
        let mut export = Export::new(options);
        let mut file = Vec::new();
        for piece in stream.chunks(piece_bytes) {
            export.push(piece, &mut file).unwrap();
        }
        let summary = export.finish(&mut file).unwrap();
        assert_eq!(summary.file_bytes, file.len() as u64);
        file
    }

    /// Returns the file that decompressors of other authors find in `file`.
    fn unpack(file: &[u8], compression: Compression) -> Vec<u8> {
        let mut plain = Vec::new();
        match compression {
            Compression::None => plain.extend(file),
            Compression::Gzip => {
                flate2::read::GzDecoder::new(file)
                    .read_to_end(&mut plain)
                    .unwrap();
            }
            Compression::Zstd => {
                zstd::stream::read::Decoder::new(file)
                    .unwrap()
                    .read_to_end(&mut plain)
                    .unwrap();
            }
            Compression::Zip => {
                let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
                assert_eq!(archive.len(), 1);
                let mut entry = archive.by_index(0).unwrap();
                assert_eq!(entry.name().unwrap(), "samples.csv");
                entry.read_to_end(&mut plain).unwrap();
            }
        }
        plain
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn others_unpack_what_was_packed_however_it_came(
            rows in 0..6000_usize,
            piece_bytes in 1..400_000_usize,
            compression in proptest::sample::select(Compression::ALL),
        ) {
            let header = header(&[("a", Kind::Integer), ("b", Kind::Text)]);
            let rows: String = (0..rows).map(|row| format!("{row}\tsome text {}\n", row * row % 97)).collect();
            let stream = stream(&header, rows.as_bytes());
            let plain = export(&stream, Compression::None, stream.len());
            let packed = export(&stream, compression, piece_bytes.min(stream.len()));
            prop_assert!(unpack(&packed, compression) == plain);
            prop_assert!(packed == export(&stream, compression, stream.len()));
        }
    }
}
