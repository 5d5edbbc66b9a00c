//! Recognises files that are not archives.

/// The kind of a file that is not an archive in pg_dump's custom format. Its text contains advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// The table of contents of a dump in another format. It has the magic bytes of the custom format, but none of
    /// the data.
    #[error(
        "the table of contents of a dump in the directory or tar format; dump with `pg_dump --format=custom`"
    )]
    TableOfContents,
    /// A tar archive, as `pg_dump --format=tar` writes it.
    #[error("a tar archive, perhaps of `pg_dump --format=tar`; dump with `pg_dump --format=custom`")]
    Tar,
    /// SQL by `pg_dump --format=plain` or `pg_dumpall`.
    #[error("a dump as SQL text; run it with `psql`, or dump with `pg_dump --format=custom`")]
    Sql,
    /// A compressed file, with the name of its program.
    #[error("compressed with {0}; decompress it first")]
    Packed(&'static str),
    /// UTF-16, which Windows PowerShell writes for a program's output behind `>`.
    #[error(
        "UTF-16 text: if it was written with `>` in PowerShell, that has destroyed it; dump with `pg_dump --file`"
    )]
    Utf16,
    /// A page or message of a server, saved instead of the dump.
    #[error(
        "a web page or a JSON message, perhaps a server's refusal that was saved as the dump; open it and read"
    )]
    Message,
    /// A file of any other kind.
    #[error("of an unknown kind; dump with `pg_dump --format=custom`")]
    Unknown,
}

/// Magic bytes of compressed files.
const PACKED: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
];

/// Offset of the magic bytes in a tar archive (POSIX.1, ustar), and these bytes.
const TAR: (usize, &[u8]) = (257, b"ustar");

impl Foreign {
    /// Bytes that are needed to recognise a file.
    pub(super) const BYTES: usize = TAR.0 + TAR.1.len();

    /// Recognises a file by its first bytes, at most [`Self::BYTES`] of them.
    pub(super) fn from_beginning(beginning: &[u8]) -> Self {
        let packed = PACKED.iter().find(|(magic, _)| beginning.starts_with(magic));
        if let Some((_, way)) = packed {
            Self::Packed(way)
        } else if beginning.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
            Self::Tar
        } else if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") {
            Self::Utf16
        } else {
            Self::from_text(beginning)
        }
    }

    fn from_text(beginning: &[u8]) -> Self {
        let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
        match beginning.trim_ascii_start() {
            [b'-', b'-', ..] => Self::Sql,
            [b'<' | b'{', ..] => Self::Message,
            _ => Self::Unknown,
        }
    }
}
