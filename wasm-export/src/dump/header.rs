//! Reads the header of an archive.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use serde::Serialize;

use super::error::{DumpError, Fault};
use super::fields::{Fields, Sizes, Stop};
use super::foreign::Foreign;
use super::version::ArchiveVersion;

/// The magic bytes of an archive.
pub const MAGIC: &[u8; 5] = b"PGDMP";

/// Valid lengths of numbers in bytes. pg_dump writes those of its machine.
const NUMBER_BYTES: RangeInclusive<u8> = 4..=8;

/// `archCustom` of `pg_backup.h`.
const CUSTOM_FORMAT: u8 = 1;

/// The compression of an archive's data. The table of contents is never compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Data stays as it is.
    None,
    /// DEFLATE with zlib's header.
    Gzip,
    /// LZ4, which pg_dump has since PostgreSQL 16.
    Lz4,
    /// Zstandard, which pg_dump has since PostgreSQL 16.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "not compressed",
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        })
    }
}

/// The header of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The version of the archive format.
    pub archive_version: ArchiveVersion,
    /// The compression of the data.
    pub compression: Compression,
    /// When pg_dump began, in the time zone of its machine, which the archive does not contain. `None` for an invalid
    /// time.
    pub created: Option<DateTime>,
    /// The name of the dumped database.
    pub database: String,
    /// The release of its server: `15.18 (Debian 15.18-0+deb12u1)`.
    pub server_version: String,
    /// The release of the pg_dump that wrote the archive.
    pub pg_dump_version: String,
}

/// Reads the header that `WriteHead` of PostgreSQL's `pg_backup_archiver.c` writes, and sets the number lengths of
/// `fields`.
pub(super) fn read(fields: &mut Fields<'_>) -> Result<Header, Stop> {
    let magic = fields.take(MAGIC.len())?;
    if magic != MAGIC {
        let rest = fields.take(Foreign::BYTES - MAGIC.len())?;
        return Err(DumpError::NotAnArchive(Foreign::from_beginning(&[magic, rest].concat())).into());
    }
    let archive_version = version(fields)?;
    let integer = size("the size of an integer", fields.byte()?)?;
    let offset = size("the size of an offset", fields.byte()?)?;
    fields.resize(Sizes { integer, offset });
    if fields.byte()? != CUSTOM_FORMAT {
        return Err(DumpError::NotAnArchive(Foreign::TableOfContents).into());
    }
    Ok(Header {
        archive_version,
        compression: compression(fields, archive_version)?,
        created: created(fields)?,
        database: fields.text()?.unwrap_or_default(),
        server_version: fields.text()?.unwrap_or_default(),
        pg_dump_version: fields.text()?.unwrap_or_default(),
    })
}

fn version(fields: &mut Fields<'_>) -> Result<ArchiveVersion, Stop> {
    let major = fields.byte()?;
    let (minor, revision) = (fields.byte()?, fields.byte()?);
    let version = ArchiveVersion { minor, revision };
    let found = format!("{major}.{minor}");
    if major > 1 || version > ArchiveVersion::NEWEST {
        Err(DumpError::Newer { found }.into())
    } else if major < 1 || version < ArchiveVersion::OLDEST {
        Err(DumpError::Older { found }.into())
    } else {
        Ok(version)
    }
}

fn size(what: &'static str, bytes: u8) -> Result<usize, Fault> {
    if NUMBER_BYTES.contains(&bytes) {
        Ok(bytes.into())
    } else {
        Err(Fault::number(what, bytes.into()))
    }
}

fn compression(fields: &mut Fields<'_>, version: ArchiveVersion) -> Result<Compression, Stop> {
    if version < ArchiveVersion::WITH_COMPRESSION {
        // The level, with -1 for zlib's default.
        return Ok(match fields.integer()? {
            0 => Compression::None,
            _ => Compression::Gzip,
        });
    }
    match fields.byte()? {
        0 => Ok(Compression::None),
        1 => Ok(Compression::Gzip),
        2 => Ok(Compression::Lz4),
        3 => Ok(Compression::Zstd),
        other => Err(Fault::number("the way of compression", other.into()).into()),
    }
}

/// Reads the fields of a C `struct tm`, the last of which marks summer time.
fn created(fields: &mut Fields<'_>) -> Result<Option<DateTime>, Stop> {
    let mut next = || fields.integer();
    let [second, minute, hour, day, month, year, _] =
        [next()?, next()?, next()?, next()?, next()?, next()?, next()?];
    let whole = || {
        DateTime::new(
            i16::try_from(year.checked_add(1900)?).ok()?,
            i8::try_from(month.checked_add(1)?).ok()?,
            i8::try_from(day).ok()?,
            i8::try_from(hour).ok()?,
            i8::try_from(minute).ok()?,
            i8::try_from(second).ok()?,
            0,
        )
        .ok()
    };
    Ok(whole())
}
