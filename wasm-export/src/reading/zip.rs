//! Reads the files of a zip archive, front to back.
//!
//! This is Decant's own code because the `zip` crate needs `Seek`, and a pipe or an upload has none. Its reader for
//! streams refuses a file whose sizes follow in a data descriptor, and Decant itself writes such archives.

use std::io::{self, BufRead, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::damage::{broken_off, damaged};

/// Decompresses the only file of a zip archive.
pub(super) struct ZipEntryReader<R> {
    input: R,
    state: State,
    inflate: Option<Box<InflateState>>,
    checksum: crc32fast::Hasher,
    size: u64,
    /// Compressed bytes that have been read.
    packed: u64,
    /// The header of the file, once it has been read.
    entry: Option<Entry>,
    /// The files that have been read.
    files: Vec<FileRead>,
    files_max: usize,
}

/// A file whose content agrees with its own header.
struct FileRead {
    name: Vec<u8>,
    checksum: u32,
    packed: u64,
    size: u64,
}

/// The most files of an archive of several.
const FILES_MAX: usize = 1000;

/// Reads an archive of several files. Reading ends at the end of each.
pub(crate) struct ZipArchive<R>(ZipEntryReader<R>);

impl<R: BufRead> ZipArchive<R> {
    pub(crate) fn new(input: R) -> Self {
        Self(ZipEntryReader {
            files_max: FILES_MAX,
            ..ZipEntryReader::new(input)
        })
    }

    /// Skips the rest of the current file, and returns the name of the next one, or `None` at the end of the archive.
    ///
    /// # Errors
    /// When the archive cannot be read or is damaged.
    pub(crate) fn next_file(&mut self) -> io::Result<Option<String>> {
        let archive = &mut self.0;
        if archive.state == State::Within {
            io::copy(archive, &mut io::sink())?;
        }
        match archive.state {
            State::Before => archive.begin()?,
            State::Between => archive.begin_behind_signature()?,
            State::Within | State::Ended => return Ok(None),
        }
        let name = archive.entry.as_ref().map(|entry| &entry.name);
        Ok(name.map(|name| String::from_utf8_lossy(name).into_owned()))
    }
}

impl<R: BufRead> Read for ZipArchive<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.state {
            State::Within => self.0.read(out),
            State::Before | State::Between | State::Ended => Ok(0),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Within,
    /// The signature of the next file's header has been read.
    Between,
    Ended,
}

/// The local file header.
struct Entry {
    name: Vec<u8>,
    is_stored: bool,
    is_long: bool,
    /// Whether checksum and sizes follow the file.
    has_descriptor: bool,
    checksum: u32,
    packed: u64,
    size: u64,
}

impl<R: BufRead> ZipEntryReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            state: State::Before,
            inflate: None,
            checksum: crc32fast::Hasher::new(),
            size: 0,
            packed: 0,
            entry: None,
            files: Vec::new(),
            files_max: 1,
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

    /// Reads the local file header (APPNOTE 6.3.10, section 4.3.7).
    fn begin(&mut self) -> io::Result<()> {
        if self.four()? != 0x0403_4b50 {
            return Err(damaged("the file is not a zip archive that contains a file"));
        }
        self.begin_behind_signature()
    }

    fn begin_behind_signature(&mut self) -> io::Result<()> {
        let [_, flags, method, _, _] = [self.two()?, self.two()?, self.two()?, self.two()?, self.two()?];
        let [checksum, packed, size] = [self.four()?, self.four()?, self.four()?];
        let [name_length, extra_length] = [self.two()?, self.two()?];
        let name = self.several(name_length)?;
        let extra = self.several(extra_length)?;
        let has_descriptor = flags & 8 != 0;
        let is_stored = method == 0;
        if flags & 0x2041 != 0 || !matches!(method, 0 | 8) || (is_stored && has_descriptor) {
            return Err(damaged(
                "the file in the zip archive is encrypted, or its compression is not supported",
            ));
        }
        let long = long_fields(&extra);
        let whole = |number: u32, index: usize| match long.as_deref() {
            Some(fields) if number == u32::MAX => fields.get(index).copied().unwrap_or(u64::MAX),
            _ => u64::from(number),
        };
        self.inflate = Some(InflateState::new_boxed(DataFormat::Raw));
        (self.size, self.packed) = (0, 0);
        self.state = State::Within;
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
                _ => return Err(damaged("the compressed data is damaged")),
            }
        }
    }

    /// Compares checksum and sizes with the local header or data descriptor, and behind the last file with the central
    /// directory.
    fn end(&mut self) -> io::Result<()> {
        self.state = State::Ended;
        let Some(entry) = self.entry.take() else {
            return Ok(());
        };
        let checksum = std::mem::take(&mut self.checksum).finalize();
        let mut next = self.four()?;
        if entry.has_descriptor {
            // The signature of a descriptor is optional.
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
        self.files.push(FileRead {
            name: entry.name,
            checksum,
            packed: self.packed,
            size: self.size,
        });
        if next == 0x0403_4b50 {
            if self.files.len() < self.files_max {
                self.state = State::Between;
                return Ok(());
            }
            return Err(damaged(match self.files_max {
                1 => "the zip archive contains more than one file",
                _ => "the zip archive contains more than 1000 files",
            }));
        }
        for (at, file) in std::mem::take(&mut self.files).into_iter().enumerate() {
            let signature = if at == 0 { next } else { self.four()? };
            if signature != 0x0201_4b50 {
                return Err(damaged("the zip archive has no central directory"));
            }
            self.check_listed(&file)?;
        }
        self.end_of_archive()
    }

    /// Compares a file with its entry in the central directory.
    fn check_listed(&mut self, file: &FileRead) -> io::Result<()> {
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
        match (listed_checksum, packed, size) == (file.checksum, file.packed, file.size) && name == file.name
        {
            true => Ok(()),
            false => Err(wrong()),
        }
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
                        Err(damaged("data follows the end of the zip archive"))
                    };
                }
                0x0201_4b50 => return Err(damaged("the zip archive contains more than one file")),
                _ => return Err(damaged("the end of the zip archive is damaged")),
            }
        }
    }
}

impl<R: BufRead> Read for ZipEntryReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Before => self.begin()?,
                State::Between | State::Ended => return Ok(0),
                State::Within => match self.read_within(out)? {
                    // An empty piece is the end of the file, for which the next turn returns 0.
                    0 => {}
                    length => return Ok(length),
                },
            }
        }
    }
}

fn wrong() -> io::Error {
    damaged("the zip archive is damaged: a checksum or size differs")
}

/// Returns the numbers of the extra field of Zip64, if there is one.
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
