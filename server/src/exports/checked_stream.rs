//! A file that is compared with its recorded hash while it is sent.

use std::io;

use async_stream::try_stream;
use bytes::Bytes;
use futures_util::Stream;

use crate::storage::hashing::FileHash;

/// Returns the same chunks. The last one follows only if all of them have the recorded SHA-256, so that nobody takes a file that has
/// changed for the one that was stored.
pub fn checked(
    chunks: impl Stream<Item = io::Result<Bytes>> + Send,
    sha256: String,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    try_stream! {
        let (mut hash, mut last) = (FileHash::default(), None);
        for await chunk in chunks {
            let chunk = chunk?;
            hash.update(&chunk);
            if let Some(chunk) = last.replace(chunk) {
                yield chunk;
            }
        }
        let found = hash.finish();
        if found != sha256 {
            let problem = format!("the stored file has changed: its SHA-256 is {found} instead of {sha256}");
            tracing::error!("{problem}");
            Err(io::Error::other(problem))?;
        }
        if let Some(last) = last {
            yield last;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::hex::to_hex;

    #[tokio::test]
    async fn the_last_chunk_of_a_changed_file_is_withheld() {
        let recorded = to_hex(&Sha256::digest(b"abc"));
        for (chunks, expected) in [
            (&["a", "b", "c"][..], Some("abc")),
            (&["abc"], Some("abc")),
            (&["a", "b", "d"], None),
            (&["a", "b"], None),
            (&[], None),
        ] {
            let chunks = chunks
                .iter()
                .map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())));
            let sent: Vec<_> = checked(stream::iter(chunks), recorded.clone()).collect().await;
            let whole: io::Result<Vec<Bytes>> = sent.into_iter().collect();
            let whole = whole.ok().map(|chunks| chunks.concat());
            assert_eq!(whole.as_deref(), expected.map(str::as_bytes));
        }
    }
}
