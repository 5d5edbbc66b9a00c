//! The kinds of compression.

use super::words::words;

words! {
    /// How a whole file is packed.
    Compression, "compression" {
        /// Not at all.
        #[default] None = "none",
        /// As gzip (RFC 1952).
        Gzip = "gzip",
        /// As Zstandard (RFC 8878).
        Zstd = "zstd",
        /// As the only file in a zip archive.
        Zip = "zip",
    }
}

impl Compression {
    /// What is added to the name of the file, without the dot. A zip archive takes the place of the file's own ending.
    #[must_use]
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gz"),
            Self::Zstd => Some("zst"),
            Self::Zip => Some("zip"),
        }
    }

    /// What the ending of a file's name says, and the name without it. Capital letters are as good as small ones.
    #[must_use]
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

    /// The media type of a packed file; `None`: that of what is in it.
    #[must_use]
    pub fn media_type(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("application/gzip"),
            Self::Zstd => Some("application/zstd"),
            Self::Zip => Some("application/zip"),
        }
    }
}
