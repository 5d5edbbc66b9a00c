//! The decrypted content of a file as a stream.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::encryption::{Accept, DecryptionError, Encryption};

/// The content of one chunk of the age format.
const CHUNK_BYTES: usize = 64 * 1024;

/// Chunks that are decrypted before the reader takes them.
const CHUNKS: usize = 2;

/// Returns the decrypted content of `stored`. An error of the stream means that the file is damaged or its storage failed; what
/// came before is authentic. With a passphrase, the beginning takes a second of processor time and 256 MB of memory.
///
/// # Errors
/// [`DecryptionError`].
pub async fn decrypt(
    stored: impl Read + Send + 'static,
    encryption: Arc<Encryption>,
    accept: Accept,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send, DecryptionError> {
    let (opened, is_open) = oneshot::channel();
    let (sender, mut receiver) = mpsc::channel(CHUNKS);
    spawn_blocking(move || {
        let mut content = match encryption.read(stored, accept) {
            Ok(content) => content,
            Err(error) => return drop(opened.send(Err(error))),
        };
        // Nobody listens any more if the reader has gone.
        if opened.send(Ok(())).is_err() {
            return;
        }
        loop {
            let mut chunk = vec![0; CHUNK_BYTES];
            let read = content.read(&mut chunk).map(|read| {
                chunk.truncate(read);
                Bytes::from(chunk)
            });
            let is_last = read.as_ref().map_or(true, Bytes::is_empty);
            if read.as_ref().is_ok_and(Bytes::is_empty) || sender.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    is_open
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the decryption ended").into()))?;
    Ok(stream::poll_fn(move |context| receiver.poll_recv(context)))
}
