//! Compression of the raw-row stream for HTTP, chunk by chunk, so that no row waits in the encoder.
//!
//! Actix has a middleware for this, but it flushes only when its own buffer is full: a heartbeat, or the rows of a slow query,
//! would wait in it. This module flushes after every chunk that is not full.

use std::io::{self, Write};

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptEncoding, ContentEncoding, Encoding, Header, Preference, Quality};
use bytes::Bytes;
use futures_util::Stream;

use crate::rows::CHUNK_BYTES;

// Measured on a million usage rows: higher levels cost more time than they save on the network.
const ZSTD_LEVEL: i32 = 1;
const GZIP_LEVEL: u32 = 1;
const BROTLI_LEVEL: i32 = 1;
const BROTLI_WINDOW_BITS: i32 = 22;

/// The encodings that the server supports, the best first.
const PREFERRED: [ContentEncoding; 3] = [
    ContentEncoding::Zstd,
    ContentEncoding::Gzip,
    ContentEncoding::Brotli,
];

/// Returns the encoding with the highest quality value in `Accept-Encoding`. Of equal ones it returns the first of
/// `PREFERRED`.
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

/// Returns the stream in this encoding.
pub fn encode(
    stream: impl Stream<Item = Bytes>,
    encoding: ContentEncoding,
) -> impl Stream<Item = io::Result<Bytes>> {
    async_stream::try_stream! {
        let mut encoder = Encoder::new(encoding)?;
        for await chunk in stream {
            // A short chunk is a heartbeat or the rows of a slow query, which the client needs now.
            let flush = chunk.len() < CHUNK_BYTES;
            let encoded = encoder.push(chunk, flush)?;
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

    fn push(&mut self, chunk: Bytes, flush: bool) -> io::Result<Bytes> {
        fn through<W: Write>(writer: &mut W, chunk: &[u8], flush: bool) -> io::Result<()> {
            writer.write_all(chunk)?;
            if flush { writer.flush() } else { Ok(()) }
        }
        let encoded = match self {
            Self::Identity => return Ok(chunk),
            Self::Zstd(encoder) => {
                through(encoder, &chunk, flush)?;
                std::mem::take(encoder.get_mut())
            }
            Self::Gzip(encoder) => {
                through(encoder, &chunk, flush)?;
                std::mem::take(encoder.get_mut())
            }
            Self::Brotli(encoder) => {
                through(encoder, &chunk, flush)?;
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
