//! The stream compressed as the client accepts it, piece by piece, so that a waiting row is never held back.

use std::io::{self, Write};

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptEncoding, ContentEncoding, Encoding, Header, Preference, Quality};
use bytes::Bytes;
use futures_util::Stream;

use crate::rows::CHUNK_BYTES;

/// Measured on a million usage rows: higher levels cost more time than the network they save.
const ZSTD_LEVEL: i32 = 1;
const GZIP_LEVEL: u32 = 1;
const BROTLI_LEVEL: i32 = 1;
const BROTLI_WINDOW_BITS: i32 = 22;

/// What we would rather send, best first.
const PREFERRED: [ContentEncoding; 3] = [
    ContentEncoding::Zstd,
    ContentEncoding::Gzip,
    ContentEncoding::Brotli,
];

/// The encoding that the client likes best, and of those it likes equally, the one we do.
#[must_use]
pub fn negotiate(request: &HttpRequest) -> ContentEncoding {
    let Ok(accepted) = AcceptEncoding::parse(request) else {
        return ContentEncoding::Identity;
    };
    let quality = |encoding: ContentEncoding| {
        let named = accepted
            .iter()
            .find(|item| item.item == Preference::Specific(Encoding::Known(encoding)));
        named
            .or_else(|| accepted.iter().find(|item| item.item == Preference::Any))
            .map(|item| item.quality)
    };
    let mut best = (ContentEncoding::Identity, Quality::ZERO);
    for encoding in PREFERRED {
        if let Some(quality) = quality(encoding)
            && quality > best.1
        {
            best = (encoding, quality);
        }
    }
    best.0
}

/// The stream in this encoding.
pub fn encode(
    stream: impl Stream<Item = Bytes>,
    encoding: ContentEncoding,
) -> impl Stream<Item = io::Result<Bytes>> {
    async_stream::try_stream! {
        let mut encoder = Encoder::new(encoding)?;
        for await piece in stream {
            // A short piece is one that somebody waits for: a heartbeat, or the rows of a slow query.
            let waited_for = piece.len() < CHUNK_BYTES;
            let encoded = encoder.push(piece, waited_for)?;
            if !encoded.is_empty() {
                yield encoded;
            }
        }
        let rest = encoder.finish()?;
        if !rest.is_empty() {
            yield rest;
        }
    }
}

enum Encoder {
    Identity,
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
}

impl Encoder {
    fn new(encoding: ContentEncoding) -> io::Result<Self> {
        Ok(match encoding {
            ContentEncoding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
            ContentEncoding::Gzip => Self::Gzip(flate2::write::GzEncoder::new(
                Vec::new(),
                flate2::Compression::new(GZIP_LEVEL),
            )),
            ContentEncoding::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_LEVEL,
                    lgwin: BROTLI_WINDOW_BITS,
                    ..Default::default()
                };
                Self::Brotli(Box::new(brotli::CompressorWriter::with_params(
                    Vec::new(),
                    CHUNK_BYTES,
                    &parameters,
                )))
            }
            _ => Self::Identity,
        })
    }

    fn push(&mut self, piece: Bytes, flush: bool) -> io::Result<Bytes> {
        fn through<W: Write>(writer: &mut W, piece: &[u8], flush: bool) -> io::Result<()> {
            writer.write_all(piece)?;
            if flush { writer.flush() } else { Ok(()) }
        }
        let encoded = match self {
            Self::Identity => return Ok(piece),
            Self::Zstd(encoder) => {
                through(encoder, &piece, flush)?;
                std::mem::take(encoder.get_mut())
            }
            Self::Gzip(encoder) => {
                through(encoder, &piece, flush)?;
                std::mem::take(encoder.get_mut())
            }
            Self::Brotli(encoder) => {
                through(encoder, &piece, flush)?;
                std::mem::take(encoder.get_mut())
            }
        };
        Ok(encoded.into())
    }

    fn finish(self) -> io::Result<Bytes> {
        Ok(match self {
            Self::Identity => Bytes::new(),
            Self::Zstd(encoder) => encoder.finish()?.into(),
            Self::Gzip(encoder) => encoder.finish()?.into(),
            Self::Brotli(encoder) => encoder.into_inner().into(),
        })
    }
}
