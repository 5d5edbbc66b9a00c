//! Writes to the file that the user picked in "Save as".

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileSystemFileHandle, FileSystemWritableFileStream};

use super::SinkError;
use crate::browser::method::call;

/// Writes beside the picked file. The browser moves the bytes into it when the stream is closed.
pub struct FileHandleSink {
    handle: FileSystemFileHandle,
    stream: FileSystemWritableFileStream,
}

impl FileHandleSink {
    pub(super) async fn create(handle: FileSystemFileHandle) -> Result<Self, SinkError> {
        let stream = call(&handle, "createWritable").await?;
        Ok(Self {
            handle,
            stream: stream.unchecked_into(),
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        // A copy, because the browser reads it later, when wasm memory may have moved.
        let written = self.stream.write_with_buffer_source(&Uint8Array::from(bytes))?;
        JsFuture::from(written).await?;
        Ok(())
    }

    pub(super) async fn finish(self) -> Result<File, SinkError> {
        match JsFuture::from(self.stream.close()).await {
            Ok(_) => Ok(JsFuture::from(self.handle.get_file()).await?.unchecked_into()),
            Err(error) => {
                let _ = remove_if_empty(&self.handle).await;
                Err(error.into())
            }
        }
    }

    pub(super) async fn discard(self) {
        // Both may fail when the disk is gone, and there is no other remedy.
        let _ = JsFuture::from(self.stream.abort()).await;
        let _ = remove_if_empty(&self.handle).await;
    }
}

/// Removes the empty file that the picker made, or that it emptied.
async fn remove_if_empty(handle: &FileSystemFileHandle) -> Result<(), JsValue> {
    let file: File = JsFuture::from(handle.get_file()).await?.unchecked_into();
    if file.size() == 0.0 {
        call(handle, "remove").await?;
    }
    Ok(())
}
