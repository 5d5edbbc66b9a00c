//! What is packed around a file, taken off as it is read. Checksums and sizes are checked.

use std::io::{self, BufRead, BufReader, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

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
            bounded(Box::new(Packed::gzip(input)) as Box<dyn Read>),
        )),
        Compression::Zip => Box::new(BufReader::with_capacity(
            PIECE_BYTES,
            bounded(Box::new(Packed::zip(input)) as Box<dyn Read>),
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

fn damaged(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
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

/// A gzip file, or a zip archive of one file.
struct Packed<R> {
    input: R,
    state: State,
    inflate: Option<Box<InflateState>>,
    checksum: crc32fast::Hasher,
    size: u64,
    /// How many bytes the file was packed into.
    packed: u64,
    /// The archive's file, if it is an archive.
    entry: Option<Entry>,
    is_zip: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Within,
    Ended,
}

/// What stands before a file in an archive.
struct Entry {
    name: Vec<u8>,
    is_stored: bool,
    is_long: bool,
    /// Whether checksum and sizes stand behind the file.
    has_descriptor: bool,
    checksum: u32,
    packed: u64,
    size: u64,
}

impl<R: BufRead> Packed<R> {
    fn gzip(input: R) -> Self {
        Self::new(input, false)
    }

    fn zip(input: R) -> Self {
        Self::new(input, true)
    }

    fn new(input: R, is_zip: bool) -> Self {
        Self {
            input,
            state: State::Before,
            inflate: None,
            checksum: crc32fast::Hasher::new(),
            size: 0,
            packed: 0,
            entry: None,
            is_zip,
        }
    }

    fn bytes<const LENGTH: usize>(&mut self) -> io::Result<[u8; LENGTH]> {
        let mut bytes = [0; LENGTH];
        self.input.read_exact(&mut bytes).map_err(broken_off)?;
        Ok(bytes)
    }

    fn two(&mut self) -> io::Result<u16> {
        self.bytes().map(u16::from_le_bytes)
    }

    fn four(&mut self) -> io::Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn eight(&mut self) -> io::Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn several(&mut self, count: u16) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::from(count)];
        self.input.read_exact(&mut bytes).map_err(broken_off)?;
        Ok(bytes)
    }

    fn text_to_zero(&mut self) -> io::Result<()> {
        while self.bytes::<1>()? != [0] {}
        Ok(())
    }

    fn begin(&mut self) -> io::Result<()> {
        self.checksum = crc32fast::Hasher::new();
        self.size = 0;
        self.packed = 0;
        self.inflate = Some(InflateState::new_boxed(DataFormat::Raw));
        self.state = State::Within;
        if self.is_zip {
            self.begin_zip()
        } else {
            self.begin_gzip()
        }
    }

    /// RFC 1952, section 2.3.
    fn begin_gzip(&mut self) -> io::Result<()> {
        let [first, second, method, flags, ..] = self.bytes::<10>()?;
        if [first, second] != [0x1f, 0x8b] {
            return Err(damaged("the file is not gzip, or there is more behind its end"));
        }
        if method != 8 || flags & 0xe0 != 0 {
            return Err(damaged("the gzip file is of an unknown kind"));
        }
        if flags & 4 != 0 {
            let length = self.two()?;
            self.several(length)?;
        }
        if flags & 8 != 0 {
            self.text_to_zero()?;
        }
        if flags & 16 != 0 {
            self.text_to_zero()?;
        }
        if flags & 2 != 0 {
            self.two()?;
        }
        Ok(())
    }

    /// APPNOTE 6.3.10, section 4.3.7.
    fn begin_zip(&mut self) -> io::Result<()> {
        if self.four()? != 0x0403_4b50 {
            return Err(damaged("the file is not a zip archive with a file in it"));
        }
        let [_, flags, method, _, _] = [self.two()?, self.two()?, self.two()?, self.two()?, self.two()?];
        let [checksum, packed, size] = [self.four()?, self.four()?, self.four()?];
        let [name_length, extra_length] = [self.two()?, self.two()?];
        let name = self.several(name_length)?;
        let extra = self.several(extra_length)?;
        let has_descriptor = flags & 8 != 0;
        let is_stored = method == 0;
        if flags & 0x2041 != 0 || !matches!(method, 0 | 8) || (is_stored && has_descriptor) {
            return Err(damaged(
                "the file in the zip archive is encrypted, or packed in a way that is not read",
            ));
        }
        let long = long_fields(&extra);
        let whole = |number: u32, index: usize| match long.as_deref() {
            Some(fields) if number == u32::MAX => fields.get(index).copied().unwrap_or(u64::MAX),
            _ => u64::from(number),
        };
        self.entry = Some(Entry {
            name,
            is_stored,
            is_long: long.is_some(),
            has_descriptor,
            checksum,
            size: whole(size, 0),
            packed: whole(packed, usize::from(size == u32::MAX)),
        });
        Ok(())
    }

    fn read_within(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let stored = self
            .entry
            .as_ref()
            .filter(|entry| entry.is_stored)
            .map(|entry| entry.size);
        let length = match stored {
            Some(size) => {
                let left = size - self.size;
                let wanted = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let length = self.input.read(&mut out[..wanted])?;
                if length == 0 && left > 0 {
                    return Err(broken_off(io::ErrorKind::UnexpectedEof.into()));
                }
                self.packed += length as u64;
                if length as u64 == left {
                    self.inflate = None;
                }
                length
            }
            None => self.inflate_into(out)?,
        };
        self.checksum.update(&out[..length]);
        self.size += length as u64;
        if self.inflate.is_none() {
            self.end()?;
        }
        Ok(length)
    }

    fn inflate_into(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(state) = self.inflate.as_deref_mut() else {
            return Ok(0);
        };
        loop {
            let input = self.input.fill_buf()?;
            let is_last = input.is_empty();
            let step = inflate(state, input, out, MZFlush::None);
            self.input.consume(step.bytes_consumed);
            self.packed += step.bytes_consumed as u64;
            match step.status {
                Ok(MZStatus::StreamEnd) => {
                    self.inflate = None;
                    return Ok(step.bytes_written);
                }
                _ if step.bytes_written > 0 => return Ok(step.bytes_written),
                Ok(_) if step.bytes_consumed > 0 => {}
                _ if is_last => return Err(broken_off(io::ErrorKind::UnexpectedEof.into())),
                _ => return Err(damaged("what is packed in the file is damaged")),
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.state = State::Ended;
        let checksum = std::mem::take(&mut self.checksum).finalize();
        if let Some(entry) = self.entry.take() {
            return self.end_zip(entry, checksum);
        }
        let [said_checksum, said_size] = [self.four()?, self.four()?];
        // Modulo 2^32, as RFC 1952 has it.
        if said_checksum != checksum || said_size != self.size as u32 {
            return Err(damaged(
                "the gzip file is damaged: its checksum or its size is another",
            ));
        }
        // Another member may follow.
        if !self.input.fill_buf()?.is_empty() {
            self.state = State::Before;
        }
        Ok(())
    }

    /// Compares what came with what is said behind the file and in the list at the archive's end.
    fn end_zip(&mut self, entry: Entry, checksum: u32) -> io::Result<()> {
        let wrong = || damaged("the zip archive is damaged: a checksum or a size is another");
        let mut next = self.four()?;
        if entry.has_descriptor {
            // The signature of a descriptor may be left out.
            let said_checksum = if next == 0x0807_4b50 { self.four()? } else { next };
            let (packed, size) = if entry.is_long {
                (self.eight()?, self.eight()?)
            } else {
                (u64::from(self.four()?), u64::from(self.four()?))
            };
            if (said_checksum, packed, size) != (checksum, self.packed, self.size) {
                return Err(wrong());
            }
            next = self.four()?;
        } else if (entry.checksum, entry.packed, entry.size) != (checksum, self.packed, self.size) {
            return Err(wrong());
        }
        if next == 0x0403_4b50 {
            return Err(damaged("the zip archive holds more than one file"));
        }
        if next != 0x0201_4b50 {
            return Err(damaged("the zip archive has no list of its files"));
        }
        self.bytes::<12>()?;
        let [listed_checksum, packed, size] = [self.four()?, self.four()?, self.four()?];
        let [name_length, extra_length, comment_length] = [self.two()?, self.two()?, self.two()?];
        self.bytes::<12>()?;
        let name = self.several(name_length)?;
        let extra = self.several(extra_length)?;
        self.several(comment_length)?;
        let fields = long_fields(&extra).unwrap_or_default();
        let mut fields = fields.into_iter();
        let mut whole = |number: u32| {
            if number == u32::MAX {
                fields.next().unwrap_or(u64::MAX)
            } else {
                u64::from(number)
            }
        };
        let [size, packed] = [whole(size), whole(packed)];
        if (listed_checksum, packed, size) != (checksum, self.packed, self.size) || name != entry.name {
            return Err(wrong());
        }
        self.end_of_archive()
    }

    fn end_of_archive(&mut self) -> io::Result<()> {
        loop {
            match self.four()? {
                0x0606_4b50 => {
                    let length = self.eight()?;
                    if length > 1024 {
                        return Err(damaged("the end of the zip archive is damaged"));
                    }
                    self.several(length as u16)?;
                }
                0x0706_4b50 => {
                    self.bytes::<16>()?;
                }
                0x0605_4b50 => {
                    self.bytes::<16>()?;
                    let length = self.two()?;
                    self.several(length)?;
                    return if self.input.fill_buf()?.is_empty() {
                        Ok(())
                    } else {
                        Err(damaged("there is more behind the end of the zip archive"))
                    };
                }
                0x0201_4b50 => return Err(damaged("the zip archive holds more than one file")),
                _ => return Err(damaged("the end of the zip archive is damaged")),
            }
        }
    }
}

impl<R: BufRead> Read for Packed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Before => self.begin()?,
                State::Ended => return Ok(0),
                State::Within => match self.read_within(out)? {
                    // The end, or another member.
                    0 => {}
                    length => return Ok(length),
                },
            }
        }
    }
}

/// The numbers of the extra field of Zip64, if there is one.
fn long_fields(mut extra: &[u8]) -> Option<Vec<u64>> {
    while let Some((&[id, id_high, length, length_high], rest)) = extra.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([length, length_high]));
        let field = rest.get(..length)?;
        if [id, id_high] == [1, 0] {
            let (numbers, _) = field.as_chunks::<8>();
            return Some(numbers.iter().map(|number| u64::from_le_bytes(*number)).collect());
        }
        extra = rest.get(length..)?;
    }
    None
}

fn broken_off(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        damaged("the packed file breaks off")
    } else {
        error
    }
}
