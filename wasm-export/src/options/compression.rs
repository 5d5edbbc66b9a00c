//! The compression of a whole file.

use super::words::option_words;

option_words! {
    /// How a whole file is compressed.
    Compression, "compression" {
        /// The file is not compressed.
        #[default] None = "none",
        /// gzip (RFC 1952), in a single member.
        Gzip = "gzip",
        /// Zstandard (RFC 8878), with a checksum.
        Zstd = "zstd",
        /// A zip archive that contains this one file.
        Zip = "zip",
    }
}

impl Compression {
    /// Returns the extension that is added to the file's name, without the dot. For zip it replaces the file's own.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gz"),
            Self::Zstd => Some("zst"),
            Self::Zip => Some("zip"),
        }
    }

    /// Returns the compression for the extension of a file's name, and the name without that extension. Case does not
    /// matter.
    pub fn from_file_name(name: &str) -> (Self, &str) {
        let without = |ending: &str| {
            let (stem, last) = name.rsplit_once('.')?;
            last.eq_ignore_ascii_case(ending).then_some(stem)
        };
        Self::ALL
            .iter()
            .find_map(|&way| Some((way, without(way.extension()?)?)))
            .unwrap_or((Self::None, name))
    }

    /// Returns the media type of a compressed file, or `None` when the media type is that of the format.
    pub fn media_type(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("application/gzip"),
            Self::Zstd => Some("application/zstd"),
            Self::Zip => Some("application/zip"),
        }
    }
}
