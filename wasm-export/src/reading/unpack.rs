//! Decompresses a file while it is read, and checks the checksums and sizes that it contains.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::damage::{broken_off, damaged};
use super::zip::ZipEntryReader;
#[cfg(feature = "zstd")]
use crate::compression::zstandard;
use crate::options::Compression;

/// The most bytes that a file is decompressed to: 1 TiB.
pub const UNPACKED_BYTES_MAX: u64 = 1 << 40;

/// Decompressed bytes are read in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// Returns a reader of the decompressed bytes. Damage is an error of the kind [`io::ErrorKind::InvalidData`].
///
/// # Errors
/// When the file cannot be read, or does not have this compression.
pub fn unpacked<'a>(
    input: impl BufRead + 'a,
    compression: Compression,
    bytes_max: u64,
) -> io::Result<Box<dyn BufRead + 'a>> {
    let bounded = |reader| Bounded {
        reader,
        left: bytes_max,
    };
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(BufReader::with_capacity(
            PIECE_BYTES,
            bounded(Box::new(Gzip(MultiGzDecoder::new(input))) as Box<dyn Read>),
        )),
        Compression::Zip => Box::new(BufReader::with_capacity(
            PIECE_BYTES,
            bounded(Box::new(ZipEntryReader::new(input)) as Box<dyn Read>),
        )),
        #[cfg(feature = "zstd")]
        Compression::Zstd => Box::new(BufReader::with_capacity(
            PIECE_BYTES,
            bounded(Box::new(zstandard::unpacked(input)?) as Box<dyn Read>),
        )),
        #[cfg(not(feature = "zstd"))]
        Compression::Zstd => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// Returns an error once more than `left` bytes have been read.
struct Bounded<'a> {
    reader: Box<dyn Read + 'a>,
    left: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(out)?;
        self.left = self
            .left
            .checked_sub(length as u64)
            .ok_or_else(|| damaged("the decompressed file is longer than 1 TiB"))?;
        Ok(length)
    }
}

/// Decompresses members of gzip (RFC 1952), and compares the checksum and size of each.
struct Gzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(|error| match error.kind() {
            // flate2 reports damage as invalid input, which callers would take for a wrong argument.
            io::ErrorKind::InvalidInput => damaged(format!(
                "the file is not gzip, is damaged, or is followed by other data: {error}"
            )),
            _ => broken_off(error),
        })
    }
}
