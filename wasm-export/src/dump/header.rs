//! The first bytes of an archive: which version it has, and what was dumped when by whom.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use serde::Serialize;

use super::error::{DumpError, Fault};
use super::fields::{Fields, Sizes, Stop};
use super::foreign::Foreign;
use super::version::ArchiveVersion;

/// What every archive begins with.
pub const MAGIC: &[u8; 5] = b"PGDMP";

/// How many bytes numbers may have: PostgreSQL writes those of its machine.
const NUMBER_BYTES: RangeInclusive<u8> = 4..=8;

/// `archCustom` of `pg_backup.h`.
const CUSTOM_FORMAT: u8 = 1;

/// How the data in an archive is packed; the table of contents never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// zlib's deflate.
    Gzip,
    /// LZ4, since PostgreSQL 16.
    Lz4,
    /// Zstandard, since PostgreSQL 16.
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

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The version of its format.
    pub archive_version: ArchiveVersion,
    /// How its data is packed.
    pub compression: Compression,
    /// When pg_dump began, by the clock and in the time zone of its machine, which the archive does not name; `None`
    /// if there is no such time.
    pub created: Option<DateTime>,
    /// The database that was dumped.
    pub database: String,
    /// The release of PostgreSQL that it was in: `15.18 (Debian 15.18-0+deb12u1)`.
    pub server_version: String,
    /// The release of the pg_dump that wrote it.
    pub pg_dump_version: String,
}

/// Reads the header, `WriteHead` of PostgreSQL's `pg_backup_archiver.c`. The fields have the archive's sizes then.
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
        // Its level, -1 for zlib's own choice.
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

/// The fields of a C `struct tm`, the last of which says whether it was summer.
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
