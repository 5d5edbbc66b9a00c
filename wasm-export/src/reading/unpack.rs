//! Decompresses a file while it is read, and checks the checksums and sizes that it contains.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::damage::{broken_off, damaged};
use super::zip::ZipEntryReader;
#[cfg(feature = "zstd")]
use crate::compression::zstandard;
use crate::options::Compression;

/// No file is unpacked to more than this: a terabyte.
pub const UNPACKED_BYTES_MAX: u64 = 1 << 40;

/// What is unpacked comes in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// The bytes that are packed in `input`. Damage is an error of the kind [`io::ErrorKind::InvalidData`].
///
/// # Errors
/// When the file cannot be read, or does not begin as one that is packed so.
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

/// Refuses to give more than so many bytes.
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
            .ok_or_else(|| damaged("what is packed in the file is longer than a file may be"))?;
        Ok(length)
    }
}

/// One or more members of gzip (RFC 1952), the end of each compared with its checksum and size.
struct Gzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(|error| match error.kind() {
            // flate2 reports damage as invalid input, which callers take for a wrong argument of theirs.
            io::ErrorKind::InvalidInput => damaged(format!(
                "the file is not gzip, is damaged, or has other bytes behind its end: {error}"
            )),
            _ => broken_off(error),
        })
    }
}
