//! Writes zip archives (PKWARE APPNOTE 6.3.10) front to back: sizes and checksums follow the data.
//!
//! This is Decant's own code because the same rows must give the same bytes everywhere, in the browser as well. The
//! `zip` crate would add its own times and versions, and more to the size of the page.

use crate::deflate::Deflate;

/// Sizes and positions from this value on need the longer fields of Zip64.
const LONG: u64 = 0xffff_ffff;

/// The first date that MS-DOS can represent, 1980-01-01.
const NO_TIME: u32 = 1 << 21 | 1 << 16;

/// Flags: names are UTF-8; a descriptor behind the data holds the sizes.
const FLAGS: u16 = 1 << 11 | 1 << 3;

const DEFLATED: u16 = 8;

/// The version that a reader must support: 2.0, or 4.5 for Zip64.
const VERSION: u16 = 20;
const VERSION_LONG: u16 = 45;

/// Writes one archive. The bytes that its methods append to `out` form the archive together.
pub(crate) struct Zip {
    /// Date and time of all its files, in the format of MS-DOS.
    modified: u32,
    written: u64,
    files: Vec<File>,
    open: Option<Open>,
}

/// A finished file of the archive.
struct File {
    name: String,
    is_long: bool,
    start: u64,
    packed: u64,
    size: u64,
    checksum: u32,
}

/// A file that is compressed before the archive reaches it.
pub(crate) struct Packed {
    deflate: Deflate,
    checksum: crc32fast::Hasher,
    size: u64,
    bytes: Vec<u8>,
}

impl Packed {
    pub(crate) fn new() -> Self {
        Self {
            deflate: Deflate::new(),
            checksum: crc32fast::Hasher::new(),
            size: 0,
            bytes: Vec::new(),
        }
    }

    /// Appends bytes to the file.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.checksum.update(bytes);
        self.deflate.push(bytes, &mut self.bytes);
        self.size += bytes.len() as u64;
    }

    /// Returns the uncompressed length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the compressed bytes that are held in memory.
    pub(crate) fn held(&self) -> usize {
        self.bytes.len()
    }
}

/// The file that is being written.
struct Open {
    file: File,
    deflate: Deflate,
    checksum: crc32fast::Hasher,
}

impl Zip {
    /// Returns an archive whose files have this time (RFC 3339, UTC), or no time.
    pub(crate) fn new(as_of: Option<&str>) -> Self {
        Self {
            modified: as_of.and_then(dos_time).unwrap_or(NO_TIME),
            written: 0,
            files: Vec::new(),
            open: None,
        }
    }

    /// Begins a file. A file that may grow beyond 4 GiB must be `is_long`, which some old readers cannot open.
    pub(crate) fn begin(&mut self, name: &str, is_long: bool, out: &mut Vec<u8>) {
        let start = out.len();
        let version = if is_long { VERSION_LONG } else { VERSION };
        numbers(out, &[0x0403_4b50], &[version, FLAGS, DEFLATED]);
        put(out, self.modified);
        let size: u32 = if is_long { u32::MAX } else { 0 };
        numbers(
            out,
            &[0, size, size],
            &[name.len() as u16, if is_long { 20 } else { 0 }],
        );
        out.extend_from_slice(name.as_bytes());
        if is_long {
            numbers(out, &[], &[1, 16]);
            out.extend_from_slice(&[0; 16]);
        }
        let file = File {
            name: name.to_owned(),
            is_long,
            start: self.written,
            packed: 0,
            size: 0,
            checksum: 0,
        };
        self.written += (out.len() - start) as u64;
        self.open = Some(Open {
            file,
            deflate: Deflate::new(),
            checksum: crc32fast::Hasher::new(),
        });
    }

    /// Appends bytes to the file that was begun last.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(open) = &mut self.open {
            let start = out.len();
            open.checksum.update(bytes);
            open.deflate.push(bytes, out);
            open.file.size += bytes.len() as u64;
            open.file.packed += (out.len() - start) as u64;
        }
    }

    /// Appends a compressed file of less than 4 GiB.
    pub(crate) fn append(&mut self, name: &str, packed: Packed, out: &mut Vec<u8>) {
        self.begin(name, false, out);
        if let Some(open) = &mut self.open {
            out.extend_from_slice(&packed.bytes);
            open.file.size = packed.size;
            open.file.packed = packed.bytes.len() as u64;
            open.deflate = packed.deflate;
            open.checksum = packed.checksum;
        }
        self.end(out);
    }

    /// Ends the file that was begun last.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        let start = out.len();
        open.deflate.finish(out);
        let mut file = open.file;
        file.packed += (out.len() - start) as u64;
        file.checksum = open.checksum.finalize();
        let descriptor = out.len();
        numbers(out, &[0x0807_4b50, file.checksum], &[]);
        if file.is_long {
            long_numbers(out, &[file.packed, file.size]);
        } else {
            numbers(out, &[file.packed as u32, file.size as u32], &[]);
        }
        self.written += file.packed + (out.len() - descriptor) as u64;
        self.files.push(file);
    }

    /// Appends the central directory, which ends the archive.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.end(out);
        let start = out.len();
        for file in &self.files {
            file.write_entry(self.modified, out);
        }
        let length = (out.len() - start) as u64;
        let count = self.files.len() as u64;
        if self.written + length >= LONG {
            let end = self.written + length;
            numbers(out, &[0x0606_4b50], &[]);
            long_numbers(out, &[44]);
            numbers(out, &[], &[VERSION_LONG, VERSION_LONG]);
            numbers(out, &[0, 0], &[]);
            long_numbers(out, &[count, count, length, self.written]);
            numbers(out, &[0x0706_4b50, 0], &[]);
            long_numbers(out, &[end]);
            numbers(out, &[1], &[]);
        }
        numbers(out, &[0x0605_4b50], &[0, 0, count as u16, count as u16]);
        numbers(out, &[short(length), short(self.written)], &[0]);
    }
}

impl File {
    fn write_entry(&self, modified: u32, out: &mut Vec<u8>) {
        let long: Vec<u64> = [self.size, self.packed, self.start]
            .into_iter()
            .filter(|&number| number >= LONG)
            .collect();
        let is_long = self.is_long || !long.is_empty();
        let version = if is_long { VERSION_LONG } else { VERSION };
        let extra = if long.is_empty() {
            0
        } else {
            4 + 8 * long.len() as u16
        };
        numbers(out, &[0x0201_4b50], &[version, version, FLAGS, DEFLATED]);
        numbers(
            out,
            &[modified, self.checksum, short(self.packed), short(self.size)],
            &[self.name.len() as u16, extra, 0, 0, 0],
        );
        numbers(out, &[0, short(self.start)], &[]);
        out.extend_from_slice(self.name.as_bytes());
        if !long.is_empty() {
            numbers(out, &[], &[1, extra - 4]);
            long_numbers(out, &long);
        }
    }
}

/// Returns the number, or the mark that refers to the longer field.
fn short(number: u64) -> u32 {
    number.min(LONG) as u32
}

fn put(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends numbers of four bytes, then numbers of two.
fn numbers(out: &mut Vec<u8>, four: &[u32], two: &[u16]) {
    for &number in four {
        put(out, number);
    }
    for number in two {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn long_numbers(out: &mut Vec<u8>, eight: &[u64]) {
    for number in eight {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// Returns a time in the format of MS-DOS, whose years begin in 1980 and whose seconds are even.
fn dos_time(as_of: &str) -> Option<u32> {
    let number = |at: usize, length: usize| as_of.get(at..at + length)?.parse::<u32>().ok();
    let date = number(0, 4)?.checked_sub(1980)?.min(127) << 9 | number(5, 2)? << 5 | number(8, 2)?;
    let time = number(11, 2)? << 11 | number(14, 2)? << 5 | (number(17, 2)? / 2);
    Some(date << 16 | time)
}
