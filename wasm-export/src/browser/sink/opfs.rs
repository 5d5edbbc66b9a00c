//! The browser's own disk: files that the user does not see, written straight from wasm memory.

use std::time::Duration;

use js_sys::{AsyncIterator, Date, IteratorNext, Math, Object, Reflect, global};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemSyncAccessHandle,
};

use super::{SinkError, call};

/// All files of exports, finished or not, and nothing else.
const FOLDER: &str = "decant-exports";

/// How long a file is kept after its last byte. A download reads it only after the export has finished: at
/// 20 MB/s ten minutes are 12 GB.
pub const KEPT: Duration = Duration::from_secs(10 * 60);

/// A file of its own in the browser's folder of exports. While it grows it is locked.
pub struct OpfsSink {
    name: String,
    folder: FileSystemDirectoryHandle,
    handle: FileSystemFileHandle,
    access: FileSystemSyncAccessHandle,
}

impl OpfsSink {
    /// A new, empty file.
    ///
    /// # Errors
    /// The browser has no disk of its own for this page, or this is no worker.
    pub async fn create() -> Result<Self, SinkError> {
        let folder = folder().await?;
        let name = format!("{:.0}-{:.0}", Date::now(), Math::random() * 1e15);
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let handle = JsFuture::from(folder.get_file_handle_with_options(&name, &options)).await?;
        let access = call(&handle, "createSyncAccessHandle").await?;
        Ok(Self {
            name,
            folder,
            handle: handle.unchecked_into(),
            access: access.unchecked_into(),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        // Without an offset the bytes go where the last ones ended. Not `<`: in a private window of Chromium a full
        // disk is no exception but a number of bytes written that is larger than any.
        let written = self.access.write_with_u8_array(bytes)?;
        if written == bytes.len() as f64 {
            Ok(())
        } else {
            Err(SinkError::Full)
        }
    }

    pub(super) async fn finish(self) -> Result<Blob, SinkError> {
        let flushed = self.access.flush();
        self.access.close();
        match flushed {
            Ok(()) => Ok(JsFuture::from(self.handle.get_file()).await?.unchecked_into()),
            Err(error) => {
                self.remove().await;
                Err(error.into())
            }
        }
    }

    pub(super) async fn discard(self) {
        self.access.close();
        self.remove().await;
    }

    async fn remove(&self) {
        // What cannot be removed now will be swept.
        let _ = JsFuture::from(self.folder.remove_entry(&self.name)).await;
    }
}

/// Removes the files of exports that nobody needs any more: those of closed pages, and those downloaded some
/// minutes ago. Files that still grow are locked, in whichever window, and stay.
pub async fn sweep() {
    // A browser without a disk of its own has nothing to sweep; anything else the next sweep will find.
    let _ = sweep_folder().await;
}

async fn sweep_folder() -> Result<(), JsValue> {
    let folder = folder().await?;
    let files: AsyncIterator = folder.values();
    let kept_since_ms = Date::now() - KEPT.as_secs_f64() * 1_000.0;
    loop {
        let next: IteratorNext = JsFuture::from(files.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(());
        }
        let handle: FileSystemFileHandle = next.value().unchecked_into();
        let is_old = match JsFuture::from(handle.get_file()).await {
            Ok(file) => file.unchecked_into::<File>().last_modified() < kept_since_ms,
            Err(_) => false,
        };
        if is_old {
            let _ = JsFuture::from(folder.remove_entry(&handle.name())).await;
        }
    }
}

async fn folder() -> Result<FileSystemDirectoryHandle, JsValue> {
    // By name: `navigator.storage` is missing where the address has no https, and Safari and Firefox came later.
    let navigator = Reflect::get(&global(), &JsValue::from_str("navigator"))?;
    let storage = Reflect::get(&navigator, &JsValue::from_str("storage"))?.dyn_into::<Object>()?;
    let root: FileSystemDirectoryHandle = call(&storage, "getDirectory").await?.unchecked_into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(root.get_directory_handle_with_options(FOLDER, &options)).await?;
    Ok(folder.unchecked_into())
}
